"""Rules by which two texts on standard output are compared."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import TypeAlias


class OutputRule(StrEnum):
    """How two texts on standard output are compared."""

    EXACT = "exact"
    """Byte for byte."""
    STRICT = "strict"
    """Line by line; blanks at the ends of lines and blank lines at the end do not count."""
    APPS = "apps"
    """The looser rule of the APPS benchmark, for numbers that can be compared with published ones: blank lines and runs
    of blanks do not count, numbers may differ by a relative 1e-5, and the lines may come in any order, with repeats."""
    LIVECODEBENCH = "livecodebench"
    """LiveCodeBench's rule: blanks around lines do not count, and lines of numbers are compared as decimal numbers."""
    CODECONTESTS = "codecontests"
    """CodeContests's rule: the words are compared, wherever the lines end; case does not count, and numbers may differ
    by less than 1e-5."""


def _strict_accepts(expected: str, actual: str) -> bool:
    return lines_of(expected) == lines_of(actual)


def lines_of(text: str) -> list[str]:
    """Returns the lines without blanks at their ends and without blank lines at the end of the text."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def lines_match(
    expected: str, actual: str, *, rel_tolerance: float = 0.0, abs_tolerance: float = 0.0, unordered: bool = False
) -> bool:
    """Compares lines as ``STRICT`` does, with numbers that may differ a little, or lines in any order.

    Args:
        expected: The text that the test names.
        actual: The text that the program printed.
        rel_tolerance: Relative tolerance for numbers; blanks within lines do not count then.
        abs_tolerance: Absolute tolerance for numbers; blanks within lines do not count then.
        unordered: The lines may come in any order, each as often as it is expected.
    """
    wanted, given = lines_of(expected), lines_of(actual)
    if len(wanted) != len(given):
        return False
    if not (rel_tolerance or abs_tolerance):
        return sorted(wanted) == sorted(given) if unordered else wanted == given
    left, right = [_words(line) for line in wanted], [_words(line) for line in given]
    if unordered:
        # Sorted, not matched one by one: a million lines must not take the square of their number.
        left.sort()
        right.sort()
    near = partial(math.isclose, rel_tol=rel_tolerance, abs_tol=abs_tolerance)
    return all(
        len(line) == len(other)
        and all(a[0] == b[0] and a[2] == b[2] and near(a[1], b[1]) for a, b in zip(line, other, strict=True))
        for line, other in zip(left, right, strict=True)
    )


_Word: TypeAlias = tuple[bool, float, str]
"""A word of a line: whether it is no number, its value and its text, in an order in which words can be sorted."""


def _words(line: str) -> list[_Word]:
    return [(True, 0.0, word) if (number := _number(word)) is None else (False, number, "") for word in line.split()]


def _number(word: str) -> float | None:
    """Returns a word's value; not-a-number is a word like others, since it equals nothing and has no order."""
    try:
        value = float(word)
    except ValueError:
        return None
    # float() takes "1_000", which is no number in an output.
    return None if value != value or "_" in word else value


def _apps_accepts(expected: str, actual: str) -> bool:
    wanted = [line.split() for line in expected.splitlines() if line.strip()]
    given = [line.split() for line in actual.splitlines() if line.strip()]
    # APPS's own grader tries line by line first, then forgets about the order.
    if len(wanted) == len(given) and all(map(_apps_same_line, wanted, given)):
        return True
    left, right = ({frozenset(map(_apps_token, line)) for line in lines} for lines in (wanted, given))
    return left == right


def _apps_same_line(expected: list[str], actual: list[str]) -> bool:
    if expected == actual:
        return True
    try:
        pairs = [(float(a), float(b)) for a, b in zip(expected, actual, strict=True)]
    except ValueError:
        return False
    return all(math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-8) for a, b in pairs)


def _apps_token(token: str) -> object:
    try:
        return round(float(token), 3)
    except ValueError:
        return token


def _livecodebench_accepts(expected: str, actual: str) -> bool:
    wanted, given = expected.strip().split("\n"), actual.strip().split("\n")
    return len(wanted) == len(given) and all(map(_livecodebench_same_line, wanted, given))


def _livecodebench_same_line(expected: str, actual: str) -> bool:
    if expected.strip() == actual.strip():
        return True
    try:
        return [Decimal(word) for word in expected.split()] == [Decimal(word) for word in actual.split()]
    except ArithmeticError:
        return False


def _codecontests_accepts(expected: str, actual: str) -> bool:
    # CodeContests's rule knows words only.
    wanted, given = expected.lower().split(), actual.lower().split()
    return len(wanted) == len(given) and all(map(_codecontests_same_word, wanted, given))


def _codecontests_same_word(expected: str, actual: str) -> bool:
    if expected == actual:
        return True
    try:
        return abs(float(expected) - float(actual)) < 1e-5
    except ValueError:
        return False


RULES: Mapping[OutputRule, Callable[[str, str], bool]] = {
    OutputRule.EXACT: operator.eq,
    OutputRule.STRICT: _strict_accepts,
    OutputRule.APPS: _apps_accepts,
    OutputRule.LIVECODEBENCH: _livecodebench_accepts,
    OutputRule.CODECONTESTS: _codecontests_accepts,
}
