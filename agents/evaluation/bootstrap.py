"""Bootstrap intervals: how sure a mean over problems is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

_AT_ONCE = 2_000_000  # random indices drawn at a time: bounds the memory for large suites


@dataclass(frozen=True)
class Interval:
    """An estimate and the bounds of its confidence interval."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.estimate:.1f} % [{100 * self.low:.1f}, {100 * self.high:.1f}]"


def bootstrap_mean(values: ArrayLike, *, level: float = 0.95, resamples: int = 4000, seed: int = 0) -> Interval:
    """The mean of one value a problem, with the percentile interval of means over problems drawn with replacement.

    Args:
        values: float[P], one number a problem.
        level: Coverage of the interval, between 0 and 1.
        resamples: How many times the problems are drawn anew.
        seed: Seed of the resampling; the same values and seed give the same interval.

    Returns:
        The mean and its bounds; all NaN when there is no value.

    Raises:
        ValueError: If ``level`` is not between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"bootstrap_mean needs a level between 0 and 1, got {level!r}.")
    array = np.asarray(values, dtype=np.float64).ravel()
    if array.size == 0:
        # A mean of nothing is not 0: NaN cannot be mistaken for a result.
        return Interval(float("nan"), float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    means = np.empty(resamples)
    chunk = max(1, _AT_ONCE // array.size)
    for start in range(0, resamples, chunk):
        rows = min(chunk, resamples - start)
        means[start : start + rows] = array[rng.integers(array.size, size=(rows, array.size))].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(array.mean()), float(low), float(high))
