"""The tables of kinds: from what the sandbox observed to what it is called, and which part of the program it speaks of.

Classes come from exception *types* and statuses, never from message text, so that the tables hold on every CPython.
"""

from __future__ import annotations

from enum import Enum


class Scope(str, Enum):
    """Which part of a completion an error speaks of (RLTF's U_line, U_global and U_ignore)."""

    NONE = "none"
    LINE = "line"
    GLOBAL = "global"
    IGNORE = "ignore"

    def __str__(self) -> str:
        return self.value


class Kind(str, Enum):
    """What went wrong; equal to its own text."""

    NONE = "none"
    WRONG_ANSWER = "wrong_answer"
    # The feedback room completes this table: one member for each kind, e.g. SYNTAX_ERROR = "syntax_error", NAME_ERROR = "name_error", ...

    def __str__(self) -> str:
        return self.value
