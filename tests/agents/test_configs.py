"""The configuration files that are handed out: every one can be read, and means what the documentation says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from agents import cli
from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairing import PairRules
from agents.commands.train_rltf import TrainRLTF
from agents.rltf import RLTFConfig
from envs_registry.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "configs").glob("rltf_*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_can_be_read(file: Path) -> None:
    command = cast(TrainRLTF, cli.parse("train rltf", ["--settings", str(file)]))
    assert command.split in CATALOGUE[command.suite].splits
    assert command.completions > command.config.collection
    if command.paper:
        paper, ours = RLTFConfig.paper(), command.config
        assert RLTFConfig.paper(micro_batch_size=ours.micro_batch_size) == ours  # which changes no gradient
        assert paper.learning_rate == ours.learning_rate == 2e-6


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
