"""An exercise: a problem of this suite with what only its author knows."""

from __future__ import annotations

from dataclasses import dataclass

from codegym.problem import Problem
from envs_registry.suites.core.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """A problem and its background.

    Attributes:
        problem: The problem, as the suite gives it out.
        wordings: Prompts that ask for the same, the problem's own first.
        family: Name of the family.
        skeleton: Names of its parts; of a hand-written one its name.
        recipe: Makes more tests for it, large ones too.
    """

    problem: Problem
    wordings: tuple[str, ...]
    family: str
    skeleton: tuple[str, ...]
    recipe: Recipe
