"""How an answer is held against what was expected. Runs outside the sandbox, on rebuilt data only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias


class OutputRule(StrEnum):
    """How two texts on standard output are compared."""

    EXACT = "exact"
    """Byte for byte."""
    STRICT = "strict"
    """Line by line; blanks at the ends of lines and blank lines at the end do not count."""
    APPS = "apps"
    """The looser rule of the APPS benchmark, for numbers that can be held against published ones."""


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
