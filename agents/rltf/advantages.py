"""Baselines: what a reward is held against. Pure functions of arrays over B completions; NaN rewards are absent ones.

A group is the set of completions of one problem at one turn, written by one version of the policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from codegym.rewards import difficulty_weights

Floats = NDArray[np.float64]


def leave_one_out_baseline(rewards: Floats, groups: Sequence[object]) -> Floats:
    """The mean reward of the *other* completions of the group (RLOO): unbiased, and of the same policy version.

    A completion alone in its group is held against the others of the whole batch; alone in the batch, against 0.

    Args:
        rewards: float64[B], NaN where a reward is absent.
        groups: B hashable names.

    Returns:
        float64[B], finite.
    """
    present = ~np.isnan(rewards)
    values = np.where(present, rewards, 0.0)
    index = _index(groups)
    counts = np.bincount(index, weights=present)[index] - present
    sums = np.bincount(index, weights=values)[index] - values
    alone = counts == 0
    counts = np.where(alone, present.sum() - present, counts)
    sums = np.where(alone, values.sum() - values, sums)
    return sums / np.maximum(counts, 1)


def group_mean_baseline(rewards: Floats, groups: Sequence[object]) -> Floats:
    """The mean reward of the group, the completion itself included (GRPO's centre).

    Args:
        rewards: float64[B], NaN where a reward is absent.
        groups: B hashable names.

    Returns:
        float64[B]; 0 for a group without any reward.
    """
    present = ~np.isnan(rewards)
    index = _index(groups)
    counts = np.bincount(index, weights=present)
    sums = np.bincount(index, weights=np.where(present, rewards, 0.0))
    return np.asarray((sums / np.maximum(counts, 1))[index], dtype=np.float64)


def group_deviation(rewards: Floats, groups: Sequence[object]) -> Floats:
    """The standard deviation of the group's rewards (GRPO divides by it), with n - 1 in the denominator.

    Args:
        rewards: float64[B], NaN where a reward is absent.
        groups: B hashable names.

    Returns:
        float64[B]; 0 for groups of fewer than two rewards.
    """
    present = ~np.isnan(rewards)
    index = _index(groups)
    counts = np.bincount(index, weights=present)
    squares = np.where(present, (rewards - group_mean_baseline(rewards, groups)) ** 2, 0.0)
    variance = np.bincount(index, weights=squares) / np.maximum(counts - 1, 1)
    return np.asarray(np.sqrt(variance)[index], dtype=np.float64)


def best_rewards(history: Mapping[str, float], task_ids: Iterable[str], rewards: Floats) -> dict[str, float]:
    """The best reward that each task has seen, these included (the paper's baseline: the historical best for that D).

    Args:
        history: Best rewards so far.
        task_ids: B tasks.
        rewards: float64[B], NaN where a reward is absent.

    Returns:
        A new mapping; ``history`` is not changed.
    """
    best = dict(history)
    for task_id, reward in zip(task_ids, rewards, strict=True):
        if not np.isnan(reward):
            best[task_id] = max(float(reward), best.get(task_id, -np.inf))
    return best


def difficulty_weighted_pass_rates(passed: Sequence[Sequence[bool]], groups: Sequence[object]) -> Floats:
    """Pass rates in which a test counts by how many of the group failed it (after VeRPO, arXiv 2601.03525).

    Easy tests, which nearly everything passes, otherwise dominate the rate and drown the ones that matter. A test
    that the whole group passed weighs nothing, unless that holds for all of them: then they weigh the same.

    Args:
        passed: B rows, one flag a test; rows of one group are equally long.
        groups: B hashable names.

    Returns:
        float64[B] in [0, 1]; 1 exactly for rows that pass everything, 0 for rows without tests.
    """
    rates = np.zeros(len(passed))
    members: dict[object, list[int]] = {}
    for row, group in enumerate(groups):
        if len(passed[row]):
            members.setdefault((group, len(passed[row])), []).append(row)
    for rows in members.values():
        table = np.array([passed[row] for row in rows], dtype=np.float64)
        weights = np.array(difficulty_weights([passed[row] for row in rows]))
        rates[rows] = np.where(table.all(axis=1), 1.0, table @ weights)
    return rates


def _index(groups: Sequence[object]) -> NDArray[np.int64]:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64)
