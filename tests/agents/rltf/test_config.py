"""RLTF's settings: the defaults that the study found best, and the paper's."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict, fields
from typing import Any

import pytest

from agents.rltf.config import LossSettings, ReplaySettings, RLTFConfig
from agents.training.settings import LearnerConfig
from codegym.errors import InvalidSettingError, UnknownNameError


def test_the_defaults_are_grpo_without_fine_credit() -> None:
    default = RLTFConfig()
    assert (default.advantage, default.fine_credit, default.feedback) == ("grpo", "none", ("coarse", "adaptive"))
    assert (default.loss.policy_loss, default.loss.clip_range, default.loss.normalization) == ("clipped", 0.2, "token")
    assert default.batch == default.capacity == default.collection == 64


def test_the_papers_settings() -> None:
    paper = RLTFConfig.paper()
    assert (paper.learning_rate, paper.temperature, paper.top_p) == (2e-6, 1.0, 0.95)
    assert (paper.problems_per_step, paper.samples_per_problem, paper.batch) == (16, 20, 32)
    assert paper.feedback == ("coarse", "adaptive")
    assert (paper.fine_credit, paper.advantage) == ("line", "historical_best")
    assert paper.replay == ReplaySettings(buffer_size=6400, refresh_every=50, max_staleness=0)
    assert paper.loss == LossSettings(policy_loss="reinforce", normalization="sum", supervised_share=0.5)
    assert (paper.norm_lr_multiplier, paper.max_grad_norm, paper.loss.kl_coefficient) == (1.0, 1.0, 0.0)
    assert RLTFConfig.paper(learning_rate=1e-4).learning_rate == 1e-4
    assert RLTFConfig.of(json.loads(json.dumps(asdict(paper)))) == paper


@pytest.mark.parametrize(
    "change",
    [
        {"top_p": 0},
        {"batch_size": 65},
        {"supervised_share": 1},
        {"clip_range": 0.0},
        {"learning_rate": -1},
        {"refresh_every": -1},
        {"temperature": 0},
    ],
)
def test_settings_are_checked(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError, match=next(iter(change))):
        RLTFConfig.of(change)


@pytest.mark.parametrize("name", ["advantage", "fine_credit", "policy_loss", "normalization"])
def test_unknown_estimators_are_refused(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"{name} 'grop'"):
        RLTFConfig.of({name: "grop"})


@pytest.mark.parametrize("kind", [LearnerConfig, RLTFConfig, LossSettings, ReplaySettings])
def test_every_setting_is_explained(kind: type) -> None:
    source = inspect.getsource(kind)
    for name in (field.name for field in fields(kind) if f"    {field.name}: " in source):
        after = source.split(f"    {name}: ")[1].splitlines()[1]
        assert after.strip().startswith('"""'), f"{name} is not explained"
