"""The family ``state``: sequences that are walked through with something remembered on the way."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from functools import partial
from typing import Any

from envs_registry.suites.core import integers
from envs_registry.suites.core.family import Entry, Family
from envs_registry.suites.core.lists import INTS_END, LIST, TEXT_NAMES
from envs_registry.suites.core.orders import wholes
from envs_registry.suites.core.part import Kind, Loop, Part, Role, part, source

_scan = partial(part, Role.SCAN, Kind.INTS)
_scan_moves = partial(part, Role.SCAN, Kind.CHARS)
_whole = partial(part, Role.WHOLE, Kind.INTS)


def _walk(rule: str) -> tuple[str, str, str]:
    """Returns the wordings of a state that follows a rule in words."""
    return (
        f"start with t = 0 and for each x {rule}, noting t each time",
        f"replace each x by a state t (0 at first): {rule}",
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
    _scan("gap", "abs(t - x)", lambda t, x, k: max(t, x) - min(t, x), _walk("set t to the distance of t and x")),
    _scan(
        "clock", "(t + x) % {k}", lambda t, x, k: divmod(t + x, k)[1], _walk("add x to t modulo {k}"), (5, 7, 10, 12)
    ),
    _scan(
        "chase",
        "t + (x > t) - (x < t)",
        lambda t, x, k: t + 1 if x > t else t - 1 if x < t else t,
        _walk("move t by 1 towards x"),
    ),
    _scan(
        "streak_positive",
        "t + 1 if x > 0 else 0",
        lambda t, x, k: (t + 1) * (x > 0),
        _walk("add 1 to t if x is positive, else set t to 0"),
    ),
    _scan(
        "streak_even",
        "t + 1 if x % 2 == 0 else 0",
        lambda t, x, k: (t + 1) * (1 - x % 2),
        _walk("add 1 to t if x is even, else set t to 0"),
    ),
    _scan(
        "even_odd",
        "t + x if x % 2 == 0 else t - x",
        lambda t, x, k: t + x * (1 - 2 * (x % 2)),
        _walk("add x to t if even, subtract it if odd"),
    ),
    _scan(
        "climb",
        "t + x if x > t else t",
        lambda t, x, k: t + x * (x > t),
        _walk("add x to t only if x is above t"),
    ),
    _scan(
        "hold",
        "x if x > t else t - 1",
        lambda t, x, k: max(x, t - 1) if x > t else t - 1,
        _walk("set t to x if x is above t, else take 1 off t"),
    ),
    _scan(
        "count_above",
        "t + (x > {k})",
        lambda t, x, k: t + 1 if x > k else t,
        _walk("add 1 to t if x is above {k}"),
        (0, 2, 4, 6),
    ),
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
            "replace each run of equals by its length",
            "the run lengths of {}",
        ),
    ),
    _whole(
        "cancel",
        "{y} = []\nfor x in {s}:\n    if {y} and {y}[-1] == x:\n        {y}.pop()\n    else:\n        {y}.append(x)",
        lambda s, k: _cancelled(s),
        (
            "let equal neighbours cancel out, as on a stack",
            "push each on a stack, but pop when the top is equal",
            "the stack (equal tops cancel) of {}",
        ),
    ),
    _whole(
        "until_negative",
        "{y} = []\nfor x in {s}:\n    if x < 0:\n        break\n    {y}.append(x)",
        lambda s, k: list(itertools.takewhile(lambda x: x >= 0, s)),
        (
            "stop before the first negative number",
            "keep those before the first negative one",
            "the part before the first negative of {}",
        ),
    ),
    _whole(
        "records",
        "[x for i, x in enumerate({s}) if all(x > y for y in {s}[:i])]",
        lambda s, k: [x for i, x in enumerate(s) if i == 0 or x > sorted(s[:i])[-1]],
        (
            "keep those larger than all before them",
            "keep each new record",
            "the records (larger than all before) of {}",
        ),
    ),
    _whole(
        "rising",
        "[x for i, x in enumerate({s}) if i == 0 or x > {s}[i - 1]]",
        lambda s, k: [s[i] for i in range(len(s)) if not (i > 0 and s[i] <= s[i - 1])],
        (
            "keep the first and those above the one before",
            "drop those not above the one before",
            "the first and each above the one before of {}",
        ),
    ),
    _whole(
        "after_even",
        "[x for i, x in enumerate({s}) if i == 0 or {s}[i - 1] % 2]",
        lambda s, k: [s[i] for i in range(len(s)) if not (i > 0 and s[i - 1] % 2 == 0)],
        (
            "drop each number right after an even one",
            "skip what follows an even number",
            "those not right after an even one in {}",
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
            "note the height after each: '+' is up, '-' down",
            "the heights ('+' up, '-' down, from 0) along {}",
        ),
    ),
    _scan_moves(
        "machine",
        '{"+": t + 1, "-": t - 1, "*": 2 * t}.get(c, 0)',
        lambda t, c, k: 0 if c == "0" else t + t if c == "*" else t + (1 if c == "+" else -1),
        (
            "start with t = 0: '+' adds 1, '-' takes 1, '*' doubles, else t = 0; note t each time",
            "run them on t = 0, noting t: '+' up 1, '-' down 1, '*' double, '0' clear",
            "the states ('+' up 1, '-' down 1, '*' double, '0' clear) along {}",
        ),
    ),
    _scan_moves(
        "streak",
        't + 1 if c == "+" else 0',
        lambda t, c, k: (t + 1) * (c == "+"),
        (
            "note after each how many '+' stand in a row there",
            "replace each by the length of its streak of '+' so far",
            "the streaks of '+' along {}",
        ),
    ),
)
ZERO = part(
    Role.KEEP,
    Kind.INTS,
    "zero",
    ("x == 0", "not x"),
    lambda x, k: -1 < x < 1,
    ("keep the zeros", "drop all but 0", "the zeros among {}"),
    kin="divisible",
)
LAST = part(
    Role.END,
    Kind.INTS,
    "final",
    "{s}[-1] if {s} else 0",
    lambda s, k: next(iter(s[::-1]), 0),
    ("the last one, 0 if none", "the final value (0 if there is none)", "the last (else 0) of {}"),
    loop=Loop("last = 0", "last = {x}", "last"),
)


def _moves(rng: random.Random, size: int) -> tuple[str]:
    return ("".join(rng.choice("+++--**0") for _ in range(size)),)


MOVES = Entry(
    source=source("moves", Kind.CHARS, "{a}", lambda s: s, "the signs of {a}"),
    parameters=(TEXT_NAMES,),
    sample=_moves,
    domain="moves",
)
_MOVE_KEEP = part(
    Role.KEEP,
    Kind.CHARS,
    "other_sign",
    'c != "{k}"',
    lambda c, k: c not in k,
    ("drop every '{k}'", "leave out each '{k}'", "all but the '{k}' of {}"),
    ("+", "-", "*", "0"),
)
STATE = Family(
    name="state",
    entries=(LIST, LIST, MOVES),
    middles={
        Kind.INTS: (*integers.KEEP, ZERO, *integers.EACH, *SCAN, *WHOLE, *wholes(Kind.INTS, "numbers")),
        Kind.CHARS: (_MOVE_KEEP, *MOVES_SCAN, *wholes(Kind.CHARS, "signs")),
    },
    ends={Kind.INTS: (LAST, *INTS_END)},
    needs=frozenset(part.name for part in (*SCAN, *WHOLE, *MOVES_SCAN)),
)
