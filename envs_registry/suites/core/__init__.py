"""The embedded suite: small problems made of parts, with splits that are disjoint by composition."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import lru_cache

from codegym.errors import UnknownNameError
from codegym.problem import Problem
from envs_registry.suites.core.counting import COUNTING
from envs_registry.suites.core.exercise import Exercise
from envs_registry.suites.core.lists import LISTS, NUMBERS, STRINGS
from envs_registry.suites.core.selection import SPLITS, Selection
from envs_registry.suites.core.separation import Guard
from envs_registry.suites.core.state import STATE
from envs_registry.suites.core.stdio import STDIO

__all__ = ["FAMILIES", "SPLITS", "Exercise", "exercises", "load"]

FAMILIES = (LISTS, STRINGS, NUMBERS, COUNTING, STATE, STDIO)


def load(split: str, seed: int = 0) -> tuple[Problem, ...]:
    """Returns the problems of a split.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        seed: Another seed draws other compositions, constants, wordings and tests, from the same three worlds: what is
            in test for one seed is never in train for another.

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
    return _built(split, seed)


@lru_cache(maxsize=8)
def _built(split: str, seed: int) -> tuple[Exercise, ...]:
    found = _selection(seed).exercises(split)
    random.Random(f"{seed}/{split}").shuffle(found)
    return tuple(
        replace(made, problem=replace(made.problem, task_id=f"core/{split}/{index}"))
        for index, made in enumerate(found)
    )


@lru_cache(maxsize=2)
def _selection(seed: int) -> Selection:
    return Selection(FAMILIES, Guard(), seed)
