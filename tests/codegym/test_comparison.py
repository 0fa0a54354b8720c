"""How answers are compared: Python's equality, types, tolerances, collections of answers, text."""

from __future__ import annotations

from typing import Any

import pytest

from codegym.comparison import Comparison, OutputRule

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("rule", "expected", "actual", "accepted"),
    [
        ({}, 1, 1.0, True),
        ({}, 1, True, True),
        ({}, [1, 2], (1, 2), False),
        ({}, {"a": [1]}, {"a": [1]}, True),
        ({}, 0.3, 0.1 + 0.2, False),
        ({}, None, 0, False),
        ({"strict_types": True}, 1, 1.0, False),
        ({"strict_types": True}, 1, True, False),
        ({"strict_types": True}, [1, (2,)], [1, (2,)], True),
        ({"strict_types": True}, [1, (2,)], [1, [2]], False),
        ({"strict_types": True}, {1: 2}, {1.0: 2}, False),
        ({"strict_types": True}, {1, 2}, {1, 2.0}, False),
        ({"rel_tolerance": 1e-6}, 0.3, 0.1 + 0.2, True),
        ({"rel_tolerance": 1e-6}, 100, 100.00001, True),
        ({"rel_tolerance": 1e-6}, 100, 100.01, False),
        ({"abs_tolerance": 0.01}, [0.0, {"k": (1.0,)}], [0.005, {"k": (1.001,)}], True),
        ({"abs_tolerance": 0.01}, [0.0, {"k": (1.0,)}], [0.005, {"k": [1.001]}], False),
        ({"abs_tolerance": 0.01}, [1.0], [1.0, 1.0], False),
        ({"abs_tolerance": 0.01}, {1.0, 2.0}, {2.001, 1.001}, True),
        ({"abs_tolerance": 0.01}, NAN, NAN, True),
        ({"abs_tolerance": 0.01}, NAN, 1.0, False),
        ({"abs_tolerance": 0.01}, INF, INF, True),
        ({"abs_tolerance": 0.01}, INF, -INF, False),
        ({"abs_tolerance": 0.01}, 1.0, 10**400, False),
        ({"abs_tolerance": 0.01}, 1.0, "1.0", False),
        ({"any_of": True}, [1, 2], 2, True),
        ({"any_of": True}, [1, 2], [1, 2], False),
        ({"any_of": True, "abs_tolerance": 0.1}, (1.0, 5.0), 5.01, True),
        ({"unordered": True}, [1, 2, 2], (2, 1, 2), True),
        ({"unordered": True}, [1, 2, 2], [1, 1, 2], False),
        ({"unordered": True}, [[1, 2], [3]], [[3], [1, 2]], True),
        ({"unordered": True}, [[1, 2], [3]], [[3], [2, 1]], False),
        ({"unordered": True}, [{1}, {2}, None], [None, {2}, {1}], True),
        ({"unordered": True, "strict_types": True}, [1], (1,), False),
        ({"unordered": True, "abs_tolerance": 0.01}, [1.0, 2.0], [2.001, 1.001], True),
    ],
)
def test_values(rule: dict[str, Any], expected: Any, actual: Any, accepted: bool) -> None:
    assert Comparison(**rule).accepts((), expected, actual) is accepted


def test_checker_replaces_the_rule_and_sees_the_arguments() -> None:
    rule = Comparison(strict_types=True, checker=lambda args, expected, actual: actual in args[0] and expected is None)
    assert rule.accepts(([3, 5],), None, 5)
    assert not rule.accepts(([3, 5],), None, 4)


@pytest.mark.parametrize("error", [TypeError, ValueError, KeyError, ZeroDivisionError, RecursionError, AttributeError])
def test_answer_that_a_checker_chokes_on_is_wrong(error: type[Exception]) -> None:
    def checker(args: tuple[Any, ...], expected: Any, actual: Any) -> bool:
        raise error

    assert not Comparison(checker=checker).accepts((), 1, 1)


def test_deep_and_endless_answers_end() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for rule in (Comparison(), Comparison(abs_tolerance=0.1), Comparison(unordered=True), Comparison(any_of=True)):
        assert not rule.accepts((), [[[1]]], deep)
        assert not rule.accepts((), [1, 2], range(10**18))


@pytest.mark.parametrize(
    ("rule", "expected", "actual", "accepted"),
    [
        (OutputRule.EXACT, "1\n", "1\n", True),
        (OutputRule.EXACT, "1\n", "1", False),
        (OutputRule.STRICT, "1 2\n3\n", "1 2  \r\n3\n\n\n", True),
        (OutputRule.STRICT, "1 2\n3\n", "1  2\n3\n", False),
        (OutputRule.STRICT, "1\n\n2", "1\n2", False),
        (OutputRule.STRICT, "1.0", "1.00", False),
        (OutputRule.STRICT, "1\n2\n3\n", "1\n2\n", False),
        (OutputRule.STRICT, " 1", "1", False),
        (OutputRule.STRICT, "", "\n", True),
        (OutputRule.APPS, "1  2\n\n3", "1 2\n3", True),
        (OutputRule.APPS, "0.3333333", "0.33333333333", True),
        (OutputRule.APPS, "1\n2", "2\n1\n1", True),
        (OutputRule.APPS, "1\n2", "1\n3", False),
        (OutputRule.LIVECODEBENCH, "1.0 2\n", " 1.00  2.0 \n\n", True),
        (OutputRule.LIVECODEBENCH, "0.1", "0.1000001", False),
        (OutputRule.LIVECODEBENCH, "1\n2", "1 2", False),
        (OutputRule.LIVECODEBENCH, "1\n2", "2\n1", False),
        (OutputRule.LIVECODEBENCH, "a 1", "a 1.0", False),
        (OutputRule.LIVECODEBENCH, "1", "sNaN", False),
        (OutputRule.CODECONTESTS, "YES 1\n2", "yes\n1 2", True),
        (OutputRule.CODECONTESTS, "0.5", "0.500001", True),
        (OutputRule.CODECONTESTS, "0.5", "0.50002", False),
        (OutputRule.CODECONTESTS, "1 2", "1 3", False),
        (OutputRule.CODECONTESTS, "1 2", "1", False),
        (OutputRule.CODECONTESTS, "a", "1", False),
    ],
)
def test_output(rule: OutputRule, expected: str, actual: str, accepted: bool) -> None:
    assert Comparison(output=rule).accepts_output(expected, actual) is accepted
