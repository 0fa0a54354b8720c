"""Values as short texts for people and agents."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from types import NoneType
from typing import Any

TEXT_LIMIT = 300  # characters that a value, an output or a message may take in feedback

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")


def shown_line(line: str) -> str:
    """Returns a line of a program for people, as many characters as before: what is unfit to be shown is replaced."""
    return line if line.isprintable() else _UNFIT.sub("\ufffd", line)


class _Short(reprlib.Repr):
    """``repr`` with bounded length, time and depth, which also stands integers too long to be printed."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxlong, self.maxother = 6, 200, 80, 200
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = self.maxdeque = 30

    def repr_int(self, value: int, level: int) -> str:
        # The digits of a long integer take the square of their number.
        bits = value.bit_length()
        return repr(value) if bits < 256 else f"<an int of {bits} bits>"


_SHORT = _Short()


def value_text(value: Any) -> str:
    """Returns a value's ``repr``, cut to a bounded length and free of memory addresses."""
    return cut_text(_repr(value))


def _repr(value: Any) -> str:
    """Returns a bounded ``repr``; small values take the short way, which is much faster."""
    # Most values are small, and ``repr`` is much faster than ``reprlib``.
    return repr(value) if _room(value, 40) > 0 else _SHORT.repr(value)


def _room(value: Any, room: int) -> int:
    """Returns what is left of some room after a value of plain types, zero if it is too large or something else."""
    kind = type(value)
    if kind is int:
        return room - 1 if value.bit_length() < 256 else 0
    if kind in (float, bool, NoneType):
        return room - 1
    if kind is str:
        return room - 1 if len(value) <= 100 else 0
    if kind in (list, tuple) and len(value) < room:
        for element in value:
            room = _room(element, room - 1)
            if room <= 0:
                break
        return room
    return 0


def call_text(entry_point: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Returns a call as people write it: ``f([1, 2], k=3)``."""
    parts = [_repr(arg) for arg in args]
    parts += [f"{name}={_repr(value)}" for name, value in kwargs.items()]
    return cut_text(f"{entry_point}({', '.join(parts)})")


def cut_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Makes a program's text fit to be shown: bounded, harmless, and equal for equal runs.

    The middle of a long text is cut out, memory addresses are blotted out, and what steers a terminal or cannot be
    encoded (control characters but line breaks and tabs, lone surrogates) is written as an escape.
    """
    if len(text) > limit:
        kept = limit // 2 - 2
        text = f"{text[:kept]} ... {text[-kept:]}"
    # One look at the whole text is cheaper than the expression, and most texts pass it.
    if not text.isprintable():
        text = _UNFIT.sub(lambda found: ascii(found.group())[1:-1], text)
    return _ADDRESS.sub("0x...", text) if "0x" in text else text
