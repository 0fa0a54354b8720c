"""The family ``stdio``: small programs that read standard input and print."""

from __future__ import annotations

import random
from typing import Any

from envs_registry.suites.core import samples
from envs_registry.suites.core.family import Entry, Family
from envs_registry.suites.core.lists import CHARS_MIDDLE, INTS_END, INTS_MIDDLE, WORDS_MIDDLE
from envs_registry.suites.core.orders import ends
from envs_registry.suites.core.part import Kind, Part, Role, part, source
from envs_registry.suites.core.text import CHAR_END, WORD_END


def _printed(kind: Kind) -> tuple[Part, ...]:
    """Returns the ends that print the items themselves."""
    return (
        part(
            Role.END,
            kind,
            "in_line",
            "*{s}",
            lambda s, k: "".join(f" {x}" for x in s)[1:],
            ("them on one line, blanks between", "all in one line, split by blanks", "on one line the sequence of {}"),
        ),
        part(
            Role.END,
            kind,
            "in_lines",
            '*{s}, sep="\\n"',
            lambda s, k: "".join(f"\n{x}" for x in s)[1:],
            ("each on its own line", "them one per line", "on a line each the items of {}"),
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
        source=source(name, Kind.INTS, code, lambda xs: xs, phrase),
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
        _entry(
            "lines",
            ("[int(x) for x in sys.stdin]", "map(int, sys.stdin)"),
            "the integers on the lines of the input",
            _lines,
        ),
        Entry(
            source=source("text_line", Kind.CHARS, "input()", lambda s: s, "the characters of the input line"),
            parameters=(),
            sample=lambda rng, size: (samples.text(rng, size + size // 2),),
            domain="text",
            stdin=lambda args: f"{args[0]}\n",
        ),
        Entry(
            source=source(
                "word_line", Kind.WORDS, "input().split()", lambda s: s.split(), "the words of the input line"
            ),
            parameters=(),
            sample=lambda rng, size: (samples.sentence(rng, size),),
            domain="sentence",
            stdin=lambda args: f"{args[0]}\n",
        ),
    ),
    middles={
        Kind.INTS: INTS_MIDDLE,
        Kind.CHARS: CHARS_MIDDLE,
        Kind.WORDS: WORDS_MIDDLE,
    },
    ends={
        Kind.INTS: (*_printed(Kind.INTS), *_WITHOUT_LIST),
        Kind.CHARS: (*CHAR_END, *ends(Kind.CHARS, "characters")),
        Kind.WORDS: (*_printed(Kind.WORDS), *WORD_END, *ends(Kind.WORDS, "words")),
    },
)
