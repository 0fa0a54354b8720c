"""The configuration files that are handed out: every one can be read, and means what the documentation says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.pairing import PairRules
from agents.commands.train import TrainRLTF
from agents.rltf import RLTFConfig
from agents.tuning import Tuning
from codegym.errors import DataError, InvalidSettingError, UnknownNameError
from envs_registry.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "configs").glob("rltf_*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_can_be_read(file: Path) -> None:
    command = TrainRLTF(settings=file).complete()
    assert command.split in CATALOGUE[command.suite].splits
    assert command.completions > command._settings().collection
    if command.paper:
        paper, ours = RLTFConfig.paper(), command._settings()
        assert RLTFConfig.paper(micro_batch_size=ours.micro_batch_size) == ours  # which changes no gradient
        assert paper.learning_rate == ours.learning_rate == 2e-6


def test_what_is_given_goes_on_top(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"suite": "mbpp", "seed": 5, "config": {"top_p": 0.9}, "tuning": {"lora_rank": 4}}))
    given = TrainRLTF(settings=file, seed=7, config=RLTFConfig(temperature=0.8)).complete()
    assert (given.suite, given.seed, given.tuning) == ("mbpp", 7, Tuning(lora_rank=4))
    assert given.config == RLTFConfig(top_p=0.9, temperature=0.8)


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("{", DataError, "cannot be read"),
        ('{"sute": "mbpp"}', UnknownNameError, "suite"),
        ('{"config": {"top_q": 1}}', UnknownNameError, "top_p"),
        ('{"config": {"top_p": 2}}', InvalidSettingError, "top_p"),
    ],
)
def test_mistakes_are_named(text: str, error: type[Exception], match: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text)
    with pytest.raises(error, match=match):
        TrainRLTF(settings=file).complete()


def compared(name: str) -> dict[str, Any]:
    """What a study compares; its tables name configurations that it has."""
    study: dict[str, Any] = json.loads((ROOT / "benchmarks" / "configs" / f"{name}.json").read_text())
    names = [configuration["name"] for configuration in study["configurations"]]
    assert len(set(names)) == len(names) <= 12
    for table in study["tables"]:
        assert {table["reference"], *table["rows"]} <= set(names)
    assert set(names) == {name for table in study["tables"] for name in table["rows"]}
    return study


def test_the_ablation_names_settings_that_exist() -> None:
    study = compared("rltf_ablation")
    for configuration in study["configurations"]:
        RLTFConfig.of({**study["bases"][configuration["base"]], **configuration["settings"]})


def test_the_study_of_codedpo_names_settings_that_exist() -> None:
    study = compared("codedpo_study")
    RLTFConfig.of(study["rltf"])
    for configuration in study["configurations"]:
        CodeDPOConfig.of({**study["base"], **configuration.get("settings", {})})
        PairRules(**configuration.get("rules", {}))
