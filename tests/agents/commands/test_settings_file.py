from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairing import PairRules
from agents.codedpo.data.pairs import PairKind
from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.codedpo.focus import Focus
from agents.commands.settings_file import overlaid, read_values, write_settings
from agents.commands.train_codedpo import TrainCodeDPO
from agents.policy.tuning import Tuning
from agents.scoring.ranking import Ranking
from codegym.errors import DataError, InvalidSettingError, UnknownNameError

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "data_dir": Path("data"),
            "workers": 3,
            "config": CodeDPOConfig(focus=Focus.TARGET, beta=0.3),
            "rules": PairRules(ranking=Ranking.COUNT, kinds=(PairKind.EFFICIENCY,)),
            "sampling": SamplingSettings(programs=4),
            "tuning": Tuning(lora_rank=2, lora_targets=("q_proj",)),
        },
    ],
)
def test_a_command_comes_back_as_it_was(tmp_path: Path, changes: dict[str, object]) -> None:
    command = replace(TrainCodeDPO(), **changes)  # type: ignore[arg-type]
    write_settings(tmp_path / "run" / "settings.json", command)
    assert overlaid(TrainCodeDPO(), read_values(tmp_path / "run" / "settings.json")) == command


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read the settings"):
        read_values(tmp_path / "settings.json")
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(DataError, match="cannot read the settings"):
        read_values(tmp_path / "settings.json")


def test_what_is_not_named_stays_as_it_is() -> None:
    before = TrainCodeDPO(seed=9, config=CodeDPOConfig(epochs=1.0))
    values = {"model": "nano", "config": {"beta": 0.3}}
    assert overlaid(before, values) == TrainCodeDPO(model="nano", seed=9, config=CodeDPOConfig(beta=0.3, epochs=1.0))


def test_what_is_about_one_call_is_not_written(tmp_path: Path) -> None:
    write_settings(tmp_path / "settings.json", TrainCodeDPO(resume=True, json=True, until="pairs"))
    assert overlaid(TrainCodeDPO(), read_values(tmp_path / "settings.json")) == TrainCodeDPO()


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ('{"modle": "tiny"}', UnknownNameError, "model"),
        ('{"config": {"beat": 1}}', UnknownNameError, "beta"),
        ('{"config": {"beta": 0}}', InvalidSettingError, "above 0"),
    ],
)
def test_a_misspelt_setting_is_named(text: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        overlaid(TrainCodeDPO(), json.loads(text))


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("codedpo_*.json")), ids=lambda file: file.stem)
def test_the_files_in_configs_are_good(file: Path) -> None:
    assert overlaid(TrainCodeDPO(), read_values(file)).config != CodeDPOConfig()
