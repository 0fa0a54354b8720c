"""How an answer is compared with the expected one. Runs outside the sandbox, on rebuilt data only."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, TypeAlias

from codegym.errors import InvalidProblemError
from codegym.output_rule import RULES, OutputRule, lines_match

__all__ = ["Checker", "Comparison", "OutputRule"]
_PLAIN = frozenset({int, str, float, bool, type(None)})
_MAY_BE_NAN = (float, complex, Decimal)
# A checker that walks through a longer range would not come back: the program's answer takes no room to send.
_LONGEST_RANGE = 10**6


Checker: TypeAlias = Callable[[tuple[Any, ...], Any, Any], bool]
"""Trusted code of a suite: ``checker(args, expected, actual) -> accepted``.

For standard-input tests ``args`` is ``(stdin,)``, and both others are texts.
"""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The rule by which a problem accepts an answer.

    A setting that no test of a problem would use is refused when the problem is made.

    Attributes:
        strict_types: ``1``, ``1.0`` and ``True`` differ, and so do lists and tuples. Otherwise as Python's ``==``,
            except that not-a-number equals itself. For calls.
        rel_tolerance: Relative tolerance for floats, anywhere in the value or in the printed text.
        abs_tolerance: Absolute tolerance for floats, anywhere in the value or in the printed text.
        any_of: The expected value is a collection of acceptable answers. For calls.
        unordered: The order of the outermost list or tuple, or of the printed lines, does not count.
        checker: A suite's own rule; it replaces all the others.
        output: The rule for standard output; tolerances and ``unordered`` go with ``OutputRule.STRICT``.

    Raises:
        InvalidProblemError: If a setting has the wrong type, or a checker comes with settings that it replaces.
    """

    strict_types: bool = False
    rel_tolerance: float = 0.0
    abs_tolerance: float = 0.0
    any_of: bool = False
    unordered: bool = False
    checker: Checker | None = None
    output: OutputRule = OutputRule.STRICT

    def __post_init__(self) -> None:
        for name in ("rel_tolerance", "abs_tolerance"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                raise InvalidProblemError(f"Comparison.{name} must be a finite number of at least 0, got {value!r}.")
        for name in ("strict_types", "any_of", "unordered"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidProblemError(f"Comparison.{name} must be True or False, got {getattr(self, name)!r}.")
        if not isinstance(self.output, str) or self.output not in tuple(OutputRule):
            known = ", ".join(OutputRule)
            raise InvalidProblemError(f"Comparison.output must be one of {known}, got {self.output!r}.")
        object.__setattr__(self, "output", OutputRule(self.output))
        if self.checker is not None and not callable(self.checker):
            raise InvalidProblemError(f"Comparison.checker must be a function or None, got {self.checker!r}.")
        if self.checker is not None and (others := self.changed - {"checker"}):
            raise InvalidProblemError(
                f"Comparison: {', '.join(sorted(others))} would be ignored beside a checker, which replaces every "
                "other rule. Leave one out, or compare so in the checker."
            )

    @property
    def changed(self) -> frozenset[str]:
        """Names of the settings that differ from their defaults."""
        return frozenset(field.name for field in fields(self) if getattr(self, field.name) != field.default)

    @property
    def used_for_calls(self) -> frozenset[str]:
        """Names of the settings that decide about values."""
        values = {"strict_types", "rel_tolerance", "abs_tolerance", "any_of", "unordered"}
        return frozenset(values if self.checker is None else {"checker"})

    @property
    def used_for_output(self) -> frozenset[str]:
        """Names of the settings that decide about printed texts."""
        if self.checker is not None:
            return frozenset({"checker"})
        texts = {"rel_tolerance", "abs_tolerance", "unordered"} if self.output is OutputRule.STRICT else set()
        return frozenset(texts | {"output"})

    def accepts(self, args: tuple[Any, ...], expected: Any, actual: Any) -> bool:
        """Returns whether a value is a right answer.

        Args:
            args: The arguments of the call, for a checker.
            expected: The value that the test names.
            actual: The value that came, rebuilt from data: it has no methods of the program's own.
        """
        try:
            if self.checker is not None:
                return not _has_endless_range(actual) and bool(self.checker(args, expected, actual))
            if self.any_of:
                return any(self._matches(answer, actual) for answer in expected)
            return self._matches(expected, actual)
        except Exception:  # an answer of a shape that the rule, or a suite's checker, cannot even compare
            return False

    def accepts_output(self, expected: str, actual: str, stdin: str = "") -> bool:
        """Returns whether a text on standard output is a right answer.

        Args:
            expected: The text that the test names.
            actual: The text that the program printed.
            stdin: The text that the program read, for a checker.
        """
        if self.checker is not None:
            return self.accepts((stdin,), expected, actual)
        if self.rel_tolerance or self.abs_tolerance or self.unordered:
            return lines_match(
                expected,
                actual,
                rel_tolerance=self.rel_tolerance,
                abs_tolerance=self.abs_tolerance,
                unordered=self.unordered,
            )
        return RULES[self.output](expected, actual)

    @property
    def _is_plain(self) -> bool:
        return not (self.strict_types or self.rel_tolerance or self.abs_tolerance)

    def _matches(self, expected: Any, actual: Any) -> bool:
        if _has_numpy(expected) or _has_numpy(actual):
            return self._same_arrays(expected, actual)
        return self._matches_plain(expected, actual)

    def _same_arrays(self, expected: Any, actual: Any) -> bool:
        """Compares numpy's values by their items: of arrays ``==`` has no single outcome."""
        if self.strict_types and type(expected) is not type(actual):
            return False
        return self._matches_plain(_without_numpy(expected), _without_numpy(actual))

    def _matches_plain(self, expected: Any, actual: Any) -> bool:
        # Sets and mappings have no order to begin with; only the outermost sequence is meant.
        if self.unordered and isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
            if self.strict_types and type(expected) is not type(actual):
                return False
            return self._same_items(list(expected), list(actual))
        return self._same(expected, actual)

    def _same(self, expected: Any, actual: Any) -> bool:
        if self._is_plain and ((is_equal := bool(expected == actual)) or not _has_nan(expected)):
            return is_equal
        if self.strict_types and type(expected) is not type(actual):
            return False
        if isinstance(expected, _MAY_BE_NAN) or isinstance(actual, _MAY_BE_NAN):
            return self._same_number(expected, actual)
        if isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
            # A list is no tuple, as for ``==``; subclasses were rebuilt as what they derive from.
            alike = isinstance(expected, list) == isinstance(actual, list)
            return alike and len(expected) == len(actual) and all(map(self._same, expected, actual))
        if isinstance(expected, Mapping) and isinstance(actual, Mapping):
            return self._same_mapping(expected, actual)
        if isinstance(expected, AbstractSet) and isinstance(actual, AbstractSet):
            return self._same_items(list(expected), list(actual))
        return bool(expected == actual)

    def _same_number(self, expected: Any, actual: Any) -> bool:
        if expected != expected or actual != actual:
            return bool(expected != expected and actual != actual)
        if not isinstance(expected, (int, float)) or not isinstance(actual, (int, float)):
            return bool(expected == actual)
        return math.isclose(expected, actual, rel_tol=self.rel_tolerance, abs_tol=self.abs_tolerance)

    def _same_mapping(self, expected: Mapping[Any, Any], actual: Mapping[Any, Any]) -> bool:
        if len(expected) != len(actual):
            return False
        # ``1`` and ``1.0`` are one key to Python.
        if self.strict_types and not self._same_items(list(expected), list(actual)):
            return False
        return all(key in actual and self._same(value, actual[key]) for key, value in expected.items())

    def _same_items(self, expected: list[Any], actual: list[Any]) -> bool:
        """Whether two collections hold the same items, in any order."""
        if len(expected) != len(actual):
            return False
        if self._is_plain:
            try:
                if (is_equal := sorted(expected) == sorted(actual)) or not _has_nan(expected):
                    return is_equal
            except TypeError:
                pass
        # The square of the number of items, which is the test's own: an answer of another length never gets here.
        left = list(actual)
        for item in expected:
            for index, candidate in enumerate(left):
                if self._same(item, candidate):
                    del left[index]
                    break
            else:
                return False
        return True


def _has_nan(value: Any) -> bool:
    """Whether not-a-number is in an expected value: Python's ``==`` would say that nothing equals it."""
    if isinstance(value, (list, tuple, AbstractSet)):
        return any(map(_has_nan, value))
    if isinstance(value, Mapping):
        return any(map(_has_nan, value.values())) or any(map(_has_nan, value))
    return isinstance(value, _MAY_BE_NAN) and value != value


def _has_endless_range(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_has_endless_range, value))
    if isinstance(value, dict):
        return any(map(_has_endless_range, value.values()))
    return isinstance(value, range) and (value.stop - value.start) // value.step > _LONGEST_RANGE


def _has_numpy(value: Any) -> bool:
    """Whether numbers or arrays of numpy are in a value."""
    if type(value) in (list, tuple):
        kinds = set(map(type, value))
        return not kinds <= _PLAIN and any(map(_has_numpy, value))
    if type(value) is dict:
        return any(map(_has_numpy, value.values()))
    return type(value).__module__ == "numpy"


def _without_numpy(value: Any) -> Any:
    """Returns a value with numpy's numbers as Python's, and its arrays as lists."""
    if type(value) in (list, tuple):
        return type(value)(map(_without_numpy, value))
    if type(value) is dict:
        return {key: _without_numpy(item) for key, item in value.items()}
    return value.tolist() if type(value).__module__ == "numpy" else value
