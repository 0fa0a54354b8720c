"""The family ``stdio``: small programs that read standard input and print."""

from __future__ import annotations

import random
from typing import Any

from tools.core_suite import samples
from tools.core_suite.family import Entry, Family
from tools.core_suite.lists import INTS_END, INTS_MIDDLE
from tools.core_suite.part import ItemKind, Role, part, source

# The ends that print the items themselves.
_PRINTED = (
    part(
        Role.END,
        ItemKind.INTS,
        "in_line",
        "*{s}",
        lambda s, k: "".join(f" {x}" for x in s)[1:],
        ("them on one line, blanks between", "on one line the sequence of {}"),
    ),
    part(
        Role.END,
        ItemKind.INTS,
        "in_lines",
        '*{s}, sep="\\n"',
        lambda s, k: "".join(f"\n{x}" for x in s)[1:],
        ("each on its own line", "on a line each the items of {}"),
    ),
)


def _integers(rng: random.Random, size: int) -> tuple[list[int]]:
    return (samples.integers(rng, size),)


def _some_integers(rng: random.Random, size: int) -> tuple[list[int]]:
    return (samples.integers(rng, max(1, size)),)


def _spaced(args: tuple[Any, ...]) -> str:
    return " ".join(map(str, args[0])) + "\n"


def _lines(args: tuple[Any, ...]) -> str:
    return "".join(f"{x}\n" for x in args[0])


def _entry(name: str, code: str | tuple[str, ...], phrase: str, stdin: Any, sample: Any = _integers) -> Entry:
    return Entry(
        source=source(name, ItemKind.INTS, code, lambda xs: xs, phrase),
        parameters=(),
        sample=sample,
        domain="integers",
        stdin=stdin,
    )


_WITHOUT_LIST = tuple(part for part in INTS_END if part.name != "ints.list")
STDIO = Family(
    name="stdio",
    entries=(
        _entry(
            "line",
            ("list(map(int, input().split()))", "map(int, input().split())"),
            "the integers on the input line",
            _spaced,
        ),
        _entry(
            "counted",
            "[int(input()) for _ in range(int(input()))]",
            "the integers after the input's first line, which says how many there are, one a line",
            lambda args: f"{len(args[0])}\n" + _lines(args),
        ),
        _entry(
            "commas",
            ('[int(x) for x in input().split(",")]', 'map(int, input().split(","))'),
            "the integers on the input line, split by commas",
            lambda args: ",".join(map(str, args[0])) + "\n",
            _some_integers,
        ),
    ),
    middles={ItemKind.INTS: INTS_MIDDLE},
    ends={ItemKind.INTS: (*_PRINTED, *_WITHOUT_LIST)},
)
