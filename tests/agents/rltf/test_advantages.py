"""Advantages against numbers worked out by hand."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from agents.rltf.advantages import (
    ADVANTAGES,
    Advantage,
    Returns,
    best_rewards,
    group_deviation,
    group_mean,
    leave_one_out_mean,
)

REWARDS = np.array([1.0, 0.0, 0.5, 2.0, 4.0])
GROUPS = ["a", "a", "a", "b", "b"]


def test_leave_one_out_by_hand() -> None:
    np.testing.assert_allclose(leave_one_out_mean(REWARDS, GROUPS), [0.25, 0.75, 0.5, 4.0, 2.0])


def test_leave_one_out_advantages_are_scaled_group_advantages() -> None:
    # r - mean of the others = n / (n - 1) * (r - mean of all)
    advantage = REWARDS - leave_one_out_mean(REWARDS, GROUPS)
    centred = REWARDS - group_mean(REWARDS, GROUPS)
    np.testing.assert_allclose(advantage, centred * [1.5, 1.5, 1.5, 2, 2])


def test_a_lone_completion_is_held_against_the_batch() -> None:
    np.testing.assert_allclose(leave_one_out_mean(np.array([1.0, 2.0, 6.0]), ["a", "b", "c"]), [4.0, 3.5, 1.5])
    np.testing.assert_allclose(leave_one_out_mean(np.array([1.0]), ["a"]), [0.0])


def test_infrastructure_failures_change_no_baseline() -> None:
    rewards = np.append(REWARDS, np.nan)
    for baseline in (leave_one_out_mean, group_mean, group_deviation):
        np.testing.assert_allclose(baseline(rewards, [*GROUPS, "a"])[:5], baseline(REWARDS, GROUPS))
        assert np.isfinite(baseline(np.array([np.nan]), ["a"])).all()


def test_group_statistics_by_hand() -> None:
    np.testing.assert_allclose(group_mean(REWARDS, GROUPS), [0.5, 0.5, 0.5, 3.0, 3.0])
    np.testing.assert_allclose(group_deviation(REWARDS, GROUPS), [0.5, 0.5, 0.5, np.sqrt(2), np.sqrt(2)])
    np.testing.assert_allclose(group_deviation(np.array([1.0, 3.0, 3.0]), ["a", "b", "b"]), [0, 0, 0])


def test_historical_best_by_hand() -> None:
    history = {"a": 0.5, "c": 1.0}
    best = best_rewards(history, ["a", "b", "b", "c", "d"], np.array([0.2, -0.6, -0.3, 1.5, np.nan]))
    assert best == {"a": 0.5, "b": -0.3, "c": 1.5}
    assert history == {"a": 0.5, "c": 1.0}


def returns(values: list[float], groups: list[str], **fields: Any) -> Returns:
    number = len(values)
    defaults: dict[str, Any] = {"turns": [0] * number, "is_greedy": [False] * number, "best": np.zeros(number)}
    return Returns(values=np.array(values), groups=groups, **{**defaults, **fields})


def test_every_estimator_has_a_name() -> None:
    assert set(ADVANTAGES) == set(get_args(Advantage))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # group a: mean 0.5, deviation 0.5; group b: mean 3, deviation 2 ** 0.5
        ("grpo", [1, -1, 0, -(2**-0.5), 2**-0.5]),
        ("group_mean", [0.5, -0.5, 0, -1, 1]),
        ("rloo", [0.75, -0.75, 0, -2, 2]),
        ("historical_best", [0.5, -0.5, 0, 2, 4]),
        ("greedy", [0.5, -0.5, 0, -2, 0]),  # group b has a greedy completion, the last one
        ("none", [1, 0, 0.5, 2, 4]),
    ],
)
def test_estimators_by_hand(name: Advantage, expected: list[float]) -> None:
    given = returns(
        REWARDS.tolist(), GROUPS, best=np.array([0.5, 0.5, 0.5, 0, 0]), is_greedy=[False, False, False, False, True]
    )
    np.testing.assert_allclose(ADVANTAGES[name](given), expected, atol=3e-4)


@pytest.mark.parametrize("name", [name for name in get_args(Advantage) if name not in ("historical_best", "none")])
def test_a_group_that_agrees_has_no_advantage(name: Advantage) -> None:
    assert not ADVANTAGES[name](returns([2.0, 2.0, 2.0], ["a", "a", "a"])).any()


@pytest.mark.parametrize("name", get_args(Advantage))
def test_an_unknown_return_stays_unknown_and_changes_no_other(name: Advantage) -> None:
    found = ADVANTAGES[name](returns([1.0, 0.0, np.nan], ["a", "a", "a"]))
    np.testing.assert_array_equal(found[:2], ADVANTAGES[name](returns([1.0, 0.0], ["a", "a"])))
    assert np.isnan(found[2])


def test_who_is_alone_is_compared_within_the_turn() -> None:
    given = returns([1.1, 1.1, 2.0, 2.0], ["0/a", "0/b", "1/a", "1/b"], turns=[0, 0, 1, 1])
    np.testing.assert_allclose(ADVANTAGES["rloo"](given), 0, atol=1e-12)
