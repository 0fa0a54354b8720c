"""How much cheaper programs have become, on the problems that were solved before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from agents.bootstrap import Interval, bootstrap_mean

CHEAPER = 0.9
"""A program counts as cheaper at this share of the cost, or below: at least 10 % are saved."""


@dataclass(frozen=True, kw_only=True)
class Efficiency:
    """Costs after, held against costs before; the median of the passing programs stands for a problem."""

    problems: int
    """Solved in both runs, so that there is a cost to compare."""
    speed_up: Interval
    """Geometric mean over problems of cost before / cost after: 1.25 is a quarter more work in the same time."""
    share_cheaper: Interval
    """Share of the problems where at least 10 % are saved."""

    @classmethod
    def of(cls, before: ArrayLike, after: ArrayLike, seed: int = 0) -> Self | None:
        """Compares costs.

        Args:
            before: float[P], one cost a problem, above zero.
            after: float[P], likewise, of the same problems.
            seed: Of the bootstrap.

        Returns:
            The comparison; None without problems.
        """
        old, new = np.asarray(before, np.float64), np.asarray(after, np.float64)
        if old.size == 0:
            return None
        logs = bootstrap_mean(np.log(old / new), seed=seed)
        speed_up = Interval(*(float(np.exp(value)) for value in (logs.estimate, logs.low, logs.high)))
        return cls(problems=old.size, speed_up=speed_up, share_cheaper=bootstrap_mean(new <= CHEAPER * old, seed=seed))

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain data."""
        intervals: Mapping[str, Interval] = {"speed_up": self.speed_up, "share_cheaper": self.share_cheaper}
        return {"problems": self.problems, **{name: vars(interval) for name, interval in intervals.items()}}
