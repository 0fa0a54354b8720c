"""A test that no program could pass is refused when the problem is made, or given the room that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any
from unittest.mock import ANY

import numpy as np
import pytest

from codegym import CallTest, Comparison, Judge, Limits, Problem, StdioTest
from codegym.answers import why_unanswerable
from codegym.errors import InvalidProblemError


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def _problem(*tests: Any, **fields: Any) -> Problem:
    return Problem(task_id="p", prompt="", tests=tests, entry_point="f", **fields)


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        (2**300_000, "an integer of too many digits"),
        ([1, {"k": (2**300_000,)}], "an integer of too many digits"),
        (Decimal("1" * 30_000), "a number of too many digits"),
        (Fraction(1, 10**40_000), "a number of too many digits"),
        (_deep(200), "a value that is nested too deep"),
        (_deep(5000), "a value that is nested too deep"),
        (object(), "an object of type object"),
        (1.5, ""),
        (float("nan"), ""),
        (2**200_000, ""),
        ("x" * 10**6, ""),
        (_deep(90), ""),
        (ANY, ""),
        (np.arange(3), ""),
        (int, ""),
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_what_no_program_can_return_is_refused(expected: Any, why: str) -> None:
    assert why_unanswerable(expected) == why
    if not why:
        assert _problem(CallTest(expected=expected)).tests
        return
    with pytest.raises(InvalidProblemError, match=f"no program can give expected of test 0, {why}. Use a ScriptTest"):
        _problem(CallTest(expected=expected))
    checked = Comparison(checker=lambda args, expected, actual: True)
    assert _problem(CallTest(expected=expected), comparison=checked).tests


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=1) as judge:
        yield judge


def test_an_expected_output_above_the_limit_is_given_room(judge: Judge) -> None:
    limits = Limits(output_bytes=1000)
    problem = _problem(StdioTest(stdin="", expected_stdout="x" * 5000), limits=limits)
    assert judge.judge(problem, "print('x' * 5000)").verdict == "pass"
    assert judge.judge(problem, "print('x' * 4999)").verdict == "fail"
    assert judge.judge(problem, "while True: print('x' * 5000)").kind == "output_limit"


def test_an_expected_value_above_the_limit_is_given_room(judge: Judge) -> None:
    limits = Limits(output_bytes=1000)
    problem = _problem(CallTest(args=(1,), expected=list(range(100_000))), limits=limits)
    assert judge.judge(problem, "def f(x): return list(range(100_000))").verdict == "pass"
    assert judge.judge(problem, "def f(x): return list(range(1, 100_001))").verdict == "fail"


def test_not_a_number_can_be_expected(judge: Judge) -> None:
    problem = _problem(CallTest(args=(), expected=[float("nan"), 1]))
    assert judge.judge(problem, "def f(): return [float('nan'), 1]").verdict == "pass"
    assert judge.judge(problem, "def f(): return [0.0, 1]").verdict == "fail"
