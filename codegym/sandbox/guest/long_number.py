"""Numbers that are too long, or too exact, for plain JSON; how long they may be, on both sides."""

from __future__ import annotations

from typing import Any

from .refusal import CodecError, TooLarge, checked

MAX_INT_BITS = 2**18  # beside a Decimal an integer takes the square of that to compare, in our process
_MAX_DIGITS = 20_000
_MAX_EXPONENT = 10**6


def pack_exact(value: Any) -> Any:
    """Returns a Decimal or a Fraction as JSON-safe data, None for any other value; imports neither."""
    kind = type(value)
    if (kind.__module__, kind.__name__) == ("decimal", "Decimal"):
        return {"dec": _not_too_long(str(value))}
    if (kind.__module__, kind.__name__) == ("fractions", "Fraction"):
        return {"frac": [_not_too_long(hex(value.numerator)), _not_too_long(hex(value.denominator))]}
    return None


def _not_too_long(digits: str) -> str:
    if len(digits) > _MAX_DIGITS:
        raise TooLarge("a number of too many digits")
    return digits


def unpack_long(text: Any, max_bits: int = MAX_INT_BITS) -> int:
    """Returns the integer of hexadecimal digits."""
    if len(checked(text, str)) > max_bits // 4 + 4:
        raise CodecError("an integer too long")
    return int(text, 16)


def unpack_decimal(text: Any) -> Any:
    """Returns the Decimal of :func:`pack_exact`."""
    from decimal import Decimal

    if len(checked(text, str)) > _MAX_DIGITS:
        raise CodecError("a decimal too long")
    value = Decimal(text)
    if value.is_finite() and abs(value.adjusted()) > _MAX_EXPONENT:  # as an int, it has that many digits
        raise CodecError("a decimal with too large an exponent")
    return value


def unpack_fraction(parts: Any) -> Any:
    """Returns the Fraction of :func:`pack_exact`."""
    from fractions import Fraction

    if max(map(len, checked(parts, list))) > _MAX_DIGITS:  # reducing it takes the square of that, in our process
        raise CodecError("a fraction too long")
    return Fraction(unpack_long(parts[0]), unpack_long(parts[1]))
