from __future__ import annotations

import math

import pytest

from agents.evaluation.evaluation import expected_success
from agents.evaluation.evaluator import evaluate
from codegym import CallTest, Judge, Problem

HALF, GOOD, WRONG = "def f(x):\n    return 2\n", "def f(x):\n    return x + 1\n", "def f(x):\n    return x\n"


def test_ties_are_drawn_by_lot() -> None:
    assert expected_success([1, 3, 3, 2], [True, True, False, True]) == 0.5
    assert expected_success([0.1 + 0.2, 0.3], [True, False]) == 0.5
    assert expected_success([1, 2], [True, False]) == 0.0
    assert math.isnan(expected_success([], []))


def test_public_tests_choose() -> None:
    tests = (CallTest(args=(1,), expected=2, public=True), CallTest(args=(5,), expected=6))
    open_problem = Problem(task_id="open", prompt="", entry_point="f", tests=tests)
    closed = Problem(task_id="closed", prompt="", entry_point="f", tests=tests[1:])
    samples = [{"task_id": name, "completion": text} for name in ("open", "closed") for text in (HALF, GOOD, WRONG)]
    with Judge(workers=1) as judge:
        result = evaluate(samples, [open_problem, closed], (1,), judge=judge)
    assert result.pass_at[1].estimate == pytest.approx(1 / 3)
    assert result.reranked["public_tests"].estimate == 0.5  # of HALF and GOOD; the closed problem has no say
    assert [dict(problem.reranked) for problem in result.problems] == [{"public_tests": 0.5}, {}]
