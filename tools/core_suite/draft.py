"""A draft: an exercise with its recipe, which makes more tests for it."""

from __future__ import annotations

from dataclasses import dataclass

from envs_registry.suites.core import Exercise
from tools.core_suite.recipe import DraftRecipe


@dataclass(frozen=True, kw_only=True)
class Draft(Exercise):
    """An exercise and where its tests come from.

    Attributes:
        recipe: Makes more tests for it, large ones too.
    """

    recipe: DraftRecipe
