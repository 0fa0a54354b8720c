"""Rankings that were tried beside those of the package, and found to be no better."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from agents.scoring.ranking import FloatArray, Ranking, Scores, rank
from agents.scoring.self_validation import by_maximum, self_validation
from rankings.reliability import reliability


def synchronous(link: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Self-validation that updates programs and tests from the old scores of both."""
    return self_validation(link, tests_first=False)


def singular_vector(link: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The limit of self-validation: the leading left singular vector, also where several vectors lead."""
    if not link.any():
        return np.zeros(link.shape[0]), np.zeros(link.shape[1])
    values, vectors = np.linalg.eigh(link @ link.T)
    leading = vectors[:, values >= values[-1] * (1 - 1e-9)]
    programs = np.clip(leading @ (leading.T @ link.sum(axis=1)), 0.0, None)
    return by_maximum(programs), by_maximum(programs @ link)


ALTERNATIVES: Mapping[str, Callable[[FloatArray], tuple[FloatArray, FloatArray]]] = {
    "synchronous": synchronous,
    "singular_vector": singular_vector,
    "reliability": reliability,
}
NAMES = (*map(str, Ranking), *ALTERNATIVES)


def scores_of(link: FloatArray, name: str, seed: int) -> Scores:
    """Scores programs and tests by any ranking of ``NAMES``."""
    if name in ALTERNATIVES:
        return Scores(*(ALTERNATIVES[name](link) if link.size else (np.zeros(n) for n in link.shape)))
    return rank(link, Ranking(name), seed=seed)
