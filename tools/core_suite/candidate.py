"""A candidate: a composition that is worth a problem, before words and tests are found for it."""

from __future__ import annotations

from dataclasses import dataclass

from tools.core_suite.composition import Composition
from tools.core_suite.family import Family
from tools.core_suite.recipe import DraftRecipe
from tools.core_suite.styles import Frame


@dataclass(frozen=True, kw_only=True)
class CandidateProblem:
    """A composition with its programs.

    Attributes:
        family: Where it was drawn.
        composition: Its meaning.
        recipe: Where its arguments come from.
        frame: Names of the function and its arguments.
        solutions: Reference programs, the plainest first.
        split: The split that its composition belongs to.
        difficulty: By its length.
    """

    family: Family
    composition: Composition
    recipe: DraftRecipe
    frame: Frame
    solutions: tuple[str, ...]
    split: str
    difficulty: str
