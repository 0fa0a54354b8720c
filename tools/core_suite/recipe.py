"""A recipe: where an exercise's tests come from, its trusted reference included."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codegym.problem import CallTest, StdioTest
from tools.core_suite.family import Entry


@dataclass(frozen=True, kw_only=True)
class DraftRecipe:
    """Makes arguments and knows the answers.

    Attributes:
        entry: Where arguments come from.
        answer: The trusted reference; no program's text has a part in it.
        takes_argument: Whether a constant ``k`` follows the entry's arguments.
    """

    entry: Entry
    answer: Callable[..., Any]
    takes_argument: bool = False

    def arguments(self, size: int, rng: random.Random) -> tuple[Any, ...]:
        """Returns random arguments of about a size."""
        args = self.entry.sample(rng, size)
        return (*args, rng.randint(2, 6)) if self.takes_argument else args

    def test(self, args: tuple[Any, ...], value: Any, public: bool = False) -> CallTest | StdioTest:
        """Returns the test that asks for ``value`` as the answer to ``args``."""
        if self.entry.stdin is None:
            return CallTest(args=args, expected=value, public=public)
        return StdioTest(stdin=self.entry.stdin(args), expected_stdout=f"{value}\n", public=public)

    def workload(self, size: int = 1000, seed: int = 0) -> CallTest | StdioTest:
        """Returns a private test of about a size, large enough to measure what a program costs."""
        args = self.arguments(size, random.Random(f"workload/{seed}"))
        return self.test(args, self.answer(*args))
