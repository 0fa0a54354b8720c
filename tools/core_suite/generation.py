"""Generates the suite from its tables, for any seed: some seconds of work."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from codegym.errors import InvalidProblemError
from envs_registry.suites.core import SPLITS
from tools.core_suite.classics import CLASSICS
from tools.core_suite.counting import COUNTING
from tools.core_suite.draft import Draft
from tools.core_suite.family import Family
from tools.core_suite.handwritten import FAMILY
from tools.core_suite.lists import LISTS, NUMBERS, STRINGS
from tools.core_suite.selection import Selection
from tools.core_suite.separation import Guard
from tools.core_suite.state import STATE
from tools.core_suite.stdio import STDIO

FAMILIES = (LISTS, STRINGS, NUMBERS, COUNTING, STATE, STDIO)


def generate(seed: int) -> dict[str, tuple[Draft, ...]]:
    """Returns all splits, each in random order; the same for the same seed.

    Raises:
        InvalidProblemError: If a problem written by hand is too near to another one.
    """
    drawn = draw(seed, FAMILIES)
    taught = taught_by(drawn["train"])
    splits: dict[str, tuple[Draft, ...]] = {}
    for split in SPLITS:
        first = sum(map(len, splits.values()))  # numbers go on from split to split, so that an id names one problem
        order = random.Random(f"{seed}/{split}").sample(drawn[split], len(drawn[split]))
        splits[split] = _numbered(first, [made for made in order if split == "train" or is_taught(made, taught)])
    return splits


def draw(seed: int, families: Sequence[Family]) -> dict[str, list[Draft]]:
    """Returns the exercises written by hand and those of some families, with provisional task ids.

    A family is drawn the same whichever come after it, but not whichever come before: no two are the same function.

    Raises:
        InvalidProblemError: If a problem written by hand is too near to another one.
    """
    guard = Guard()
    found: dict[str, list[Draft]] = {split: [] for split in SPLITS}
    for classic in CLASSICS:
        draft = classic.draft(seed)
        if not guard.admits(draft, classic.split):
            raise InvalidProblemError(f"classic {classic.name!r} is too near to another one; change or drop it.")
        found[classic.split].append(draft)
    selection = Selection(families, guard, seed)
    return {split: found[split] + selection.drafts(split) for split in SPLITS}


def taught_by(train: Iterable[Draft]) -> set[str]:
    """Returns the names of the parts that the exercises of train are made of."""
    return {name for draft in train if draft.family != FAMILY for name in draft.skeleton}


def is_taught(draft: Draft, taught: set[str]) -> bool:
    """Whether each of its parts is in train; what is written by hand has no parts."""
    return draft.family == FAMILY or taught.issuperset(draft.skeleton)


def _numbered(first: int, order: list[Draft]) -> tuple[Draft, ...]:
    return tuple(
        replace(made, problem=replace(made.problem, task_id=f"core/{number}"))
        for number, made in enumerate(order, start=first)
    )
