"""A problem written by hand, and the exercise that it becomes."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codegym.problem import Problem
from envs_registry.suites.core import LIMITS
from tools.core_suite.builder import pool
from tools.core_suite.draft import Draft
from tools.core_suite.family import Entry, Sampler
from tools.core_suite.part import ItemKind, source
from tools.core_suite.recipe import DraftRecipe

FAMILY = "classics"


@dataclass(frozen=True, kw_only=True)
class Handwritten:
    """A problem written by hand.

    Attributes:
        name: Unique; its skeleton and one of its tags.
        split: Where it belongs.
        difficulty: As it is felt.
        head: The line of the function, empty for a stdin program.
        wordings: Prompts without the head.
        sample: Makes arguments.
        answer: The trusted reference.
        solutions: Bodies of reference programs (whole programs where there is no head).
        mutants: Bodies of programs that fail at least one test.
        stdin: For stdin programs: the text that carries the arguments.
    """

    name: str
    split: str
    difficulty: str
    head: str
    wordings: tuple[str, ...]
    sample: Sampler
    answer: Callable[..., Any]
    solutions: tuple[str, ...]
    mutants: tuple[str, ...]
    stdin: Callable[[tuple[Any, ...]], str] | None = None

    @property
    def recipe(self) -> DraftRecipe:
        """Where its tests come from."""
        nothing = source(self.name, ItemKind.VALUE, "", lambda *args: args, "")
        entry = Entry(source=nothing, parameters=(), sample=self.sample, domain=self.name, stdin=self.stdin)
        return DraftRecipe(entry=entry, answer=self.answer)

    def draft(self, seed: int) -> Draft:
        """Returns the exercise, with tests drawn for a seed and a provisional task id."""
        recipe = self.recipe
        wordings = tuple(f"{text}\n{self.head}\n" if self.head else f"{text}\n" for text in self.wordings)
        problem = Problem(
            task_id=f"core/{FAMILY}/{self.name}",
            prompt=wordings[0],
            tests=tuple(recipe.test(*case) for case in pool(recipe, random.Random(f"{seed}/{self.name}"))),
            entry_point=self.head[4:].split("(")[0] or None,
            starter_code=self.head,
            solutions=tuple(map(self._program, self.solutions)),
            mutants=tuple(map(self._program, self.mutants)),
            difficulty=self.difficulty,
            tags=(FAMILY, self.name),
            limits=LIMITS,
        )
        return Draft(problem=problem, wordings=wordings, family=FAMILY, skeleton=(self.name,), recipe=recipe)

    def _program(self, body: str) -> str:
        lines = textwrap.dedent(body).strip("\n")
        return f"{self.head}\n{textwrap.indent(lines, '    ')}\n" if self.head else f"{lines}\n"
