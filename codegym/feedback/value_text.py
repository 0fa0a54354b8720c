"""Values as short texts for people and agents."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from typing import Any

TEXT_LIMIT = 300
"""Characters that a value, an output or a message may take in feedback."""

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")


class _Short(reprlib.Repr):
    """``repr`` with bounded length, time and depth, which also stands integers too long to be printed."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxlong, self.maxother = 6, 200, 80, 200
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = self.maxdeque = 30

    def repr_int(self, value: int, level: int) -> str:
        bits = value.bit_length()
        return repr(value) if bits < 256 else f"<an int of {bits} bits>"


_SHORT = _Short()


def value_text(value: Any) -> str:
    """Returns a value's ``repr``, cut to a bounded length and free of memory addresses."""
    return cut_text(_SHORT.repr(value))


def call_text(entry_point: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Returns a call as people write it: ``f([1, 2], k=3)``."""
    parts = [_SHORT.repr(arg) for arg in args]
    parts += [f"{name}={_SHORT.repr(value)}" for name, value in kwargs.items()]
    return cut_text(f"{entry_point}({', '.join(parts)})")


def cut_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Cuts the middle out of a long text and blots out memory addresses, so that equal runs give equal texts."""
    if len(text) > limit:
        kept = limit // 2 - 2
        text = f"{text[:kept]} ... {text[-kept:]}"
    return _ADDRESS.sub("0x...", text) if "0x" in text else text
