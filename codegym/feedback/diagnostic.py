"""One thing that is wrong with a program, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from codegym.feedback.kind import Kind, Scope


class Source(StrEnum):
    """Who found it."""

    COMPILER = "compiler"
    RUNTIME = "runtime"
    TIMEOUT = "timeout"
    TEST = "test"
    SPECTRUM = "spectrum"
    DIVERGENCE = "divergence"
    LINT = "lint"


COMPARING = frozenset({Source.SPECTRUM, Source.DIVERGENCE})
"""Those that hold all tests, private ones too, against each other."""


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """A fault with its place.

    Lines (1-based) and columns (0-based, in characters, half-open) refer to ``Feedback.program.source``; ``start`` and
    ``end`` are character offsets into the *completion*, -1 where the place lies in code that the problem gave, or where
    there is no place (then the lines are 0 as well).
    """

    source: Source
    kind: Kind
    scope: Scope
    message: str
    start_line: int = 0
    start_col: int = 0
    end_line: int = 0
    end_col: int = 0
    start: int = -1
    end: int = -1
    test_index: int = -1
    """The first test that showed it, -1 where no test was needed."""
    score: float = 1.0
    """Suspicion in [0, 1]: 1 for a place that is certain, Ochiai's score for a wrong answer's lines."""
