"""The embedded suite as its users see it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from codegym.errors import InvalidSettingError, UnknownNameError
from codegym.problem import CallTest, StdioTest
from envs_registry import load_suite
from envs_registry.suites.core import SPLITS, exercises, load

EVERYTHING = [exercise for split in SPLITS for exercise in exercises(split)]


def test_there_are_enough_problems_in_every_family_difficulty_and_split() -> None:
    assert len(EVERYTHING) >= 1500
    assert len(load("train")) >= 1000
    assert len(load("validation")) >= 100
    assert len(load("test")) >= 300
    for split in SPLITS:
        table = Counter((exercise.family, exercise.problem.difficulty) for exercise in exercises(split))
        for family in ("lists", "strings", "numbers", "counting", "state", "stdio"):
            for difficulty in ("easy", "medium", "hard", "expert"):
                assert table[family, difficulty] >= 1, (split, family, difficulty)


def test_an_unknown_split_is_named_with_a_hint() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'train'"):
        load("trian")


def test_another_seed_is_refused_with_the_command_that_draws_it() -> None:
    with pytest.raises(InvalidSettingError, match=r"must be 0, got 7: .*python -m tools.core_suite --seed 7 --out"):
        load_suite("core", split="test", seed=7)
    assert list(load_suite("core", split="test", seed=0)) == list(load("test"))


def test_task_ids_count_on_from_split_to_split() -> None:
    ids = [exercise.problem.task_id for exercise in EVERYTHING]
    assert ids == [f"core/{number}" for number in range(len(ids))]


@pytest.mark.parametrize("split", SPLITS)
def test_each_problem_is_whole(split: str) -> None:
    for exercise in exercises(split):
        problem = exercise.problem
        assert problem.prompt == exercise.wordings[0]
        assert len(problem.prompt) <= 300, problem.task_id
        assert problem.starter_code in problem.prompt
        assert len(problem.tests) >= 8, problem.task_id
        assert 2 <= len(problem.public_tests) <= 3, problem.task_id
        assert len(set(problem.solutions)) >= 2, problem.task_id
        assert problem.mutants, problem.task_id
        assert not set(problem.mutants) & set(problem.solutions), problem.task_id
        assert problem.tags == (exercise.family, *exercise.skeleton)
        kinds = {type(test) for test in problem.tests}
        assert kinds == ({CallTest} if problem.entry_point else {StdioTest})
        for program in problem.solutions:
            assert len(program) <= 260, problem.task_id
            assert program.count("\n") <= 11, problem.task_id


def test_composed_problems_come_in_several_wordings() -> None:
    composed = [exercise for exercise in EVERYTHING if exercise.family != "classics"]
    assert all(len(set(exercise.wordings)) >= 2 for exercise in composed)
    assert sum(len(set(exercise.wordings)) == 3 for exercise in composed) > 0.8 * len(composed)


def test_no_two_tests_of_a_problem_have_the_same_input() -> None:
    for exercise in EVERYTHING:
        inputs = [repr(getattr(test, "args", None) or getattr(test, "stdin", None)) for test in exercise.problem.tests]
        assert len(set(inputs)) == len(inputs), exercise.problem.task_id


def test_empty_inputs_are_among_the_tests() -> None:
    lists = [exercise.problem for exercise in EVERYTHING if exercise.family == "lists"]
    assert all(any(test.args[0] == [] for test in problem.tests if isinstance(test, CallTest)) for problem in lists)


def test_loading_needs_no_maker() -> None:
    code = (
        "import sys, envs_registry; before = set(sys.modules)\n"
        "envs_registry.load_suite('core', split='validation')\n"
        "print(sorted(name for name in set(sys.modules) - before if name.startswith(('envs_registry', 'tools'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['envs_registry.suites', 'envs_registry.suites.core']"
