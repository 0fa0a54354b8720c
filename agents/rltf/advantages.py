"""Advantage estimators: what a return is compared with. A new one is a function, a literal and a row of the table.

All are pure functions of arrays over the B completions of a collection; a return of NaN is not known. A group holds
the completions of one problem at one turn, written by one version of the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Advantage = Literal["grpo", "group_mean", "rloo", "greedy", "historical_best", "none"]

# Added to a group's deviation, as in GRPO's implementations: a group that agrees has advantages of 0, not of NaN.
_EPSILON = 1e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class Returns:
    """What the completions of a collection earned, and what an estimator may compare that with."""

    values: Floats
    """float64[B], NaN where the machine failed."""
    groups: Sequence[str]
    """B names; completions of one name are compared with each other."""
    turns: Sequence[int]
    """B turns of episodes, from 0."""
    is_greedy: Sequence[bool]
    """B flags: written without sampling, as something to compare others with."""
    best: Floats
    """float64[B], the best return of the same task and turn in earlier collections; 0 for the first."""


def grpo_advantages(returns: Returns) -> Floats:
    """``(R - mean) / (deviation + epsilon)`` of the group (GRPO, arXiv 2402.03300, section 4.1.2)."""
    deviation = group_deviation(returns.values, returns.groups)
    return np.asarray(group_mean_advantages(returns) / (deviation + _EPSILON))


def group_mean_advantages(returns: Returns) -> Floats:
    """``R - mean`` of the group, without division by its deviation (Dr. GRPO, arXiv 2503.20783)."""
    return returns.values - group_mean(returns.values, returns.groups)


def rloo_advantages(returns: Returns) -> Floats:
    """``R - mean of the group's others`` (RLOO, arXiv 2402.14740); see :func:`leave_one_out_mean`."""
    # A completion alone in its group is compared with others, but only of its turn: returns of earlier turns hold
    # those of later ones.
    turns, groups = np.array(returns.turns), np.array(returns.groups, dtype=object)
    baseline = np.zeros(len(turns))
    for turn in np.unique(turns):
        chosen = turns == turn
        baseline[chosen] = leave_one_out_mean(returns.values[chosen], groups[chosen].tolist())
    return returns.values - baseline


def greedy_advantages(returns: Returns) -> Floats:
    """``R - R of the group's greedy completion`` (ReMax, arXiv 2310.10505); the group's mean where it has none."""
    known = zip(returns.groups, returns.values.tolist(), returns.is_greedy, strict=True)
    greedy = {group: value for group, value, is_greedy in known if is_greedy and not np.isnan(value)}
    means = group_mean(returns.values, returns.groups).tolist()
    baseline = [greedy.get(group, mean) for group, mean in zip(returns.groups, means, strict=True)]
    return returns.values - np.array(baseline, dtype=np.float64)


def historical_best_advantages(returns: Returns) -> Floats:
    """``R - best R of the task in earlier collections`` (RLTF, arXiv 2307.04349)."""
    return returns.values - returns.best


ADVANTAGES: dict[Advantage, Callable[[Returns], Floats]] = {
    "grpo": grpo_advantages,
    "group_mean": group_mean_advantages,
    "rloo": rloo_advantages,
    "greedy": greedy_advantages,
    "historical_best": historical_best_advantages,
    "none": lambda returns: returns.values,
}
"""Each takes a collection's returns and gives float64[B], NaN where a return is not known."""


def leave_one_out_mean(rewards: Floats, groups: Sequence[object]) -> Floats:
    """The mean of the *other* completions of the group: unbiased, and of the same policy version.

    A completion alone in its group is compared with the others of the whole batch; alone in the batch, with 0.

    Args:
        rewards: float64[B], NaN where a reward is not known.
        groups: B hashable names.

    Returns:
        float64[B], finite.
    """
    present = ~np.isnan(rewards)
    values = np.where(present, rewards, 0.0)
    index = _index(groups)
    counts = np.bincount(index, weights=present)[index] - present
    sums = np.bincount(index, weights=values)[index] - values
    # A group of one has no others: without this its advantage would be its whole return.
    alone = counts == 0
    counts = np.where(alone, present.sum() - present, counts)
    sums = np.where(alone, values.sum() - values, sums)
    # A batch of one is compared with 0, and is not a division by zero.
    return sums / np.maximum(counts, 1)


def group_mean(rewards: Floats, groups: Sequence[object]) -> Floats:
    """The mean of the group, the completion itself included.

    Args:
        rewards: float64[B], NaN where a reward is not known.
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
    """The standard deviation of the group, with n - 1 in the denominator.

    Args:
        rewards: float64[B], NaN where a reward is not known.
        groups: B hashable names.

    Returns:
        float64[B]; 0 for groups of fewer than two rewards.
    """
    present = ~np.isnan(rewards)
    index = _index(groups)
    counts = np.bincount(index, weights=present)
    squares = np.where(present, (rewards - group_mean(rewards, groups)) ** 2, 0.0)
    variance = np.bincount(index, weights=squares) / np.maximum(counts - 1, 1)
    return np.asarray(np.sqrt(variance)[index], dtype=np.float64)


def best_rewards(history: Mapping[str, float], task_ids: Iterable[str], rewards: Floats) -> dict[str, float]:
    """The best reward of each task so far, these included.

    Args:
        history: Best rewards before.
        task_ids: Task of each of the B rewards.
        rewards: float64[B], NaN where a reward is not known.

    Returns:
        A new mapping; ``history`` is not changed.
    """
    best = dict(history)
    for task_id, reward in zip(task_ids, rewards, strict=True):
        if not np.isnan(reward):
            best[task_id] = max(float(reward), best.get(task_id, -np.inf))
    return best


def _index(groups: Sequence[object]) -> NDArray[np.int64]:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64)
