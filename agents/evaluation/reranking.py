"""Choosing one of many programs without looking at what decides: how often is the chosen one right?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def expected_success(scores: ArrayLike, right: ArrayLike) -> float:
    """The chance that the program with the highest score is right, ties drawn by lot.

    Args:
        scores: One for each program of a problem, [N]; higher is better.
        right: Whether each of them passes every test, [N].

    Returns:
        The share of right programs among those with the highest score; NaN without programs.
    """
    rated, passes = np.asarray(scores, np.float64), np.asarray(right, bool)
    if rated.size == 0:
        return float("nan")
    best = np.isclose(rated, rated.max(), rtol=1e-9, atol=0.0)
    return float(passes[best].mean())
