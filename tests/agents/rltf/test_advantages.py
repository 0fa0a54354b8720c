import numpy as np

from agents.rltf.advantages import (
    best_rewards,
    difficulty_weighted_pass_rates,
    group_deviation,
    group_mean_baseline,
    leave_one_out_baseline,
)

REWARDS = np.array([1.0, 0.0, 0.5, 2.0, 4.0])
GROUPS = ["a", "a", "a", "b", "b"]


def test_leave_one_out_by_hand() -> None:
    np.testing.assert_allclose(leave_one_out_baseline(REWARDS, GROUPS), [0.25, 0.75, 0.5, 4.0, 2.0])


def test_leave_one_out_advantages_are_scaled_group_advantages() -> None:
    # r - mean of the others = n / (n - 1) * (r - mean of all)
    advantage = REWARDS - leave_one_out_baseline(REWARDS, GROUPS)
    centred = REWARDS - group_mean_baseline(REWARDS, GROUPS)
    np.testing.assert_allclose(advantage, centred * [1.5, 1.5, 1.5, 2, 2])


def test_a_lone_completion_is_held_against_the_batch() -> None:
    np.testing.assert_allclose(leave_one_out_baseline(np.array([1.0, 2.0, 6.0]), ["a", "b", "c"]), [4.0, 3.5, 1.5])
    np.testing.assert_allclose(leave_one_out_baseline(np.array([1.0]), ["a"]), [0.0])


def test_infrastructure_failures_change_no_baseline() -> None:
    rewards = np.append(REWARDS, np.nan)
    for baseline in (leave_one_out_baseline, group_mean_baseline, group_deviation):
        np.testing.assert_allclose(baseline(rewards, [*GROUPS, "a"])[:5], baseline(REWARDS, GROUPS))
        assert np.isfinite(baseline(np.array([np.nan]), ["a"])).all()


def test_group_statistics_by_hand() -> None:
    np.testing.assert_allclose(group_mean_baseline(REWARDS, GROUPS), [0.5, 0.5, 0.5, 3.0, 3.0])
    np.testing.assert_allclose(group_deviation(REWARDS, GROUPS), [0.5, 0.5, 0.5, np.sqrt(2), np.sqrt(2)])
    np.testing.assert_allclose(group_deviation(np.array([1.0, 3.0, 3.0]), ["a", "b", "b"]), [0, 0, 0])


def test_historical_best_by_hand() -> None:
    history = {"a": 0.5, "c": 1.0}
    best = best_rewards(history, ["a", "b", "b", "c", "d"], np.array([0.2, -0.6, -0.3, 1.5, np.nan]))
    assert best == {"a": 0.5, "b": -0.3, "c": 1.5}
    assert history == {"a": 0.5, "c": 1.0}


def test_hard_tests_weigh_more() -> None:
    # group a: test 0 passed by all (weight 0), test 1 failed by 1 of 3, test 2 by 2 of 3: weights 0, 1/3, 2/3
    passed = [[True, True, True], [True, True, False], [True, False, False], [], [True, True]]
    rates = difficulty_weighted_pass_rates(passed, ["a", "a", "a", "b", "c"])
    np.testing.assert_allclose(rates, [1.0, 1 / 3, 0.0, 0.0, 1.0])
