"""The family ``state``: sequences that are walked through with something remembered on the way."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from functools import partial
from typing import Any

from tools.core_suite import integers
from tools.core_suite.family import Entry, Family
from tools.core_suite.lists import INTS_END, LIST, TEXT_NAMES
from tools.core_suite.orders import wholes
from tools.core_suite.part import ItemKind, Loop, Part, Role, part, source

_scan = partial(part, Role.SCAN, ItemKind.INTS)
_scan_moves = partial(part, Role.SCAN, ItemKind.CHARS)
_whole = partial(part, Role.WHOLE, ItemKind.INTS)


def _walk(rule: str) -> tuple[str, str]:
    """Returns the wordings of a state that follows a rule in words."""
    return (
        f"start with t = 0 and for each x {rule}, noting t each time",
        f"the states t (0 before; for each x {rule}) over {{}}",
    )


SCAN: tuple[Part, ...] = (
    _scan("floor", "max(0, t + x)", lambda t, x, k: t + x if t + x > 0 else 0, _walk("add x to t, but not below 0")),
    _scan(
        "ceiling",
        "min({k}, t + x)",
        lambda t, x, k: t + x if t + x < k else k,
        _walk("add x to t, but not above {k}"),
        (10, 12, 15, 20),
    ),
    _scan(
        "reset",
        "t + x if t + x <= {k} else 0",
        lambda t, x, k: 0 if t + x > k else t + x,
        _walk("add x to t, but reset t to 0 if above {k}"),
        (10, 12, 15, 20),
    ),
    _scan("decay", "t // 2 + x", lambda t, x, k: (t - t % 2) // 2 + x, _walk("halve t (rounding down), then add x")),
    _scan("difference", "x - t", lambda t, x, k: -(t - x), _walk("set t to x - t")),
)


def _runs(s: Sequence[Any]) -> list[int]:
    return [len(list(group)) for _, group in itertools.groupby(s)]


def _cancelled(s: Sequence[int]) -> list[int]:
    rest: list[int] = []
    for x in s:
        if rest[-1:] == [x]:
            del rest[-1]
        else:
            rest += [x]
    return rest


WHOLE: tuple[Part, ...] = (
    _whole(
        "run_lengths",
        "{y} = []\nfor i, x in enumerate({s}):\n    if i and x == {s}[i - 1]:\n        {y}[-1] += 1\n"
        "    else:\n        {y}.append(1)",
        lambda s, k: _runs(s),
        (
            "take the lengths of the runs of equal numbers",
            "the run lengths of {}",
        ),
    ),
    _whole(
        "cancel",
        "{y} = []\nfor x in {s}:\n    if {y} and {y}[-1] == x:\n        {y}.pop()\n    else:\n        {y}.append(x)",
        lambda s, k: _cancelled(s),
        (
            "let equal neighbours cancel out, as on a stack",
            "the stack (equal tops cancel) of {}",
        ),
    ),
    _whole(
        "until_negative",
        "{y} = []\nfor x in {s}:\n    if x < 0:\n        break\n    {y}.append(x)",
        lambda s, k: list(itertools.takewhile(lambda x: x >= 0, s)),
        (
            "stop before the first negative number",
            "the part before the first negative of {}",
        ),
    ),
    _whole(
        "records",
        "[x for i, x in enumerate({s}) if all(x > y for y in {s}[:i])]",
        lambda s, k: [x for i, x in enumerate(s) if i == 0 or x > sorted(s[:i])[-1]],
        (
            "keep those larger than all before them",
            "the records (larger than all before) of {}",
        ),
    ),
    _whole(
        "rising",
        "[x for i, x in enumerate({s}) if i == 0 or x > {s}[i - 1]]",
        lambda s, k: [s[i] for i in range(len(s)) if not (i > 0 and s[i] <= s[i - 1])],
        (
            "keep the first and those above the one before",
            "the first and each above the one before of {}",
        ),
    ),
)

MOVES_SCAN: tuple[Part, ...] = (
    _scan_moves(
        "height",
        't + 1 if c == "+" else t - 1 if c == "-" else t',
        lambda t, c, k: t + (c == "+") - (c == "-"),
        (
            "start with t = 0, add 1 for '+', take 1 off for '-', noting t each time",
            "the heights ('+' up, '-' down, from 0) along {}",
        ),
    ),
    _scan_moves(
        "machine",
        '{"+": t + 1, "-": t - 1, "*": 2 * t}.get(c, 0)',
        lambda t, c, k: 0 if c == "0" else t + t if c == "*" else t + (1 if c == "+" else -1),
        (
            "start with t = 0: '+' adds 1, '-' takes 1, '*' doubles, else t = 0; note t each time",
            "the states ('+' up 1, '-' down 1, '*' double, '0' clear) along {}",
        ),
    ),
    _scan_moves(
        "streak",
        't + 1 if c == "+" else 0',
        lambda t, c, k: (t + 1) * (c == "+"),
        (
            "note after each how many '+' stand in a row there",
            "the streaks of '+' along {}",
        ),
    ),
)
ZERO = part(
    Role.KEEP,
    ItemKind.INTS,
    "zero",
    ("x == 0", "not x"),
    lambda x, k: -1 < x < 1,
    ("keep the zeros", "the zeros among {}"),
    kin="divisible",
)
LAST = part(
    Role.END,
    ItemKind.INTS,
    "final",
    "{s}[-1] if {s} else 0",
    lambda s, k: next(iter(s[::-1]), 0),
    ("the last one, 0 if none", "the last (else 0) of {}"),
    loop=Loop("last = 0", "last = {x}", "last"),
)


def _moves(rng: random.Random, size: int) -> tuple[str]:
    return ("".join(rng.choice("+++--**0") for _ in range(size)),)


MOVES = Entry(
    source=source("moves", ItemKind.CHARS, "{a}", lambda s: s, "the signs of {a}"),
    parameters=(TEXT_NAMES,),
    sample=_moves,
    domain="moves",
)
_MOVE_KEEP = part(
    Role.KEEP,
    ItemKind.CHARS,
    "other_sign",
    'c != "{k}"',
    lambda c, k: c not in k,
    ("drop every '{k}'", "all but the '{k}' of {}"),
    ("+", "-", "*", "0"),
)
STATE = Family(
    name="state",
    entries=(LIST, LIST, MOVES),
    middles={
        ItemKind.INTS: (*integers.KEEP, ZERO, *integers.EACH, *SCAN, *WHOLE, *wholes(ItemKind.INTS, "numbers")),
        ItemKind.CHARS: (_MOVE_KEEP, *MOVES_SCAN, *wholes(ItemKind.CHARS, "signs")),
    },
    ends={ItemKind.INTS: (LAST, *INTS_END)},
    needs=frozenset(part.name for part in (*SCAN, *WHOLE, *MOVES_SCAN)),
)
