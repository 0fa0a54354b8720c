"""The lessons of a small model: prompts and answers for the three tasks, right and wrong ones mixed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agents.policy.prompt_template import Task
from codegym.feedback.report import turn_text
from codegym.judge import Judge
from codegym.problem import CallTest, Problem
from codegym.sandbox.limits import Limits
from envs_registry.suites.core import Exercise
from tools.core_suite.corruption import Corruption, corrupt
from tools.tiny_model.recipe import TEMPLATE, ModelRecipe

_ASSERTS = 4
_LONGEST_ASSERT = 90
# Judging a program that never ends takes as long as its limit allows, so the lessons have none.
_TERMINATING = tuple(kind for kind in Corruption if kind is not Corruption.INFINITE_LOOP)
_PLAIN_STYLE = 0.4
"""Share of the right answers that are in the plainest style."""
_OWN_PROMPT = 0.5
"""Share of the lessons with the problem's own prompt instead of another wording of it."""
_LIMITS = Limits(cpu_seconds=1.0)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A prompt in the model's own template, and the answer that it learns to give."""

    prompt: str
    answer: str


def make_lessons(recipe: ModelRecipe, exercises: Sequence[Exercise]) -> list[Lesson]:
    """Returns all lessons of a recipe, shuffled; the same ones every time."""
    rng = random.Random(recipe.seed)
    exercises = [exercise for exercise in exercises if exercise.problem.difficulty in recipe.difficulties]
    lessons = [
        *_take(recipe.programs, _program_lessons(exercises, recipe.corrupted, rng)),
        *_take(recipe.tests, _test_lessons(exercises, recipe.wrong_tests, rng)),
        *_take(recipe.repairs, _repair_lessons(exercises, recipe, rng)),
    ]
    rng.shuffle(lessons)
    return lessons


def _take(count: int, lessons: Iterator[Lesson]) -> list[Lesson]:
    return [next(lessons) for _ in range(count)]


def _rounds(exercises: Sequence[Exercise], rng: random.Random) -> Iterator[Exercise]:
    """All exercises in a new order, again and again."""
    while True:
        yield from rng.sample(exercises, len(exercises))


def _program_lessons(exercises: Sequence[Exercise], corrupted: float, rng: random.Random) -> Iterator[Lesson]:
    for exercise in _rounds(exercises, rng):
        program = _style(exercise.problem, rng)
        if rng.random() < corrupted:
            program = _wrong(exercise.problem, program, rng, tuple(Corruption))
        yield Lesson(prompt=TEMPLATE.text(Task.PROGRAM, _wording(exercise, rng)), answer=program)


def _test_lessons(exercises: Sequence[Exercise], wrong: float, rng: random.Random) -> Iterator[Lesson]:
    called = [exercise for exercise in exercises if exercise.problem.entry_point]
    for exercise in _rounds(called, rng):
        tests = [test for test in exercise.problem.tests if isinstance(test, CallTest)]
        lines = [_assert_line(exercise.problem, test, rng.random() < wrong, rng) for test in tests]
        short = [line for line in lines if len(line) <= _LONGEST_ASSERT]
        if short:
            chosen = rng.sample(short, min(_ASSERTS, len(short)))
            yield Lesson(prompt=TEMPLATE.text(Task.TESTS, _wording(exercise, rng)), answer="\n".join(chosen) + "\n")


def _assert_line(problem: Problem, test: CallTest, wrong: bool, rng: random.Random) -> str:
    arguments = [repr(value) for value in test.args] + [f"{name}={value!r}" for name, value in test.kwargs.items()]
    expected = _other_value(test.expected, rng) if wrong else test.expected
    return f"assert {problem.entry_point}({', '.join(arguments)}) == {expected!r}"


def _other_value(value: Any, rng: random.Random) -> Any:
    """A value of the same type that is another one, as a careless author of tests would write it."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + rng.choice((-2, -1, 1, 2))
        case str():
            return value[:-1] if value else "a"
        case list() | tuple() if value:
            left_out = rng.randrange(len(value))
            return type(value)(item for i, item in enumerate(value) if i != left_out)
    return [value]


def _repair_lessons(exercises: Sequence[Exercise], recipe: ModelRecipe, rng: random.Random) -> Iterator[Lesson]:
    """Each wrong program is shown with what the environment would say about it."""
    chosen = _take_exercises(recipe.repairs, exercises, rng)
    answers = [_style(exercise.problem, rng) for exercise in chosen]
    pairs = [
        (exercise.problem, _wrong(exercise.problem, answer, rng, _TERMINATING))
        for exercise, answer in zip(chosen, answers, strict=True)
    ]
    with Judge(limits=_LIMITS) as judge:
        feedbacks = judge.judge_many(pairs)
    for exercise, answer, feedback in zip(chosen, answers, feedbacks, strict=True):
        report = turn_text(feedback, exercise.problem)
        prompt = TEMPLATE.text(Task.REPAIR, _wording(exercise, rng), report)
        yield Lesson(prompt=prompt, answer=answer)


def _take_exercises(count: int, exercises: Sequence[Exercise], rng: random.Random) -> list[Exercise]:
    rounds = _rounds(exercises, rng)
    return [next(rounds) for _ in range(count)]


def _wording(exercise: Exercise, rng: random.Random) -> str:
    """Half the time the problem's own prompt, which is drawn as those of the other splits are."""
    return exercise.problem.prompt if rng.random() < _OWN_PROMPT else rng.choice(exercise.wordings)


def _style(problem: Problem, rng: random.Random) -> str:
    """A reference program, mostly the plainest: one style is learned sooner than four styles mixed."""
    return problem.solutions[0] if rng.random() < _PLAIN_STYLE else rng.choice(problem.solutions)


def _wrong(problem: Problem, program: str, rng: random.Random, kinds: tuple[Corruption, ...]) -> str:
    """A wrong program for the problem: a known mutant, or the program with something broken in it."""
    if problem.mutants and rng.random() < 0.3:
        return rng.choice(problem.mutants)
    return corrupt(program, rng, kinds=kinds)
