"""The family ``counting``: dictionaries made of sequences, and questions about them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

from tools.core_suite import samples
from tools.core_suite.family import Entry, Family
from tools.core_suite.lists import INTS_END, INTS_MIDDLE, SENTENCE
from tools.core_suite.part import ItemKind, Part, Role, part, source
from tools.core_suite.text import WORD_EACH, WORD_KEEP

_keep = partial(part, Role.KEEP, ItemKind.TABLE)
_each = partial(part, Role.EACH, ItemKind.TABLE)
_end = partial(part, Role.END, ItemKind.TABLE)


def _sums(pairs: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    table: dict[Any, int] = {}
    for key, amount in pairs:
        table[key] = table.setdefault(key, 0) + amount
    return table


_group = partial(part, Role.WHOLE, ItemKind.WORDS, gives=ItemKind.TABLE)
_QUADRATIC = "{w: {s}.count(w) for w in {s}}"
GROUPS: tuple[Part, ...] = (
    _group(
        "count_each",
        (_QUADRATIC, "{y} = {}\nfor w in {s}:\n    {y}[w] = {y}.get(w, 0) + 1"),
        lambda s, k: dict(Counter(s)),
        ("count how often each occurs", "the table of counts of {}"),
        slow=(_QUADRATIC,),
    ),
    _group(
        "first_index",
        (
            "{w: {s}.index(w) for w in {s}}",
            "{y} = {}\nfor i, w in enumerate({s}):\n    if w not in {y}:\n        {y}[w] = i",
        ),
        lambda s, k: {x: min(i for i, y in enumerate(s) if y == x) for x in s},
        ("map each to the index (from 0) of its first place", "the table of first indices of {}"),
    ),
    _group(
        "last_index",
        "{w: i for i, w in enumerate({s})}",
        lambda s, k: {x: max(i for i, y in enumerate(s) if y == x) for x in s},
        ("map each to the index (from 0) of its last place", "the table of last indices of {}"),
    ),
    _group(
        "letters_by_first",
        "{y} = {}\nfor w in {s}:\n    {y}[w[0]] = {y}.get(w[0], 0) + len(w)",
        lambda s, k: _sums((w[0], len(w)) for w in s),
        ("add up word lengths by first letter", "the table of total lengths by first letter of {}"),
    ),
)

PAIRS: tuple[Part, ...] = (
    part(
        Role.KEEP,
        ItemKind.PAIRS,
        "above",
        "p[1] > {k}",
        lambda p, k: p[1] > k,
        ("keep pairs with an amount above {k}", "the pairs with amounts above {k} of {}"),
        (2, 3, 4, 5),
    ),
    part(
        Role.KEEP,
        ItemKind.PAIRS,
        "even",
        "p[1] % 2 == 0",
        lambda p, k: not p[1] % 2,
        ("keep pairs with an even amount", "the pairs with even amounts of {}"),
    ),
    part(
        Role.KEEP,
        ItemKind.PAIRS,
        "long",
        "len(p[0]) > {k}",
        lambda p, k: len(p[0]) > k,
        (
            "keep pairs with a name longer than {k}",
            "the pairs with names longer than {k} of {}",
        ),
        (2, 3, 4),
    ),
    part(
        Role.EACH,
        ItemKind.PAIRS,
        "twice",
        "(p[0], 2 * p[1])",
        lambda p, k: (p[0], p[1] + p[1]),
        ("double each amount", "the pairs, amounts doubled, of {}"),
    ),
    part(
        Role.EACH,
        ItemKind.PAIRS,
        "initial",
        "(p[0][0], p[1])",
        lambda p, k: (p[0][:1], p[1]),
        ("cut each name to its first letter", "the pairs, names cut to initials, of {}"),
    ),
    part(
        Role.WHOLE,
        ItemKind.PAIRS,
        "total",
        (
            "{y} = {}\nfor a, v in {s}:\n    {y}[a] = {y}.get(a, 0) + v",
            "{y} = {a: 0 for a, v in {s}}\nfor a, v in {s}:\n    {y}[a] += v",
        ),
        lambda s, k: _sums(s),
        ("add up the amounts of each name", "the table of totals by name of {}"),
        slow=("{a: sum(v for b, v in {s} if b == a) for a, _ in {s}}",),
        gives=ItemKind.TABLE,
    ),
    part(
        Role.WHOLE,
        ItemKind.PAIRS,
        "largest",
        "{y} = {}\nfor a, v in {s}:\n    {y}[a] = max(v, {y}.get(a, v))",
        lambda s, k: {a: sorted(v for b, v in s if a == b)[-1] for a, _ in s},
        (
            "take the largest amount of each name",
            "the table of largest amounts by name of {}",
        ),
        slow=("{a: max(v for b, v in {s} if b == a) for a, _ in {s}}",),
        gives=ItemKind.TABLE,
    ),
    part(
        Role.WHOLE,
        ItemKind.PAIRS,
        "newest",
        ("dict({s})", "{a: v for a, v in {s}}"),
        lambda s, k: {a: [v for b, v in s if a == b][-1] for a, _ in s},
        ("take the last amount of each name", "the table of last amounts of {}"),
        gives=ItemKind.TABLE,
    ),
    part(
        Role.WHOLE,
        ItemKind.PAIRS,
        "times",
        "{y} = {}\nfor a, v in {s}:\n    {y}[a] = {y}.get(a, 0) + 1",
        lambda s, k: dict(Counter(a for a, _ in s)),
        ("count the pairs of each name", "the table of pair counts of {}"),
        slow=("{a: sum(b == a for b, _ in {s}) for a, _ in {s}}",),
        gives=ItemKind.TABLE,
    ),
)

TABLE_MIDDLE: tuple[Part, ...] = (
    _keep(
        "above",
        "v > {k}",
        lambda a, v, k: v > k,
        ("keep entries with a value above {k}", "the entries with values above {k} of {}"),
        (1, 2, 3),
    ),
    _keep(
        "at_most",
        "v <= {k}",
        lambda a, v, k: v <= k,
        ("keep entries with a value up to {k}", "the entries with values up to {k} of {}"),
        (1, 2, 3, 4),
    ),
    _keep(
        "even",
        "v % 2 == 0",
        lambda a, v, k: not v % 2,
        ("keep entries with an even value", "the entries with even values of {}"),
        kin="table.divisible",
    ),
    _keep(
        "odd",
        ("v % 2", "v % 2 == 1"),
        lambda a, v, k: v % 2 == 1,
        ("keep entries with an odd value", "the entries with odd values of {}"),
        kin="table.divisible",
    ),
    _each(
        "double",
        ("2 * v", "v + v"),
        lambda a, v, k: v + v,
        ("double the values", "the table, values doubled, of {}"),
        kin="table.times",
    ),
    _each(
        "square",
        ("v * v", "v ** 2"),
        lambda a, v, k: v * v,
        ("square the values", "the table, values squared, of {}"),
        kin="table.square",
    ),
    _each(
        "plus",
        "v + {k}",
        lambda a, v, k: v + k,
        ("add {k} to each value", "the table, values {k} larger, of {}"),
        (1, 2, 3, 5),
    ),
    _each(
        "minus",
        "v - {k}",
        lambda a, v, k: v - k,
        ("take {k} off each value", "the table, values {k} smaller, of {}"),
        (1, 2, 3),
    ),
    part(
        Role.WHOLE,
        ItemKind.TABLE,
        "values",
        "list({s}.values())",
        lambda s, k: [s[a] for a in s],
        ("take the values", "the values of {}"),
        gives=ItemKind.INTS,
    ),
)

TABLE_END: tuple[Part, ...] = (
    _end("table", "{s}", lambda s, k: dict(s), ("them as a dict", "the dict of {}")),
    _end(
        "size",
        "len({s})",
        lambda s, k: sum(1 for _ in s),
        ("the number of entries", "the number of keys of {}"),
    ),
    _end(
        "sum",
        "sum({s}.values())",
        lambda s, k: sum(s[a] for a in s),
        ("the sum of the values", "the sum of values of {}"),
    ),
    _end(
        "max",
        "max({s}.values(), default={k})",
        lambda s, k: sorted(s.values())[-1] if s else k,
        (
            "the largest value, or {k} if none",
            "the largest value (else {k}) of {}",
        ),
        (0, -1, None),
        kin="table.max",
    ),
    _end(
        "keys",
        "sorted({s})",
        lambda s, k: sorted(s.keys()),
        ("the sorted keys", "the sorted keys of {}"),
    ),
)


def _pairs(rng: random.Random, size: int) -> tuple[list[tuple[str, int]]]:
    names = samples.words(rng, max(1, (size + 1) // 2))
    return ([(rng.choice(names), rng.randint(-2, 9)) for _ in range(size)],)


COUNTING = Family(
    name="counting",
    entries=(
        SENTENCE,
        Entry(
            source=source("pairs", ItemKind.PAIRS, "{a}", lambda pairs: pairs, "the (name, amount) pairs in {a}"),
            parameters=(("sales", "log"),),
            sample=_pairs,
            domain="pairs",
        ),
    ),
    middles={
        ItemKind.INTS: INTS_MIDDLE,
        ItemKind.WORDS: (*WORD_KEEP, *WORD_EACH, *GROUPS),
        ItemKind.PAIRS: PAIRS,
        ItemKind.TABLE: TABLE_MIDDLE,
    },
    ends={ItemKind.TABLE: TABLE_END, ItemKind.INTS: INTS_END},
    needs=frozenset(part.name for part in (*GROUPS, *PAIRS, *TABLE_MIDDLE, *TABLE_END)),
)
