"""Choosing compositions: draws them at random and keeps those that are worth a problem."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from codegym.errors import InvalidProblemError
from envs_registry.suites.core import SPLITS
from tools.core_suite.builder import draft_of
from tools.core_suite.candidate import CandidateProblem
from tools.core_suite.composition import ARGUMENT, Composition, PartUse, split_of
from tools.core_suite.draft import Draft
from tools.core_suite.family import Entry, Family
from tools.core_suite.part import Part, Role
from tools.core_suite.recipe import DraftRecipe
from tools.core_suite.separation import Guard
from tools.core_suite.styles import STYLES, Frame, write
from tools.core_suite.variation import answer, reductions

DIFFICULTIES = ("easy", "medium", "hard", "expert")
"""By the number of parts between source and result: at most 2, then 3, 4 and 5."""

QUOTAS = {
    "train": {"easy": 16, "medium": 500, "hard": 300, "expert": 100},
    "validation": {"easy": 1, "medium": 10, "hard": 4, "expert": 2},
    "test": {"easy": 4, "medium": 32, "hard": 10, "expert": 4},
}
_WEIGHTS = {Role.KEEP: 4, Role.EACH: 4, Role.WHOLE: 3, Role.SCAN: 3, Role.END: 1}
_NAMES = ("f", "solve")
_ARGUMENT_SHARE = 0.12
_MAX_PROGRAM, _MAX_LINES = 220, 9
# Draws without a new problem, after which a family counts as exhausted.
_PATIENCE = 60_000
_PROBE_SIZES = (0, 1, 2, 3, *range(4, 16))


class Selection:
    """The composed exercises of all splits: no two are the same function, and no split holds what is near another's.

    Args:
        families: What to draw from.
        guard: Knows what is there already, and notes all that is drawn.
        seed: Two selections with the same seed are the same.

    Raises:
        InvalidProblemError: If a family's parts do not give as many problems as ``QUOTAS`` wants.
    """

    def __init__(self, families: Sequence[Family], guard: Guard, seed: int) -> None:
        self._seed, self._guard = seed, guard
        self._behaviours: set[tuple[str, bool, str]] = set()
        self._drafts: dict[str, list[Draft]] = {split: [] for split in SPLITS}
        for family in families:
            self._draw(family)

    def drafts(self, split: str) -> list[Draft]:
        """Returns the exercises of a split, family by family; their task ids are still provisional."""
        return self._drafts[split]

    def _draw(self, family: Family) -> None:
        rng = random.Random(f"{self._seed}/{family.name}")
        wanted = Counter({(split, name): n for split, row in QUOTAS.items() for name, n in row.items()})
        barren = 0
        while wanted.total():
            barren += 1
            if barren > _PATIENCE:
                raise InvalidProblemError(
                    f"family {family.name!r} gave nothing new in {_PATIENCE} draws; still wanted: {dict(+wanted)}. "
                    "Lower QUOTAS or add parts."
                )
            difficulty = rng.choice([name for name in DIFFICULTIES if any(wanted[s, name] for s in SPLITS)])
            entry = rng.choice(family.entries)
            composition = _compose(family, entry, DIFFICULTIES.index(difficulty), rng)
            if composition is None:
                continue
            split = split_of(composition)
            if not wanted[split, difficulty] or not self._is_worth(entry, composition):
                continue
            frame = _frame(entry, composition.takes_argument, rng)
            solutions = _solutions(composition, frame)
            if len(solutions) < 2:
                continue
            candidate = CandidateProblem(
                family=family,
                composition=composition,
                recipe=DraftRecipe(entry=entry, answer=composition, takes_argument=composition.takes_argument),
                frame=frame,
                solutions=solutions,
                split=split,
                difficulty=difficulty,
            )
            made = draft_of(f"core/{family.name}/{wanted.total()}", candidate, rng)
            if len(made.problem.mutants) > 1 and self._guard.admits(made, split):
                barren = 0
                wanted[split, difficulty] -= 1
                self._drafts[split].append(made)

    def _is_worth(self, entry: Entry, composition: Composition) -> bool:
        """Whether the function is new, varied, and needs each of its parts."""
        probes = _probes(entry, composition.takes_argument)
        answers = []
        for args in probes:
            answers.append(answer(composition, args))
            if isinstance(answers[-1], Exception):
                return False
        texts = [repr(value) for value in answers]
        behaviour = (entry.domain, composition.takes_argument, "\n".join(texts))
        if behaviour in self._behaviours or not _is_varied(texts):
            return False
        for less in reductions(composition):
            if all(
                answer(less, args) == value for args, value in zip(reversed(probes), reversed(answers), strict=True)
            ):
                return False
        self._behaviours.add(behaviour)
        return True


@cache
def _probes(entry: Entry, takes_argument: bool) -> tuple[tuple[Any, ...], ...]:
    rng = random.Random(f"probes/{entry.domain}")
    recipe = DraftRecipe(entry=entry, answer=len, takes_argument=takes_argument)
    return tuple(recipe.arguments(size, rng) for size in _PROBE_SIZES)


def _is_varied(texts: list[str]) -> bool:
    counts = Counter(texts)
    most = max(counts.values())
    if set(counts) <= {"True", "False"}:
        return most <= len(texts) - 4
    return len(counts) >= 5 and most <= len(texts) // 2


def _compose(family: Family, entry: Entry, level: int, rng: random.Random) -> Composition | None:
    """Returns a random composition of a level's length, or None where the draw leads nowhere."""
    length = 1 if level == 0 and rng.random() < 0.15 else level + 2
    steps, kind, free = [PartUse(entry.source)], entry.source.gives, entry.stdin is None
    for place in range(length):
        choices = (family.ends if place == length - 1 else family.middles).get(kind)
        part = _draw_part(choices, steps[-1].part, rng) if choices else None
        if part is None:
            return None
        constant = rng.choice(part.constants) if part.constants else None
        if free and isinstance(constant, int) and part.role is not Role.END and rng.random() < _ARGUMENT_SHARE:
            constant, free = ARGUMENT, False
        steps.append(PartUse(part, constant))
        kind = part.gives
    composition = Composition(tuple(steps), takes_argument=any(step.from_argument for step in steps))
    if family.needs and family.needs.isdisjoint(composition.skeleton):
        return None
    return composition


@cache
def _by_role(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], ...]:
    groups = (tuple(part for part in parts if part.role is role) for role in Role)
    return tuple(group for group in groups if group)


def _draw_part(parts: tuple[Part, ...], last: Part, rng: random.Random) -> Part | None:
    """Returns a part that may follow another, never the same one twice in a row."""
    if last.name == "chars.twice":
        return next((part for part in parts if part.name == "chars.text"), None)
    groups = _by_role(parts)
    (group,) = rng.choices(groups, [_WEIGHTS[group[0].role] for group in groups])
    part = rng.choice(group)
    return None if part is last else part


def _frame(entry: Entry, takes_argument: bool, rng: random.Random) -> Frame:
    if entry.stdin is not None:
        return Frame(head="", parameters=(), answer="print({v})")
    parameters = tuple(rng.choice(names) for names in entry.parameters)
    names = (*parameters, "k") if takes_argument else parameters
    return Frame(head=f"def {rng.choice(_NAMES)}({', '.join(names)}):", parameters=parameters)


def _solutions(composition: Composition, frame: Frame) -> tuple[str, ...]:
    programs = dict.fromkeys(write(composition, frame, style) for style in STYLES)
    return tuple(p for p in programs if len(p) <= _MAX_PROGRAM and p.count("\n") <= _MAX_LINES)
