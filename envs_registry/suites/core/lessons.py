"""Lessons: what a model can be taught with the suite, as plain records; nothing is judged here."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from codegym.problem import CallTest, Problem
from envs_registry.suites.core.corruption import corrupt
from envs_registry.suites.core.exercise import Exercise


class Task(StrEnum):
    """What a lesson teaches."""

    PROGRAM = "program"
    TESTS = "tests"
    REPAIR = "repair"


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One example.

    Attributes:
        task: What it teaches.
        problem: The problem it is about.
        prompt: The prompt, in one of its wordings.
        text: What is to be written: a program, or asserts.
        wrong: For REPAIR the program to be repaired; its feedback is the judge's.
        is_right: False where ``text`` was spoilt, so that a model learns to be wrong in many ways.
    """

    task: Task
    problem: Problem
    prompt: str
    text: str
    wrong: str = ""
    is_right: bool = True


@dataclass(frozen=True, kw_only=True)
class Mix:
    """Shares in [0, 1].

    Attributes:
        tests: Of lessons that teach to write tests; stdin programs have none of these.
        repair: Of lessons that teach to repair; the rest teaches to write programs.
        spoilt: Of programs that are spoilt among the PROGRAM lessons.
        wrong_tests: Of asserts that expect a wrong value.
        count: Asserts in a TESTS lesson.
    """

    tests: float = 0.1
    repair: float = 0.2
    spoilt: float = 0.15
    wrong_tests: float = 0.2
    count: int = 4


def lessons(exercises: Sequence[Exercise], rng: random.Random, mix: Mix | None = None) -> Iterator[Lesson]:
    """Yields lessons without end: pass after pass over the exercises, each pass in another order.

    Args:
        exercises: What to teach from.
        rng: The only source of chance.
        mix: Shares of the tasks and of what is wrong.
    """
    mix = mix or Mix()
    order = list(exercises)
    while order:
        rng.shuffle(order)
        for exercise in order:
            draw = rng.random()
            if draw < mix.repair:
                yield _repair(exercise, rng)
            elif draw < mix.repair + mix.tests and exercise.problem.entry_point:
                yield _tests(exercise, rng, mix)
            else:
                yield _program(exercise, rng, mix)


def assert_lines(problem: Problem, rng: random.Random, count: int = 4, wrong_share: float = 0.0) -> str:
    """Returns asserts for a problem, a line each, made of its tests.

    Args:
        problem: A problem with call tests.
        rng: Chooses the tests, and which of them are wrong.
        count: How many at most.
        wrong_share: Probability that an assert expects a wrong value.
    """
    tests = [test for test in problem.tests if isinstance(test, CallTest)]
    chosen = rng.sample(tests, min(count, len(tests)))
    return "".join(_assert_line(problem, test, rng, rng.random() < wrong_share) for test in chosen)


def wrong_value(value: Any, rng: random.Random) -> Any:
    """Returns a value that differs from ``value`` and is mostly of its type, near it where there is a near."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice((-2, -1, 1, 2))
    if isinstance(value, str):
        return value[:-1] if value and rng.random() < 0.5 else value + rng.choice(value or "a")
    if isinstance(value, list):
        return _wrong_list(value, rng)
    if isinstance(value, tuple):
        return tuple(_wrong_list(list(value), rng))
    if isinstance(value, dict):
        if not value:
            return {0: 1}
        key = rng.choice(list(value))
        return {**value, key: wrong_value(value[key], rng)}
    return 0 if value is None else None


def _wrong_list(value: list[Any], rng: random.Random) -> list[Any]:
    if not value:
        return [0]
    place = rng.randrange(len(value))
    if rng.random() < 0.3:
        return value[:place] + value[place + 1 :]
    return [*value[:place], wrong_value(value[place], rng), *value[place + 1 :]]


def _assert_line(problem: Problem, test: CallTest, rng: random.Random, is_wrong: bool) -> str:
    expected = wrong_value(test.expected, rng) if is_wrong else test.expected
    call = f"{problem.entry_point}({', '.join(map(repr, test.args))})"
    return f"assert {call} == {expected!r}\n"


def _program(exercise: Exercise, rng: random.Random, mix: Mix) -> Lesson:
    text, is_right = rng.choice(exercise.problem.solutions), True
    if rng.random() < mix.spoilt:
        text, is_right = _spoilt(exercise, rng), False
    return Lesson(
        task=Task.PROGRAM,
        problem=exercise.problem,
        prompt=rng.choice(exercise.wordings),
        text=text,
        is_right=is_right,
    )


def _tests(exercise: Exercise, rng: random.Random, mix: Mix) -> Lesson:
    return Lesson(
        task=Task.TESTS,
        problem=exercise.problem,
        prompt=rng.choice(exercise.wordings),
        text=assert_lines(exercise.problem, rng, mix.count, mix.wrong_tests),
    )


def _repair(exercise: Exercise, rng: random.Random) -> Lesson:
    """Returns a lesson whose wrong program is spoilt in one place or a mutant."""
    solution = rng.choice(exercise.problem.solutions)
    wrong = corrupt(solution, rng)
    if exercise.problem.mutants and rng.random() < 0.4:
        wrong = rng.choice(exercise.problem.mutants)
    return Lesson(
        task=Task.REPAIR,
        problem=exercise.problem,
        prompt=rng.choice(exercise.wordings),
        text=solution,
        wrong=wrong,
    )


def _spoilt(exercise: Exercise, rng: random.Random) -> str:
    problem = exercise.problem
    if problem.mutants and rng.random() < 0.5:
        return rng.choice(problem.mutants)
    return corrupt(rng.choice(problem.solutions), rng)
