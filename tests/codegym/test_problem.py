"""Records say at once what is wrong with them: later it would look like a program's fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codegym import CallTest, Judge, Problem, ScriptTest, StdioTest
from codegym.comparison import Comparison, OutputRule
from codegym.errors import InvalidProblemError, InvalidSettingError


def _problem(**fields: Any) -> Problem:
    return Problem(**{"task_id": "p", "prompt": "", "tests": (), **fields})


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: CallTest(args=5), "args must be a tuple, got a int: 5"),
        (lambda: CallTest(kwargs=[1]), "kwargs must be a mapping"),
        (lambda: CallTest(kwargs={1: 2}), r"kwargs must have texts as keys, got \[1\]"),
        (lambda: CallTest(public="no"), "public must be True or False, got a str: 'no'"),
        (lambda: StdioTest(stdin="", expected_stdout="", public=1), "public must be True or False"),
        (lambda: ScriptTest(source="", public=None), "public must be True or False"),
        (lambda: CallTest(expected=lambda x: x), "expected must be data"),
        (lambda: CallTest(expected=reversed([1, 2])), "expected must be data, got a list_reverseiterator"),
        (lambda: CallTest(expected_args=1), "expected_args must be a tuple or None"),
        (lambda: StdioTest(stdin=3, expected_stdout=""), "stdin must be a text, got a int"),
        (lambda: StdioTest(stdin="", expected_stdout=b""), "expected_stdout must be a text, got a bytes"),
        (lambda: ScriptTest(source=None), "source must be a text"),
        (lambda: ScriptTest(source="assert f(1)\0"), r"source holds '\\x00' at 11"),
        (lambda: ScriptTest(source="assert f('\ud800')"), r"source holds '\\ud800' at 10"),
        (lambda: _problem(entry_point=3), "entry_point must be a text or None"),
        (lambda: _problem(difficulty=3), "difficulty must be a text or None, got a int: 3"),
        (lambda: _problem(one_process="yes"), "one_process must be True or False"),
        (
            lambda: _problem(entry_point="f", tests=(CallTest(expected=1),), comparison=Comparison(any_of=True)),
            "expected of test 0.* must be a collection of right answers, got a int: 1",
        ),
        (lambda: _problem(limits=3), r"limits must be Limits\(...\) or None"),
        (lambda: _problem(starter_code=None), "starter_code must be a text"),
        (lambda: _problem(solutions=(3,)), "each of solutions must be a text"),
        (lambda: _problem(solutions="def f(): pass"), "solutions must be a tuple"),
        (lambda: _problem(tests=("assert f()",)), "test 0 must be a CallTest, StdioTest or ScriptTest"),
        (lambda: _problem(tests=(CallTest(),)), "test 0 is a CallTest, so the problem needs entry_point"),
        (lambda: _problem(tests=(ScriptTest(source=""),)), "test 0 is a ScriptTest, so the problem needs entry_point"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(make: Callable[[], Any], complaint: str) -> None:
    with pytest.raises(InvalidProblemError, match=complaint):
        make()


def test_a_script_in_the_programs_own_process_needs_no_entry_point() -> None:
    assert _problem(tests=(ScriptTest(source="x = 1"),), one_process=True).entry_point is None


def test_limits_that_are_none_are_named_by_the_judge() -> None:
    with pytest.raises(InvalidSettingError, match=r"limits must be Limits\(...\) or None, got 3"):
        Judge(workers=1, limits=3)  # type: ignore[arg-type]


CALL, STDIO, SCRIPT = CallTest(expected=[1]), StdioTest(stdin="", expected_stdout=""), ScriptTest(source="assert f()")


@pytest.mark.parametrize(
    ("rule", "tests", "unused"),
    [
        ({"any_of": True}, (STDIO,), "comparison.any_of would be ignored, as the tests are of the kinds StdioTest"),
        ({"strict_types": True}, (STDIO,), "comparison.strict_types would be ignored"),
        ({"output": OutputRule.APPS}, (CALL,), "comparison.output would be ignored"),
        ({"output": OutputRule.APPS, "unordered": True}, (STDIO,), "unordered would be ignored.*with output='strict'"),
        ({"output": OutputRule.EXACT, "abs_tolerance": 0.1}, (STDIO,), "comparison.abs_tolerance would be ignored"),
        ({"checker": max}, (SCRIPT,), "comparison.checker would be ignored.*write it into the script"),
        ({"unordered": True}, (SCRIPT,), "comparison.unordered would be ignored"),
        ({"any_of": True}, (CALL, STDIO), ""),
        ({"checker": max}, (CALL, STDIO, SCRIPT), ""),
        ({"unordered": True, "rel_tolerance": 1e-6}, (STDIO,), ""),
        ({"output": OutputRule.APPS}, (STDIO,), ""),
        ({"unordered": True}, (), ""),
    ],
)
def test_a_setting_that_no_test_would_use_is_refused(rule: dict[str, Any], tests: Any, unused: str) -> None:
    if not unused:
        assert _problem(entry_point="f", tests=tests, comparison=Comparison(**rule)).tests == tests
        return
    with pytest.raises(InvalidProblemError, match=unused):
        _problem(entry_point="f", tests=tests, comparison=Comparison(**rule))
