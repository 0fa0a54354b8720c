"""An exercise: a problem of this suite with what only its author knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from codegym.problem import CallTest, Problem, StdioTest


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """A problem and its background.

    Attributes:
        problem: The problem, as the suite gives it out.
        wordings: Prompts that ask for the same, the problem's own first.
        family: Name of the family.
        skeleton: Names of its parts; of a hand-written one its name.
        make_workload: Makes a private test of about a size, for measuring time.
    """

    problem: Problem
    wordings: tuple[str, ...]
    family: str
    skeleton: tuple[str, ...]
    make_workload: Callable[[int], CallTest | StdioTest]
