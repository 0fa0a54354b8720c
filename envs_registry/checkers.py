"""Rules of acceptance that benchmarks bring along, by name, so that a file of problems can name them too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codegym.comparison import Checker
from codegym.errors import UnknownNameError


def accepts_as_apps(args: tuple[Any, ...], expected: Any, actual: Any) -> bool:
    """APPS's rule for calls: lists and tuples are the same, and the answer may be wrapped in a list of one."""
    actual, expected = _listed(actual), _listed(expected)
    return bool(actual == expected or (isinstance(expected, list) and len(expected) == 1 and actual == expected[0]))


def accepts_as_livecodebench(args: tuple[Any, ...], expected: Any, actual: Any) -> bool:
    """LiveCodeBench's rule: a tuple is taken for a list, at the top."""
    return bool((list(actual) if isinstance(actual, tuple) else actual) == expected)


def accepts_within_second_argument(args: tuple[Any, ...], expected: Any, actual: Any) -> bool:
    """A number may be off by the second argument, as QuixBugs's square root may."""
    # The call is sqrt(x, epsilon), so that the test itself says how exact the answer must be.
    return isinstance(actual, (int, float)) and abs(actual - expected) <= args[1]


CHECKERS: Mapping[str, Checker] = {
    "apps": accepts_as_apps,
    "livecodebench": accepts_as_livecodebench,
    "within_second_argument": accepts_within_second_argument,
}
"""Every checker that a file may name."""


def checker_named(name: str) -> Checker:
    """Returns a checker.

    Raises:
        UnknownNameError: If there is none of this name.
    """
    if name not in CHECKERS:
        raise UnknownNameError("checker", name, CHECKERS)
    return CHECKERS[name]


def name_of(checker: Checker) -> str | None:
    """Returns the name of a checker, None for one that has none."""
    return next((name for name, known in CHECKERS.items() if known is checker), None)


def _listed(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_listed(item) for item in value]
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return value
