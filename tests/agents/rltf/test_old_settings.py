"""Settings of earlier versions: read as what they meant, or refused with what to take instead."""

from __future__ import annotations

from typing import Any

import pytest

from agents.rltf.config import RLTFConfig
from codegym.errors import InvalidSettingError

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
