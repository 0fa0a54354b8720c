from __future__ import annotations

import ast
import random
from collections import Counter

import pytest

from codegym.judge import Judge
from envs_registry.suites.core import exercises
from tools.tiny_model.lessons import Lesson, _other_value, make_lessons
from tools.tiny_model.recipe import TEMPLATE, ModelRecipe

RECIPE = ModelRecipe(name="r", programs=80, tests=40, repairs=12, corrupted=0.25, wrong_tests=0.3)


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    return make_lessons(RECIPE, exercises("train"))


def ending(lessons: list[Lesson], pattern: str) -> list[Lesson]:
    return [lesson for lesson in lessons if lesson.prompt.endswith(pattern.rpartition("}")[2])]


def test_the_three_tasks_in_their_numbers(lessons: list[Lesson]) -> None:
    assert len(lessons) == 132
    repairs = [lesson for lesson in lessons if "# wrong\n" in lesson.prompt]
    assert len(repairs) == 12
    assert len(ending(lessons, TEMPLATE.tests)) == 40
    assert len(ending(lessons, TEMPLATE.program)) == 92  # repairs end so, too


def test_the_same_recipe_gives_the_same_lessons(lessons: list[Lesson]) -> None:
    assert make_lessons(RECIPE, exercises("train")) == lessons


def test_programs_are_right_except_for_the_share_that_is_not(lessons: list[Lesson]) -> None:
    by_prompt = {wording: e.problem for e in exercises("train") for wording in e.wordings}
    programs = [x for x in ending(lessons, TEMPLATE.program) if "# wrong\n" not in x.prompt]
    problems = [by_prompt[lesson.prompt.removesuffix("\n# program\n")] for lesson in programs]
    with Judge() as judge:
        feedbacks = judge.judge_many(list(zip(problems, [x.answer for x in programs], strict=True)))
    right = sum(feedback.is_success for feedback in feedbacks) / len(feedbacks)
    assert 0.6 < right < 0.92
    assert len({feedback.kind for feedback in feedbacks}) >= 4  # imperfect in many ways


def test_tests_are_asserts_that_parse(lessons: list[Lesson]) -> None:
    answers = [lesson.answer for lesson in ending(lessons, TEMPLATE.tests)]
    statements = [ast.parse(answer).body for answer in answers]
    assert all(isinstance(statement, ast.Assert) for body in statements for statement in body)
    assert Counter(len(body) for body in statements).most_common(1)[0][0] == 4


def test_a_repair_shows_the_program_and_what_is_wrong_with_it(lessons: list[Lesson]) -> None:
    for lesson in lessons:
        if "# wrong\n" in lesson.prompt:
            shown = lesson.prompt.partition("# wrong\n")[2]
            assert shown.startswith("Your program:\n")
            ast.parse(lesson.answer)


@pytest.mark.parametrize("value", [True, 0, 3, 2.5, "", "abc", [], [1, 2], (1, 2), {1: 2}, None])
def test_a_wrong_expectation_differs(value: object) -> None:
    assert all(_other_value(value, random.Random(seed)) != value for seed in range(20))
