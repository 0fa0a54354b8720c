"""A family of problems: where its sequences come from and which parts it is made of."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tools.core_suite.part import ItemKind, Part

Sampler: TypeAlias = Callable[[random.Random, int], tuple[Any, ...]]
"""Makes arguments of about the given size; size 0 is the smallest there is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """One way into a family.

    Attributes:
        source: Makes the first sequence of the arguments.
        parameters: For each argument the names that a signature may give it.
        sample: Makes arguments.
        domain: Entries with the same domain take the same arguments to the same sequence.
        stdin: For stdin programs: the text that carries the arguments.
    """

    source: Part
    parameters: tuple[tuple[str, ...], ...]
    sample: Sampler
    domain: str
    stdin: Callable[[tuple[Any, ...]], str] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Family:
    """A family of problems.

    Attributes:
        name: As in the problems' tags.
        entries: Ways in; one is drawn for each problem.
        middles: For each kind the parts that may follow, an END excepted.
        ends: For each kind the parts that may end it.
        needs: At least one part of these names' sets must be in a composition; empty asks for nothing.
    """

    name: str
    entries: tuple[Entry, ...]
    middles: Mapping[ItemKind, tuple[Part, ...]]
    ends: Mapping[ItemKind, tuple[Part, ...]]
    needs: frozenset[str] = field(default_factory=frozenset)
