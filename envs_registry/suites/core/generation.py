"""Generating the suite from its tables, for any seed: some seconds of work."""

from __future__ import annotations

import random
from dataclasses import replace

from envs_registry.suites.core.counting import COUNTING
from envs_registry.suites.core.exercise import Exercise
from envs_registry.suites.core.lists import LISTS, NUMBERS, STRINGS
from envs_registry.suites.core.selection import SPLITS, Selection
from envs_registry.suites.core.separation import Guard
from envs_registry.suites.core.state import STATE
from envs_registry.suites.core.stdio import STDIO

FAMILIES = (LISTS, STRINGS, NUMBERS, COUNTING, STATE, STDIO)


def generate(seed: int) -> dict[str, tuple[Exercise, ...]]:
    """Returns all splits, each in random order; the same for the same seed."""
    selection = Selection(FAMILIES, Guard(), seed)
    return {split: _numbered(split, selection.exercises(split), seed) for split in SPLITS}


def _numbered(split: str, found: list[Exercise], seed: int) -> tuple[Exercise, ...]:
    order = random.Random(f"{seed}/{split}").sample(found, len(found))
    return tuple(
        replace(made, problem=replace(made.problem, task_id=f"core/{split}/{index}"))
        for index, made in enumerate(order)
    )
