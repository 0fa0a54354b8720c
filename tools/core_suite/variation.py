"""Compositions that are nearly another one: the meanings of mutants, and the proof that each part matters."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tools.core_suite.composition import Composition, PartUse
from tools.core_suite.family import Family
from tools.core_suite.part import Role


def answer(composition: Composition, args: tuple[Any, ...]) -> Any:
    """Returns the composition's answer, or the exception where it has none."""
    try:
        return composition(*args)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        return error


def reductions(composition: Composition) -> Iterator[Composition]:
    """Yields the composition without one of its steps, for each step whose neighbours fit together."""
    for index in range(1, len(composition.steps) - 1):
        less = composition.without(index)
        if less.fits:
            yield less


def variations(composition: Composition, family: Family, rng: random.Random) -> Iterator[Composition]:
    """Yields wrong compositions of many kinds in random order: too short, in wrong order, another constant or part."""
    found = list(reductions(composition))
    last = len(composition.steps) - 1
    for index in range(1, last - 1):
        swapped = composition.swapped(index)
        if swapped.fits:
            found.append(swapped)
    for index, step in enumerate(composition.steps[1:], 1):
        if isinstance(step.constant, int):
            found.append(composition.with_step(index, PartUse(step.part, step.constant + rng.choice((-1, 1)))))
        siblings = (_sibling(step, family, rng) for _ in range(3))
        found += [composition.with_step(index, sibling) for sibling in siblings if sibling is not None]
    rng.shuffle(found)
    yield from found


def _sibling(step: PartUse, family: Family, rng: random.Random) -> PartUse | None:
    """Returns a step of the same role and kinds, with the same constant where it fits."""
    part = step.part
    table = family.ends if part.role is Role.END else family.middles
    others = [
        other
        for other in table[part.takes]
        if other is not part
        and other.role is part.role
        and other.gives is part.gives
        and (not step.from_argument or other.constants)
    ]
    if not others:
        return None
    other = rng.choice(others)
    if step.from_argument:
        return PartUse(other, step.constant) if isinstance(other.constants[0], int) else None
    constant = step.constant if step.constant in other.constants else rng.choice(other.constants or (None,))
    return PartUse(other, constant)
