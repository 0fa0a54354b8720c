from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.focus import Focus
from agents.codedpo.pairing import PairRules
from agents.codedpo.pairs import PairKind
from agents.codedpo.ranking import Ranking
from agents.codedpo.sampling import SamplingSettings
from agents.commands.settings_file import read_settings, write_settings
from agents.commands.train_codedpo import TrainCodeDPO
from agents.tuning import Tuning
from codegym.errors import DataError


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
    assert read_settings(tmp_path / "run" / "settings.json", TrainCodeDPO) == command


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read the run's settings"):
        read_settings(tmp_path / "settings.json", TrainCodeDPO)
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(DataError, match="cannot read the run's settings"):
        read_settings(tmp_path / "settings.json", TrainCodeDPO)
