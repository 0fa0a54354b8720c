"""How answers are compared: Python's equality, types, tolerances, collections of answers, text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from codegym.comparison import Comparison, OutputRule
from codegym.errors import InvalidProblemError

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
        ({}, NAN, NAN, True),
        ({}, [1, {"k": (NAN,)}], [1, {"k": (float("nan"),)}], True),
        ({}, [NAN, 1.0], [float("nan"), 2.0], False),
        ({}, Decimal("NaN"), Decimal("NaN"), True),
        ({}, complex(NAN, 1), complex(NAN, 1), True),
        ({}, 1.0, NAN, False),
        ({"unordered": True}, [NAN, 1.0, 2.0], [2.0, float("nan"), 1.0], True),
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
    rule = Comparison(checker=lambda args, expected, actual: actual in args[0] and expected is None)
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


@pytest.mark.parametrize(
    ("rule", "expected", "actual", "accepted"),
    [
        ({"abs_tolerance": 0.01}, "x 1.0\n2\n", "x  1.005\n2.0\n\n", True),
        ({"abs_tolerance": 0.01}, "x 1.0\n", "y 1.0\n", False),
        ({"abs_tolerance": 0.01}, "1.0\n", "1.02\n", False),
        ({"abs_tolerance": 0.01}, "1.0\n", "1.0\n1.0\n", False),
        ({"abs_tolerance": 0.01}, "1 2\n", "1\n", False),
        ({"rel_tolerance": 1e-6}, "1e10\n", "10000000001\n", True),
        ({"rel_tolerance": 1e-6}, "nan inf\n", "nan inf\n", True),
        ({"rel_tolerance": 1e-6}, "inf\n", "-inf\n", False),
        ({"rel_tolerance": 1e-6}, "1000\n", "1_000\n", False),
        ({"unordered": True}, "b\na\na\n", "a\nb\na", True),
        ({"unordered": True}, "b\na\na\n", "a\nb\nb", False),
        ({"unordered": True}, "a b\n", "b a\n", False),
        ({"unordered": True, "abs_tolerance": 0.1}, "2.0 x\n1.0 y\n", "1.01 y\n1.99 x\n", True),
        ({"unordered": True, "abs_tolerance": 0.1}, "2.0\n1.0\n", "1.01\n1.01\n", False),
    ],
)
def test_tolerances_and_order_hold_for_printed_texts(
    rule: dict[str, Any], expected: str, actual: str, accepted: bool
) -> None:
    assert Comparison(**rule).accepts_output(expected, actual) is accepted


def test_a_million_unordered_lines_are_compared_at_once() -> None:
    text = "\n".join(f"{n}.5 {n}" for n in range(10**5))
    assert Comparison(unordered=True, abs_tolerance=0.01).accepts_output(text, text)


def test_a_checker_sees_what_was_read_and_printed() -> None:
    rule = Comparison(checker=lambda args, expected, actual: int(actual) ** 2 == int(args[0]))
    assert rule.accepts_output("", "-3\n", "9\n")
    assert not rule.accepts_output("", "4\n", "9\n")
    assert not rule.accepts_output("", "no number\n", "9\n")


def test_a_checker_is_not_sent_along_an_endless_range() -> None:
    rule = Comparison(checker=lambda args, expected, actual: sorted(actual[0]) == expected)
    assert not rule.accepts((), [1], [range(10**18)])
    assert rule.accepts((), [0, 1], [range(2)])


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"checker": 3}, "checker must be a function or None, got 3"),
        ({"checker": max, "unordered": True}, "unordered would be ignored beside a checker"),
        ({"abs_tolerance": -1}, "abs_tolerance must be a finite number of at least 0, got -1"),
        ({"rel_tolerance": NAN}, "rel_tolerance must be a finite number"),
        ({"rel_tolerance": "1e-6"}, "rel_tolerance must be a finite number of at least 0, got '1e-6'"),
        ({"unordered": "yes"}, "unordered must be True or False, got 'yes'"),
        ({"output": "loose"}, "output must be one of exact, strict, .*, got 'loose'"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidProblemError, match=complaint):
        Comparison(**settings)
