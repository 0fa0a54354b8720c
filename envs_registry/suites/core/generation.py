"""Generating the suite from its tables, for any seed: some seconds of work."""

from __future__ import annotations

import random
from dataclasses import replace

from codegym.errors import InvalidProblemError
from envs_registry.suites.core.classics import CLASSICS
from envs_registry.suites.core.counting import COUNTING
from envs_registry.suites.core.exercise import Exercise
from envs_registry.suites.core.lists import LISTS, NUMBERS, STRINGS
from envs_registry.suites.core.selection import SPLITS, Selection
from envs_registry.suites.core.separation import Guard
from envs_registry.suites.core.state import STATE
from envs_registry.suites.core.stdio import STDIO

FAMILIES = (LISTS, STRINGS, NUMBERS, COUNTING, STATE, STDIO)


def generate(seed: int) -> dict[str, tuple[Exercise, ...]]:
    """Returns all splits, each in random order; the same for the same seed.

    Raises:
        InvalidProblemError: If a problem written by hand is too near to another one.
    """
    guard = Guard()
    found: dict[str, list[Exercise]] = {split: [] for split in SPLITS}
    for classic in CLASSICS:
        exercise = classic.exercise(seed)
        if not guard.admits(exercise, classic.split):
            raise InvalidProblemError(f"classic {classic.name!r} is too near to another one; change or drop it.")
        found[classic.split].append(exercise)
    selection = Selection(FAMILIES, guard, seed)
    splits: dict[str, tuple[Exercise, ...]] = {}
    for split in SPLITS:
        first = sum(map(len, splits.values()))  # numbers go on from split to split, so that an id names one problem
        splits[split] = _numbered(first, split, found[split] + selection.exercises(split), seed)
    return splits


def _numbered(first: int, split: str, found: list[Exercise], seed: int) -> tuple[Exercise, ...]:
    order = random.Random(f"{seed}/{split}").sample(found, len(found))
    return tuple(
        replace(made, problem=replace(made.problem, task_id=f"core/{number}"))
        for number, made in enumerate(order, start=first)
    )
