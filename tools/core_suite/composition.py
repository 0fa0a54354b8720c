"""A composition: parts in a row, from the arguments to the answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from tools.core_suite.part import Constant, ItemKind, Part, Role

ARGUMENT = "k"
"""The constant of a step that takes it from the function's argument ``k``."""


@dataclass(frozen=True)
class PartUse:
    """A part with its constant; ``ARGUMENT`` in a part of whole-number constants means: the argument ``k``."""

    part: Part
    constant: Constant = None

    @property
    def from_argument(self) -> bool:
        """Whether the constant is an argument of the function."""
        return self.constant == ARGUMENT


@dataclass(frozen=True)
class Composition:
    """A source, steps and an end.

    Attributes:
        steps: First a SOURCE, last an END.
        takes_argument: Whether the function has an argument ``k``, as a rule for one of the steps.
    """

    steps: tuple[PartUse, ...]
    takes_argument: bool = False

    @cached_property
    def skeleton(self) -> tuple[str, ...]:
        """Names of the parts between source and answer, the answer included: what the splits are disjoint by."""
        return tuple(step.part.name for step in self.steps[1:])

    @property
    def fits(self) -> bool:
        """Whether each part takes what the one before gives."""
        return all(a.part.gives is b.part.takes for a, b in zip(self.steps, self.steps[1:], strict=False))

    def __call__(self, *args: Any) -> Any:
        """Returns the answer by the trusted meaning of each part."""
        source, *rest = self.steps
        k = args[-1] if self.takes_argument else None
        value = source.part.does(*(args[:-1] if self.takes_argument else args))
        for step in rest:
            value = _apply(step.part, k if step.from_argument else step.constant, value)
        return value

    def without(self, index: int) -> Composition:
        """Returns the composition without one step."""
        return replace(self, steps=self.steps[:index] + self.steps[index + 1 :])

    def swapped(self, index: int) -> Composition:
        """Returns the composition with a step and the next one exchanged."""
        steps = list(self.steps)
        steps[index], steps[index + 1] = steps[index + 1], steps[index]
        return replace(self, steps=tuple(steps))

    def with_step(self, index: int, step: PartUse) -> Composition:
        """Returns the composition with another step at a place."""
        return replace(self, steps=(*self.steps[:index], step, *self.steps[index + 1 :]))


def _apply(part: Part, constant: Any, value: Any) -> Any:
    does = part.does
    if part.role is Role.KEEP:
        if part.takes is ItemKind.TABLE:
            return {a: v for a, v in value.items() if does(a, v, constant)}
        return [item for item in value if does(item, constant)]
    if part.role is Role.EACH:
        if part.takes is ItemKind.TABLE:
            return {a: does(a, v, constant) for a, v in value.items()}
        return [does(item, constant) for item in value]
    return does(value, constant)


def split_of(composition: Composition) -> str:
    """Returns the split that a composition belongs to: by its parts alone, for every seed, family, source and constant.

    Conditions in a row can change places without a change of meaning, so their order does not count. Compositions of
    a single part are always in train: they teach the parts whose combinations are asked elsewhere.
    """
    runs = groupby(composition.steps[1:], key=lambda step: step.part.role is Role.KEEP)
    kins = [[step.part.kin or step.part.name for step in run] for _, run in runs]
    key = "|".join("&".join(sorted(run)) if len(run) > 1 else run[0] for run in kins)
    if len(composition.steps) < 3:
        return "train"
    draw = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**32
    return "train" if draw < _TRAIN_SHARE else "validation" if draw < _TRAIN_SHARE + _VALIDATION_SHARE else "test"


_TRAIN_SHARE, _VALIDATION_SHARE = 0.65, 0.1
