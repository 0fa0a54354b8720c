"""How much cheaper programs have become, on the problems that were solved before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from agents.evaluation.bootstrap import Interval, bootstrap_mean
from agents.scoring.costs import FloatArray

CHEAPER = 0.9
"""A program counts as cheaper at this share of the cost, or below: at least 10 % are saved."""
LEVEL = 0.01
"""Significance level of the one-sided exact sign test on the rounds: a saving that noise often shows is none."""


@dataclass(frozen=True, eq=False)
class CostRatios:
    """A problem's programs before, compared with those after."""

    rounds: FloatArray
    """float[R], cost before / cost after: in a round all ran right after each other, and what slowed one slowed all."""

    @property
    def speed_up(self) -> float:
        """The median over rounds."""
        return float(np.median(self.rounds))

    @property
    def is_cheaper(self) -> bool:
        """Whether at least 10 % are saved, and not by chance: of seven rounds, that all say so."""
        from scipy.stats import binomtest

        cheaper = int(np.sum(self.rounds > 1.0))
        p_value = float(binomtest(cheaper, len(self.rounds), 0.5, alternative="greater").pvalue)
        return self.speed_up >= 1.0 / CHEAPER and p_value <= LEVEL


@dataclass(frozen=True, kw_only=True)
class Efficiency:
    """Costs after, compared with costs before."""

    problems: int
    """Solved in both runs and measured."""
    speed_up: Interval
    """Geometric mean over problems of cost before / cost after: 1.25 is a quarter more work in the same time."""
    share_cheaper: Interval
    """Share of the problems where at least 10 % are saved, and not by chance."""

    @classmethod
    def of(cls, costs: Sequence[CostRatios], seed: int = 0) -> Self | None:
        """Sums up problems.

        Args:
            costs: Cost ratios of each problem.
            seed: Seed of the bootstrap.

        Returns:
            The comparison; None without problems.
        """
        if not costs:
            return None
        logs = bootstrap_mean(np.log([one.speed_up for one in costs]), seed=seed)
        speed_up = Interval(*(float(np.exp(value)) for value in (logs.estimate, logs.low, logs.high)))
        cheaper = bootstrap_mean([one.is_cheaper for one in costs], seed=seed)
        return cls(problems=len(costs), speed_up=speed_up, share_cheaper=cheaper)

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain data."""
        intervals: Mapping[str, Interval] = {"speed_up": self.speed_up, "share_cheaper": self.share_cheaper}
        return {"problems": self.problems, **{name: vars(interval) for name, interval in intervals.items()}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes it from :meth:`to_dict`'s data."""
        speed_up, share_cheaper = (Interval(**values[name]) for name in ("speed_up", "share_cheaper"))
        return cls(problems=values["problems"], speed_up=speed_up, share_cheaper=share_cheaper)
