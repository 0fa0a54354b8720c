"""An exercise: a problem of this suite with what only its author knows."""

from __future__ import annotations

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
        workload: A large private test, for measuring time.
        cheap: Index into the problem's solutions of a cheap one.
        dear: Index of a dear one, -1 where there is none.
    """

    problem: Problem
    wordings: tuple[str, ...]
    family: str
    skeleton: tuple[str, ...]
    workload: CallTest | StdioTest
    cheap: int = 0
    dear: int = -1
