"""Checks of loader options."""

from __future__ import annotations

from collections.abc import Iterable

from codegym.errors import InvalidSettingError, UnknownNameError


def choice(option: str, value: str, allowed: Iterable[str]) -> None:
    """Refuses a value that an option does not have.

    Raises:
        UnknownNameError: With the values that exist.
    """
    allowed = tuple(allowed)
    if value not in allowed:
        raise UnknownNameError(f"value of option {option!r}:", value, allowed)


def at_least(option: str, value: float, least: float) -> None:
    """Refuses a number that is too small to mean anything.

    Raises:
        InvalidSettingError: With the smallest that does.
    """
    if value < least:
        raise InvalidSettingError(f"option {option!r} must be at least {least}, got {value!r}.")
