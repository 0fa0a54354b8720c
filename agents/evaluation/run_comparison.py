"""Two runs on the same problems, compared problem by problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.evaluation.bootstrap import Interval, bootstrap_mean
from agents.evaluation.efficiency import CostRatios, Efficiency
from agents.evaluation.evaluation import Evaluation, ProblemResult
from codegym.errors import InvalidSettingError

_RESAMPLES = 9999


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """What changed from one evaluation to another of the same suite."""

    suite: str
    keys: tuple[str, str]
    """Which two evaluations these are: :attr:`Evaluation.key` of the first and of the second."""
    problems: int
    """Judged in both runs; only they are compared."""
    unpaired: tuple[str, ...]
    """Judged in one of the runs only."""
    before: Interval
    """First run's pass@1 on the compared problems."""
    after: Interval
    difference: Interval
    """Change of pass@1, with an interval over problems: both runs meet the same problems in every resample."""
    won: tuple[str, ...]
    """Problems of which a larger share of the programs passes."""
    lost: tuple[str, ...]
    p_permutation: float
    """Two-sided: how often signs drawn by lot would give the problems so large a mean difference."""
    p_sign: float
    """Two-sided exact sign test on won and lost; for one program a problem it is McNemar's exact test."""
    kinds: Mapping[str, tuple[float, float]]
    """Share of all programs that ended in each kind of error, before and after; ``"none"`` passed."""
    efficiency: Efficiency | None
    """What programs cost that solve the same problems; None where nobody has measured them beside each other."""

    def __str__(self) -> str:
        return (
            f"{self.suite}: {100 * self.difference.estimate:+.1f} points "
            f"[{100 * self.difference.low:+.1f}, {100 * self.difference.high:+.1f}] over {self.problems} problems, "
            f"{len(self.won)} won, {len(self.lost)} lost, p = {self.p_permutation:.3g}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain, JSON-safe data."""
        intervals = {name: vars(getattr(self, name)) for name in ("before", "after", "difference")}
        efficiency = None if self.efficiency is None else self.efficiency.to_dict()
        lists = {name: list(getattr(self, name)) for name in ("keys", "won", "lost", "unpaired")}
        kinds = {name: list(shares) for name, shares in self.kinds.items()}
        return {**vars(self), **intervals, **lists, "kinds": kinds, "efficiency": efficiency}


def compare(before: Evaluation, after: Evaluation, seed: int = 0, costs: Sequence[CostRatios] = ()) -> RunComparison:
    """Compares two evaluations of the same suite.

    Args:
        before: The run to compare with.
        after: The run to compare.
        seed: Seed of the bootstrap and the permutations.
        costs: Cost ratios of the problems that both solved: see :class:`agents.evaluation.efficiency.SideBySide`.

    Raises:
        InvalidSettingError: If the runs have no problem in common.
    """
    old, new = ({problem.task_id: problem for problem in run.problems} for run in (before, after))
    shared = [task_id for task_id in new if task_id in old]
    if before.suite != after.suite or not shared:
        raise InvalidSettingError(
            f"only runs on the same problems can be compared: one has {before.suite!r} ({len(old)} problems), the "
            f"other {after.suite!r} ({len(new)} problems), and {len(shared)} have the same name."
        )
    pairs = [(old[task_id], new[task_id]) for task_id in shared]
    # Shares and not counts: the two runs may have drawn different numbers of programs.
    rates = np.array([[problem.passed / problem.judged for problem in pair] for pair in pairs])
    change = rates[:, 1] - rates[:, 0]
    won = tuple(task_id for task_id, gain in zip(shared, change, strict=True) if gain > 0)
    lost = tuple(task_id for task_id, gain in zip(shared, change, strict=True) if gain < 0)
    return RunComparison(
        suite=after.suite,
        keys=(before.key, after.key),
        problems=len(shared),
        unpaired=tuple(sorted(set(old) ^ set(new))),
        before=bootstrap_mean(rates[:, 0], seed=seed),
        after=bootstrap_mean(rates[:, 1], seed=seed),
        difference=bootstrap_mean(change, seed=seed),
        won=won,
        lost=lost,
        p_permutation=permutation_p(change, seed),
        p_sign=sign_p(len(won), len(lost)),
        kinds=_kind_shares([b for b, _ in pairs], [a for _, a in pairs]),
        efficiency=Efficiency.of(costs, seed),
    )


def permutation_p(change: NDArray[np.float64], seed: int = 0) -> float:
    """Two-sided paired permutation test of the mean change: under the null hypothesis each sign is a coin's.

    Args:
        change: float[P], one difference a problem.
        seed: Seed of the permutations, where there are too many assignments of signs to try them all.
    """
    from scipy.stats import permutation_test

    if len(change) < 2 or not change.any():
        return 1.0  # a single sign says nothing: both are as likely
    # SciPy tries all signs where there are few problems, and draws them elsewhere.
    result = permutation_test(
        (change,),
        lambda values, axis: values.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=max(1, 1_000_000 // len(change)),
        random_state=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def sign_p(won: int, lost: int) -> float:
    """Two-sided exact sign test: the chance of so uneven a split of won and lost if either is as likely."""
    from scipy.stats import binomtest

    return float(binomtest(won, won + lost, 0.5).pvalue) if won + lost else 1.0


def _kind_shares(before: Sequence[ProblemResult], after: Sequence[ProblemResult]) -> dict[str, tuple[float, float]]:
    shares = [_shares(problems) for problems in (before, after)]
    # The most frequent kind of the earlier run first: changes are read from there.
    names = sorted({*shares[0], *shares[1]}, key=lambda name: (-shares[0].get(name, 0.0), name))
    return {name: (shares[0].get(name, 0.0), shares[1].get(name, 0.0)) for name in names}


def _shares(problems: Iterable[ProblemResult]) -> dict[str, float]:
    counts: dict[str, int] = {}
    for problem in problems:
        for kind, count in problem.kinds.items():
            counts[kind] = counts.get(kind, 0) + count
    total = max(sum(counts.values()), 1)
    return {kind: count / total for kind, count in counts.items()}
