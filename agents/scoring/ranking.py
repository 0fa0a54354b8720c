"""Rankings of programs by which tests they pass: one interface, scores in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agents.scoring.self_validation import by_maximum, check_link, self_validation

FloatArray = NDArray[np.float64]

TIE = 1e-9
"""Scores that are no further apart than this are tied."""


class Ranking(StrEnum):
    """How programs are scored."""

    SELF_VALIDATION = "self_validation"
    """CodeDPO's (arXiv 2410.05605): programs and tests lend each other credit, tests first."""
    FILTER = "filter"
    """1 for programs that pass all tests, else 0."""
    COUNT = "count"
    """The share of the tests that a program passes."""
    RANDOM = "random"
    """Drawn: what a ranking has to beat."""
    DUAL_AGREEMENT = "dual_agreement"
    """CodeT's (arXiv 2207.10397): programs that pass the same tests vouch for each other, size times tests."""


@dataclass(frozen=True)
class Scores:
    """What a ranking says: larger is better, the best is 1 unless nothing deserves it."""

    programs: FloatArray
    """``[programs]``, in [0, 1]."""
    tests: FloatArray
    """``[tests]``, in [0, 1]; the share of programs that pass a test where the ranking does not score tests."""

    @property
    def is_flat(self) -> bool:
        """Whether all programs are tied, so that nothing is to be learned from their order."""
        return len(self.programs) < 2 or bool(np.ptp(self.programs) <= TIE)

    def best(self) -> NDArray[np.intp]:
        """Returns all programs that are tied for the first place."""
        return np.flatnonzero(self.programs >= self.programs.max(initial=0.0) - TIE)

    def worst(self) -> NDArray[np.intp]:
        """Returns all programs that are tied for the last place."""
        return np.flatnonzero(self.programs <= self.programs.min(initial=1.0) + TIE)


def rank(link: ArrayLike, ranking: Ranking, *, damping: float = 0.85, iterations: int = 10, seed: int = 0) -> Scores:
    """Scores programs, and tests where the ranking says something about them.

    Args:
        link: ``[programs, tests]``; 1 where the program passes the test, else 0.
        ranking: Ranking to use.
        damping: ``d`` of self-validation.
        iterations: ``T`` of self-validation.
        seed: Seed of the random ranking.

    Raises:
        ValueError: If ``link`` is not a matrix of zeros and ones, or another argument is out of range.
    """
    matrix = check_link(link)
    if not np.isin(matrix, (0, 1)).all():
        raise ValueError("link must hold zeros and ones (1 = the program passes the test).")
    # Without programs or without tests nobody deserves credit.
    if not matrix.size:
        return Scores(np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1]))
    if ranking is Ranking.RANDOM:
        return Scores(np.random.default_rng(seed).random(matrix.shape[:1]), matrix.mean(axis=0))
    if ranking is Ranking.SELF_VALIDATION:
        return Scores(*self_validation(matrix, damping, iterations))
    return Scores(*_RANKINGS[ranking](matrix))


def _by_filter(link: FloatArray) -> tuple[FloatArray, FloatArray]:
    return link.min(axis=1), link.mean(axis=0)


def _by_count(link: FloatArray) -> tuple[FloatArray, FloatArray]:
    return link.mean(axis=1), link.mean(axis=0)


def _by_dual_agreement(link: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A consensus set is all programs that pass the same tests; a test's score is that of its best set."""
    _, members, sizes = np.unique(link, axis=0, return_inverse=True, return_counts=True)
    # reshape: NumPy 2.0 returned the inverse with another shape than other versions.
    scores = by_maximum(sizes[members.reshape(-1)] * link.sum(axis=1))
    return scores, (link * scores[:, None]).max(axis=0)


_RANKINGS: dict[Ranking, Callable[[FloatArray], tuple[FloatArray, FloatArray]]] = {
    Ranking.FILTER: _by_filter,
    Ranking.COUNT: _by_count,
    Ranking.DUAL_AGREEMENT: _by_dual_agreement,
}
