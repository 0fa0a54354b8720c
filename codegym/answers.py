"""Whether a program could give an expected answer at all: what it may send back is bounded in size and depth."""

from __future__ import annotations

import marshal
from typing import Any

from codegym.sandbox.guest.codec import Codec
from codegym.sandbox.guest.refusal import CannotCross, TooLarge

_SURELY_SMALL = 500  # bytes in which no number is too long and nothing is nested too deep


def why_unanswerable(expected: Any) -> str:
    """Returns why no program could return this value, empty if one could."""
    if _is_small(expected):
        return ""
    try:
        Codec().encode(expected)
    except TooLarge as error:
        return str(error)
    except RecursionError:
        return "a value that is nested too deep"
    except CannotCross as error:
        if error.type_name in ("list", "tuple", "dict", "set", "frozenset"):
            return "a value that is nested too deep"
        # An object with an equality of its own may equal data: unittest.mock.ANY, pytest.approx(...).
        owners = [kind for kind in type(expected).__mro__ if kind is not object and "__eq__" in vars(kind)]
        return "" if owners else f"an object of type {error.type_name}"
    return ""


def answer_bytes(expected: Any) -> int:
    """Returns the room that a program needs to send this value back, 0 if any limit has it."""
    if _is_small(expected):
        return 0
    try:
        return len(Codec().encode(expected))
    except (TooLarge, CannotCross, RecursionError):
        return 0


def _is_small(value: Any) -> bool:
    try:
        # By marshal, which is fast: this is asked of every test of a suite, and nearly all values are small.
        return len(marshal.dumps(value)) <= _SURELY_SMALL
    except ValueError:  # a type that marshal does not know
        return False
