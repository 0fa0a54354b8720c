"""The embedded suite: small problems made of parts, with splits that are disjoint by composition."""

from __future__ import annotations

from functools import lru_cache

from codegym.errors import UnknownNameError
from codegym.problem import Problem
from envs_registry.suites.core import frozen
from envs_registry.suites.core.exercise import Exercise
from envs_registry.suites.core.generation import FAMILIES, generate
from envs_registry.suites.core.selection import SPLITS

__all__ = ["FAMILIES", "SPLITS", "Exercise", "exercises", "load"]


def load(split: str, seed: int = 0) -> tuple[Problem, ...]:
    """Returns the problems of a split.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        seed: Seed 0 is *the* suite, and comes from a file. Another seed draws other compositions, constants, wordings
            and tests (some seconds of work): no composition is in train for one seed and in test for another.

    Raises:
        UnknownNameError: If there is no such split.
    """
    return tuple(exercise.problem for exercise in exercises(split, seed))


def exercises(split: str, seed: int = 0) -> tuple[Exercise, ...]:
    """Returns the problems of a split with all their wordings and what else their author knows.

    Raises:
        UnknownNameError: If there is no such split.
    """
    if split not in SPLITS:
        raise UnknownNameError("split of suite 'core'", split, SPLITS)
    return _frozen(split) if seed == 0 else _generated(seed)[split]


@lru_cache(maxsize=len(SPLITS))
def _frozen(split: str) -> tuple[Exercise, ...]:
    return frozen.read(split)


@lru_cache(maxsize=2)
def _generated(seed: int) -> dict[str, tuple[Exercise, ...]]:
    return generate(seed)


KNOWN_BAD = {"core/2262": "its first mutant doubles the letters before it chooses them, which comes to the same"}
"""Problems that are at fault, with the reason."""
