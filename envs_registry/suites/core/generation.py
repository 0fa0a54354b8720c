"""Generating the suite from its tables, for any seed: some seconds of work."""

from __future__ import annotations

import random
from dataclasses import replace

from codegym.errors import InvalidProblemError
from envs_registry.suites.core.classics import CLASSICS
from envs_registry.suites.core.counting import COUNTING
from envs_registry.suites.core.exercise import Exercise
from envs_registry.suites.core.handwritten import FAMILY
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
    taught = {name for exercise in selection.exercises("train") for name in exercise.skeleton}
    splits: dict[str, tuple[Exercise, ...]] = {}
    for split in SPLITS:
        first = sum(map(len, splits.values()))  # numbers go on from split to split, so that an id names one problem
        together = found[split] + selection.exercises(split)
        order = random.Random(f"{seed}/{split}").sample(together, len(together))
        splits[split] = _numbered(first, [made for made in order if split == "train" or _is_taught(made, taught)])
    return splits


def _is_taught(exercise: Exercise, taught: set[str]) -> bool:
    """Whether each of its parts is in train; what is written by hand has no parts."""
    return exercise.family == FAMILY or taught.issuperset(exercise.skeleton)


def _numbered(first: int, order: list[Exercise]) -> tuple[Exercise, ...]:
    return tuple(
        replace(made, problem=replace(made.problem, task_id=f"core/{number}"))
        for number, made in enumerate(order, start=first)
    )
