"""How an answer is held against what was expected. Runs outside the sandbox, on rebuilt data only."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias


class OutputRule(StrEnum):
    """How two texts on standard output are compared."""

    EXACT = "exact"
    """Byte for byte."""
    STRICT = "strict"
    """Line by line; blanks at the ends of lines and blank lines at the end do not count."""
    APPS = "apps"
    """The looser rule of the APPS benchmark, for numbers that can be held against published ones: blank lines and runs
    of blanks do not count, numbers may differ by a relative 1e-5, and the lines may come in any order, with repeats."""
    LIVECODEBENCH = "livecodebench"
    """LiveCodeBench's rule: blanks around lines do not count, and lines of numbers are compared as decimal numbers."""
    CODECONTESTS = "codecontests"
    """CodeContests's rule: the words are compared, wherever the lines end; case does not count, and numbers may differ
    by less than 1e-5."""


Checker: TypeAlias = Callable[[tuple[Any, ...], Any, Any], bool]
"""Trusted code of a suite: ``checker(args, expected, actual) -> accepted``."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The rule by which a problem accepts an answer.

    Attributes:
        strict_types: ``1``, ``1.0`` and ``True`` differ, and so do lists and tuples. Otherwise as Python's ``==``.
        rel_tolerance: Relative tolerance for floats, anywhere in the value.
        abs_tolerance: Absolute tolerance for floats, anywhere in the value.
        any_of: The expected value is a collection of acceptable answers.
        unordered: The order of the outermost list or tuple does not count.
        checker: A suite's own rule; replaces all of the above for values.
        output: The rule for standard output.
    """

    strict_types: bool = False
    rel_tolerance: float = 0.0
    abs_tolerance: float = 0.0
    any_of: bool = False
    unordered: bool = False
    checker: Checker | None = None
    output: OutputRule = OutputRule.STRICT

    def accepts(self, args: tuple[Any, ...], expected: Any, actual: Any) -> bool:
        """Returns whether a value is a right answer.

        Args:
            args: The arguments of the call, for a checker.
            expected: The value that the test names.
            actual: The value that came, rebuilt from data: it has no methods of the program's own.
        """
        try:
            if self.checker is not None:
                return bool(self.checker(args, expected, actual))
            if self.any_of:
                return any(self._matches(answer, actual) for answer in expected)
            return self._matches(expected, actual)
        except (ArithmeticError, RecursionError, TypeError, ValueError, LookupError, AttributeError):
            return False  # an answer of a shape that the rule cannot even compare

    def accepts_output(self, expected: str, actual: str) -> bool:
        """Returns whether a text on standard output is a right answer."""
        return _OUTPUT_RULES[self.output](expected, actual)

    @property
    def _is_plain(self) -> bool:
        return not (self.strict_types or self.rel_tolerance or self.abs_tolerance)

    def _matches(self, expected: Any, actual: Any) -> bool:
        if self.unordered and isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
            if self.strict_types and type(expected) is not type(actual):
                return False
            return self._same_items(list(expected), list(actual))
        return self._same(expected, actual)

    def _same(self, expected: Any, actual: Any) -> bool:
        if self._is_plain:
            return bool(expected == actual)
        if self.strict_types and type(expected) is not type(actual):
            return False
        if isinstance(expected, float) or isinstance(actual, float):
            return self._same_number(expected, actual)
        if isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
            alike = isinstance(expected, list) == isinstance(actual, list)
            return alike and len(expected) == len(actual) and all(map(self._same, expected, actual))
        if isinstance(expected, Mapping) and isinstance(actual, Mapping):
            return self._same_mapping(expected, actual)
        if isinstance(expected, AbstractSet) and isinstance(actual, AbstractSet):
            return self._same_items(list(expected), list(actual))
        return bool(expected == actual)

    def _same_number(self, expected: Any, actual: Any) -> bool:
        if not isinstance(expected, (int, float)) or not isinstance(actual, (int, float)):
            return bool(expected == actual)
        if expected != expected or actual != actual:
            return expected != expected and actual != actual
        return math.isclose(expected, actual, rel_tol=self.rel_tolerance, abs_tol=self.abs_tolerance)

    def _same_mapping(self, expected: Mapping[Any, Any], actual: Mapping[Any, Any]) -> bool:
        if len(expected) != len(actual):
            return False
        if self.strict_types and not self._same_items(list(expected), list(actual)):
            return False
        return all(key in actual and self._same(value, actual[key]) for key, value in expected.items())

    def _same_items(self, expected: list[Any], actual: list[Any]) -> bool:
        """Whether two collections hold the same items, in any order."""
        if len(expected) != len(actual):
            return False
        if self._is_plain:
            try:
                return sorted(expected) == sorted(actual)
            except TypeError:
                pass
        left = list(actual)
        for item in expected:
            for index, candidate in enumerate(left):
                if self._same(item, candidate):
                    del left[index]
                    break
            else:
                return False
        return True


def _strict_accepts(expected: str, actual: str) -> bool:
    return _lines(expected) == _lines(actual)


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _apps_accepts(expected: str, actual: str) -> bool:
    wanted = [line.split() for line in expected.splitlines() if line.strip()]
    given = [line.split() for line in actual.splitlines() if line.strip()]
    if len(wanted) == len(given) and all(map(_apps_same_line, wanted, given)):
        return True
    return {_apps_rounded(line) for line in wanted} == {_apps_rounded(line) for line in given}


def _apps_same_line(expected: list[str], actual: list[str]) -> bool:
    if expected == actual:
        return True
    try:
        pairs = [(float(a), float(b)) for a, b in zip(expected, actual, strict=True)]
    except ValueError:
        return False
    return all(math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-8) for a, b in pairs)


def _apps_rounded(line: list[str]) -> frozenset[object]:
    return frozenset(_apps_token(token) for token in line)


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
    wanted, given = expected.lower().split(), actual.lower().split()
    return len(wanted) == len(given) and all(map(_codecontests_same_word, wanted, given))


def _codecontests_same_word(expected: str, actual: str) -> bool:
    if expected == actual:
        return True
    try:
        return abs(float(expected) - float(actual)) < 1e-5
    except ValueError:
        return False


_OUTPUT_RULES: Mapping[OutputRule, Callable[[str, str], bool]] = {
    OutputRule.EXACT: operator.eq,
    OutputRule.STRICT: _strict_accepts,
    OutputRule.APPS: _apps_accepts,
    OutputRule.LIVECODEBENCH: _livecodebench_accepts,
    OutputRule.CODECONTESTS: _codecontests_accepts,
}
