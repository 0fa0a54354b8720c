"""RLTF's settings: the defaults that the study found best, the paper's, and those of earlier versions."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict, fields
from typing import Any

import pytest

from agents.rltf.config import LossSettings, ReplaySettings, RLTFConfig
from agents.training.settings import LearnerConfig
from codegym.errors import InvalidSettingError, UnknownNameError

OLD_DEFAULT: dict[str, Any] = {
    "learning_rate": 1e-4,
    "gain_factor": 1.0,
    "problems_per_step": 8,
    "curriculum": False,
    "samples_per_problem": 8,
    "batch_size": 0,
    "micro_batch_size": 16,
    "temperature": 1.0,
    "top_p": 1.0,
    "feedback": ["coarse", "fine", "adaptive"],
    "fine_credit": "conserving",
    "baseline": "leave_one_out",
    "normalization": "token",
    "masked": [],
    "buffer_size": 0,
    "refresh_every": 1,
    "max_staleness": 0,
    "supervised_share": 0.0,
    "clip_range": 0.2,
    "kl_coefficient": 0.0,
}
"""All settings as the first version wrote them into checkpoints."""


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


# ---- settings of earlier versions


def test_the_old_default_is_read_as_what_it_was() -> None:
    assert RLTFConfig.of(OLD_DEFAULT) == RLTFConfig(advantage="rloo", fine_credit="conserving")


def test_the_old_paper_is_read_as_the_paper() -> None:
    old = {
        **OLD_DEFAULT,
        "learning_rate": 2e-6,
        "problems_per_step": 16,
        "samples_per_problem": 20,
        "batch_size": 32,
        "micro_batch_size": 32,
        "top_p": 0.95,
        "fine_credit": "line",
        "baseline": "historical_best",
        "normalization": "sum",
        "buffer_size": 6400,
        "refresh_every": 50,
        "supervised_share": 0.5,
        "clip_range": None,
    }
    assert RLTFConfig.of(old) == RLTFConfig.paper()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"baseline": "group_normalized", "feedback": ["coarse", "adaptive"], "fine_credit": "span"}, {}),
        ({"feedback": ["coarse", "fine"]}, {"feedback": ("coarse",)}),
        (
            {"baseline": "none", "feedback": ["coarse"], "fine_credit": "line"},
            {"advantage": "none", "feedback": ("coarse",)},
        ),
        ({"masked": ["truncated"]}, {"mask_truncated": True}),
        ({"clip_range": None}, {"policy_loss": "reinforce"}),
        ({"curriculum": False}, {}),
    ],
)
def test_old_values_are_translated(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert RLTFConfig.of(old) == RLTFConfig.of(new)


@pytest.mark.parametrize(
    ("old", "words"),
    [
        ({"curriculum": True}, "no setting 'curriculum' any more"),
        ({"masked": ["unexecuted"]}, "leave it out"),
        ({"feedback": ["coarse", "weighted_adaptive"]}, "take 'adaptive'"),
        ({"feedback": ["coarse", "fine"], "fine_credit": "soft"}, "take 'none', 'line'"),
    ],
)
def test_what_was_removed_is_refused_with_what_to_take_instead(old: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        RLTFConfig.of(old)
    assert words in str(caught.value)
