"""The families ``lists``, ``strings`` and ``numbers``: sequences of numbers, characters, words, digits, divisors."""

from __future__ import annotations

import random
from functools import partial

from tools.core_suite import integers, samples
from tools.core_suite.family import Entry, Family, Sampler
from tools.core_suite.orders import ends, wholes
from tools.core_suite.part import ItemKind, Loop, Part, Role, part, source
from tools.core_suite.text import (
    CHAR_EACH,
    CHAR_END,
    CHAR_KEEP,
    WORD_EACH,
    WORD_END,
    WORD_KEEP,
)

LIST_NAMES = ("xs", "nums")
TEXT_NAMES = ("s", "text")
NUMBER_NAMES = ("n",)


def as_list(kind: ItemKind) -> Part:
    """Returns the end that gives the items themselves."""
    return part(
        Role.END,
        kind,
        "list",
        "{s}",
        lambda s, k: list(s),
        ("them as a list", "the list of {}"),
        loop=Loop("out = []", "out.append({x})", "out"),
    )


INTS_MIDDLE = (*integers.KEEP, *integers.EACH, *wholes(ItemKind.INTS, "numbers"))
INTS_END = (as_list(ItemKind.INTS), *integers.END, *ends(ItemKind.INTS, "numbers"))
WORDS_MIDDLE = (*WORD_KEEP, *WORD_EACH, *wholes(ItemKind.WORDS, "words"))
WORDS_END = (as_list(ItemKind.WORDS), *WORD_END, *ends(ItemKind.WORDS, "words"))
CHARS_MIDDLE = (*CHAR_KEEP, *CHAR_EACH, *wholes(ItemKind.CHARS, "characters"))
CHARS_END = (*CHAR_END, *ends(ItemKind.CHARS, "characters"))

LIST = Entry(
    source=source("given", ItemKind.INTS, "{a}", lambda xs: xs, "the list {a}"),
    parameters=(LIST_NAMES,),
    sample=lambda rng, size: (samples.integers(rng, size),),
    domain="integers",
)
LISTS = Family(name="lists", entries=(LIST,), middles={ItemKind.INTS: INTS_MIDDLE}, ends={ItemKind.INTS: INTS_END})

CHARACTERS = Entry(
    source=source("characters", ItemKind.CHARS, "{a}", lambda s: s, "the characters of {a}"),
    parameters=(TEXT_NAMES,),
    sample=lambda rng, size: (samples.text(rng, size + size // 2),),
    domain="text",
)
SENTENCE = Entry(
    source=source("words", ItemKind.WORDS, "{a}.split()", lambda s: s.split(), "the words of {a}"),
    parameters=(TEXT_NAMES,),
    sample=lambda rng, size: (samples.sentence(rng, size),),
    domain="sentence",
)
STRINGS = Family(
    name="strings",
    entries=(CHARACTERS, SENTENCE),
    middles={
        ItemKind.CHARS: CHARS_MIDDLE,
        ItemKind.WORDS: WORDS_MIDDLE,
        ItemKind.INTS: (*integers.KEEP, *wholes(ItemKind.INTS, "numbers")),
    },
    ends={ItemKind.CHARS: CHARS_END, ItemKind.WORDS: WORDS_END, ItemKind.INTS: INTS_END},
)


_LARGE = 100


def _number(low: int, high: int) -> Sampler:
    """Returns a sampler of numbers between two bounds; the lower one for size 0, above both for very large sizes."""
    return lambda rng, size: (rng.randint(low, high) if 0 < size < _LARGE else low if size == 0 else high * size // 20,)


def _digits(rng: random.Random, size: int) -> tuple[int]:
    return (rng.randrange(10**size) if size else 0,)


def _interval(rng: random.Random, size: int) -> tuple[int, int]:
    start = rng.randint(-8, 15)
    return (start, start + 2 * size - 1 + rng.randint(0, 2))


_digit_source = partial(
    source,
    "digits",
    ItemKind.INTS,
    ("[int(c) for c in str({a})]", "map(int, str({a}))"),
    lambda n: list(map(int, str(n))),
)
NUMBERS = Family(
    name="numbers",
    entries=(
        Entry(source=_digit_source("the digits of {a}"), parameters=(NUMBER_NAMES,), sample=_digits, domain="digits"),
        Entry(
            source=source(
                "up_to",
                ItemKind.INTS,
                ("list(range(1, {a} + 1))", "range(1, {a} + 1)"),
                lambda n: list(range(1, n + 1)),
                "the numbers from 1 to {a}",
            ),
            parameters=(NUMBER_NAMES,),
            sample=_number(0, 25),
            domain="up_to",
        ),
        Entry(
            source=source(
                "between",
                ItemKind.INTS,
                ("list(range({a}, {b} + 1))", "range({a}, {b} + 1)"),
                lambda a, b: list(range(a, b + 1)),
                "the numbers from {a} to {b}, both included",
            ),
            parameters=(("a",), ("b",)),
            sample=_interval,
            domain="between",
        ),
    ),
    middles={ItemKind.INTS: INTS_MIDDLE},
    ends={ItemKind.INTS: INTS_END},
)
