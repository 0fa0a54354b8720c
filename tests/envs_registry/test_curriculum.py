from __future__ import annotations

import pytest

from codegym import Problem, StdioTest
from codegym.errors import InvalidProblemError, UnknownNameError
from envs_registry.curriculum import curriculum
from envs_registry.suite import Suite


def suite(*difficulties: str | None) -> Suite:
    tests = (StdioTest(stdin="", expected_stdout="1"),)
    problems = [
        Problem(task_id=str(i), prompt="x" * i, tests=tests, difficulty=level) for i, level in enumerate(difficulties)
    ]
    return Suite("own", "all", problems)


def ids(stages: tuple[Suite, ...]) -> list[tuple[str, ...]]:
    return [stage.task_ids for stage in stages]


def test_by_the_benchmarks_words() -> None:
    mixed = suite("hard", "easy", "medium", "easy")
    assert ids(curriculum(mixed, 2)) == [("1", "3"), ("0", "1", "2", "3")]
    assert ids(curriculum(mixed, 2, cumulative=False)) == [("1", "3"), ("0", "2")]
    assert ids(curriculum(suite("competition", "introductory", "interview"), 3, cumulative=False)) == [
        ("1",),
        ("2",),
        ("0",),
    ]


def test_by_numbers_tables_and_functions() -> None:
    assert ids(curriculum(suite("1200", "800"), 2, cumulative=False)) == [("1",), ("0",)]
    plain = suite(None, None, None)
    assert ids(curriculum(plain, 3, hardness={"0": 0.5, "1": 0.9, "2": 0.1}, cumulative=False)) == [
        ("2",),
        ("0",),
        ("1",),
    ]
    assert ids(curriculum(plain, 3, hardness=lambda p: -len(p.prompt), cumulative=False)) == [("2",), ("1",), ("0",)]


def test_bad_input() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'easy'"):
        curriculum(suite("eazy"), 1)
    with pytest.raises(UnknownNameError, match="unknown difficulty of 0 None"):
        curriculum(suite(None), 1)
    with pytest.raises(UnknownNameError, match="task in the table of hardness '1'"):
        curriculum(suite(None, None), 1, hardness={"0": 1.0})
    with pytest.raises(InvalidProblemError, match="1 to 2"):
        curriculum(suite("easy", "easy"), 3)
