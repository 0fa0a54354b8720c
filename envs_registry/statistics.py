"""What is in a suite, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from statistics import median

from codegym.problem import Problem
from envs_registry.suite import Suite


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Smallest, middle and largest of some numbers."""

    least: float
    middle: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """A suite in numbers.

    Attributes:
        problems: How many problems.
        tests: How many tests of each type.
        public_tests: How many of them may be shown.
        tests_a_problem: Spread over problems.
        without_private_tests: Problems whose tests are all public: a program that memorises them passes.
        prompt_characters: Spread over problems.
        solution_lines: Spread over all reference solutions.
        solutions: How many reference solutions.
        unsolved: Problems without one.
        mutants: How many known wrong programs.
        difficulties: How many problems of each difficulty.
        tags: How many problems of each tag.
        one_process: Problems that are judged with ``trust = "in_process"``.
    """

    problems: int
    tests: Mapping[str, int]
    public_tests: int
    tests_a_problem: Spread
    without_private_tests: int
    prompt_characters: Spread
    solution_lines: Spread
    solutions: int
    unsolved: int
    mutants: int
    difficulties: Mapping[str, int]
    tags: Mapping[str, int]
    one_process: int


def statistics_of(suite: Suite) -> Statistics:
    """Returns a suite's numbers. Builds every problem, so it takes seconds where a suite is large."""
    problems = list(suite)
    tests = list(chain.from_iterable(problem.tests for problem in problems))
    solutions = list(chain.from_iterable(problem.solutions for problem in problems))
    return Statistics(
        problems=len(problems),
        tests=dict(Counter(type(test).__name__ for test in tests)),
        public_tests=sum(test.public for test in tests),
        tests_a_problem=_spread([len(problem.tests) for problem in problems]),
        without_private_tests=sum(map(_all_public, problems)),
        prompt_characters=_spread([len(problem.prompt) for problem in problems]),
        solution_lines=_spread([code.count("\n") + 1 for code in solutions]),
        solutions=len(solutions),
        unsolved=sum(not problem.solutions for problem in problems),
        mutants=sum(len(problem.mutants) for problem in problems),
        # Plain dicts: a Counter would answer 0 for a name that nobody has.
        difficulties=dict(Counter(problem.difficulty or "unknown" for problem in problems)),
        tags=dict(Counter(chain.from_iterable(problem.tags for problem in problems))),
        one_process=sum(problem.one_process for problem in problems),
    )


def _all_public(problem: Problem) -> bool:
    return bool(problem.tests) and all(test.public for test in problem.tests)


def _spread(numbers: list[int]) -> Spread:
    if not numbers:  # median() refuses an empty list
        return Spread(least=0, middle=0, most=0)
    return Spread(least=min(numbers), middle=median(numbers), most=max(numbers))
