"""A part: one operation that compositions are made of, with its words, its code and its meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

Constant: TypeAlias = int | str | None


class ItemKind(Enum):
    """What flows between two parts. The value is the name that programs give one item of it."""

    INTS = "x"
    CHARS = "c"
    WORDS = "w"
    PAIRS = "p"
    TABLE = "v"
    VALUE = ""


class Role(Enum):
    """How a part takes its input."""

    SOURCE = "source"
    """Makes the first sequence out of the arguments."""
    KEEP = "keep"
    """A condition on each item."""
    EACH = "each"
    """A new item for each item."""
    SCAN = "scan"
    """A state that each item changes; gives the states."""
    WHOLE = "whole"
    """A new sequence (or table) made of the whole sequence."""
    END = "end"
    """The answer."""


@dataclass(frozen=True)
class Loop:
    """How an END part is written inside a loop over the items.

    Attributes:
        init: The line before the loop, empty where none is needed.
        update: The line in the loop; ``{x}`` is the item.
        result: The expression after the loop.
    """

    init: str
    update: str
    result: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One operation.

    Attributes:
        name: Unique name; compositions are known by their parts' names.
        role: How it takes its input.
        takes: What comes in.
        gives: What goes out.
        does: Its meaning, the trusted reference, independent of ``code``: ``(item, k)`` for KEEP and EACH,
            ``(items, k)`` for SCAN, WHOLE and END, ``(*arguments)`` for SOURCE.
        code: Expressions, plainest first: ``{x}`` the item, ``{s}`` the sequence, ``{k}`` the constant, ``{t}`` the
            state of a SCAN, ``{a}`` and ``{b}`` the arguments of a SOURCE.
        slow: Dearer ways, same meaning; a text of several lines assigns ``{y}``.
        step: Its words as an instruction ("keep the even numbers"); for END and SOURCE as a noun ("their sum").
        noun: Words that nest: "the even numbers among {}".
        constants: What ``{k}`` may be; empty where there is none.
        loop: For END: how a loop computes it.
        init: For SCAN: the state's first value.
        keeps_text: A WHOLE whose code gives a str for a str.
        kin: Parts of one kin are written alike up to constants and kinds of items; splits take them as one part.
    """

    name: str
    role: Role
    takes: ItemKind
    gives: ItemKind
    does: Callable[..., Any]
    code: tuple[str, ...]
    slow: tuple[str, ...] = ()
    step: str
    noun: str = ""
    constants: tuple[Constant, ...] = ()
    loop: Loop | None = None
    init: str = "0"
    keeps_text: bool = False
    kin: str = ""


def part(
    role: Role,
    kind: ItemKind,
    name: str,
    code: str | tuple[str, ...],
    does: Callable[..., Any],
    words: tuple[str, str],
    constants: tuple[Constant, ...] = (),
    **more: Any,
) -> Part:
    """Returns a part in short: its name gets the kind in front.

    Args:
        role: How it takes its input.
        kind: What comes in, and, unless ``gives`` is among ``more``, what goes out.
        name: Unique within the kind.
        code: One way to write it, or several.
        does: Its meaning; of a SCAN: ``(state, item, k)`` to the next state.
        words: Step and noun.
        constants: What ``{k}`` may be.
        **more: Other fields of ``Part``.
    """
    if role is Role.SCAN:
        does = _states(does, int(more.get("init", "0")))
    return Part(
        name=f"{kind.name.lower()}.{name}",
        role=role,
        takes=kind,
        gives=more.pop("gives", _GIVES.get(role, kind)),
        does=does,
        code=(code,) if isinstance(code, str) else code,
        step=words[0],
        noun=words[1],
        constants=constants,
        **more,
    )


_GIVES = {Role.SCAN: ItemKind.INTS, Role.END: ItemKind.VALUE}


def _states(does: Callable[..., int], start: int) -> Callable[[Any, Constant], list[int]]:
    def states(items: Any, k: Constant) -> list[int]:
        state, seen = start, []
        for item in items:
            state = does(state, item, k)
            seen.append(state)
        return seen

    return states


def source(
    name: str, gives: ItemKind, code: str | tuple[str, ...], does: Callable[..., Any], phrase: str, **more: Any
) -> Part:
    """Returns a part that makes the first sequence; the second of two codes is the shorter one before a loop."""
    codes = (code,) if isinstance(code, str) else code
    return Part(
        name=name,
        role=Role.SOURCE,
        takes=ItemKind.VALUE,
        gives=gives,
        does=does,
        code=codes,
        step=phrase,
        **more,
    )
