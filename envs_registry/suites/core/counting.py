"""The family ``counting``: dictionaries made of sequences, and questions about them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

from envs_registry.suites.core import integers, samples
from envs_registry.suites.core.family import Entry, Family
from envs_registry.suites.core.lists import INTS_END, LIST, SENTENCE
from envs_registry.suites.core.orders import wholes
from envs_registry.suites.core.part import Kind, Part, Role, part, source
from envs_registry.suites.core.text import WORD_EACH, WORD_KEEP

_keep = partial(part, Role.KEEP, Kind.TABLE)
_each = partial(part, Role.EACH, Kind.TABLE)
_end = partial(part, Role.END, Kind.TABLE)


def _sums(pairs: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    table: dict[Any, int] = {}
    for key, amount in pairs:
        table[key] = table.setdefault(key, 0) + amount
    return table


def _tables(kind: Kind) -> tuple[Part, ...]:
    """Returns the parts that make a table of a sequence of items."""
    whole = partial(part, Role.WHOLE, kind, gives=Kind.TABLE)
    v = kind.value
    quadratic = f"{{{v}: {{s}}.count({v}) for {v} in {{s}}}}"
    return (
        whole(
            "count_each",
            (quadratic, f"{{y}} = {{}}\nfor {v} in {{s}}:\n    {{y}}[{v}] = {{y}}.get({v}, 0) + 1"),
            lambda s, k: dict(Counter(s)),
            ("count how often each occurs", "make a table of each and its count", "the table of counts of {}"),
            slow=(quadratic,),
        ),
        whole(
            "first_index",
            (
                f"{{{v}: {{s}}.index({v}) for {v} in {{s}}}}",
                f"{{y}} = {{}}\nfor i, {v} in enumerate({{s}}):\n    if {v} not in {{y}}:\n        {{y}}[{v}] = i",
            ),
            lambda s, k: {x: min(i for i, y in enumerate(s) if y == x) for x in s},
            (
                "map each to the index (from 0) of its first place",
                "make a table of each and where it is first",
                "the table of first indices of {}",
            ),
        ),
        whole(
            "last_index",
            f"{{{v}: i for i, {v} in enumerate({{s}})}}",
            lambda s, k: {x: max(i for i, y in enumerate(s) if y == x) for x in s},
            (
                "map each to the index (from 0) of its last place",
                "make a table of each and where it is last",
                "the table of last indices of {}",
            ),
        ),
    )


def _grouped(key: str, amount: str, variable: str) -> tuple[str, ...]:
    return (f"{{y}} = {{}}\nfor {variable} in {{s}}:\n    {{y}}[{key}] = {{y}}.get({key}, 0) + {amount}",)


GROUPS: tuple[Part, ...] = (
    part(
        Role.WHOLE,
        Kind.INTS,
        "sum_by_digit",
        _grouped("abs(x) % 10", "x", "x"),
        lambda s, k: _sums((int(str(x)[-1]), x) for x in s),
        ("sum them by last digit", "make a table: last digit to sum", "the table of sums by last digit of {}"),
        gives=Kind.TABLE,
    ),
    part(
        Role.WHOLE,
        Kind.INTS,
        "count_by_remainder",
        _grouped("x % {k}", "1", "x"),
        lambda s, k: _sums((x % k, 1) for x in s),
        ("count them by remainder by {k}", "make a table: x % {k} to count", "the table of counts by x % {k} of {}"),
        (2, 3, 4),
        gives=Kind.TABLE,
    ),
    part(
        Role.WHOLE,
        Kind.WORDS,
        "letters_by_first",
        _grouped("w[0]", "len(w)", "w"),
        lambda s, k: _sums((w[0], len(w)) for w in s),
        (
            "add up word lengths by first letter",
            "make a table: first letter to total length",
            "the table of total lengths by first letter of {}",
        ),
        gives=Kind.TABLE,
    ),
    part(
        Role.WHOLE,
        Kind.WORDS,
        "count_by_length",
        _grouped("len(w)", "1", "w"),
        lambda s, k: dict(Counter(map(len, s))),
        (
            "count them by length",
            "make a table: length to number of words",
            "the table of counts by length of {}",
        ),
        gives=Kind.TABLE,
    ),
    part(
        Role.WHOLE,
        Kind.WORDS,
        "count_by_last",
        _grouped("w[-1]", "1", "w"),
        lambda s, k: dict(Counter([w[len(w) - 1] for w in s])),
        (
            "count them by last letter",
            "make a table: last letter to number of words",
            "the table of counts by last letter of {}",
        ),
        gives=Kind.TABLE,
    ),
)

PAIRS: tuple[Part, ...] = (
    part(
        Role.KEEP,
        Kind.PAIRS,
        "above",
        "p[1] > {k}",
        lambda p, k: p[1] > k,
        ("keep pairs with an amount above {k}", "drop amounts up to {k}", "the pairs with amounts above {k} of {}"),
        (2, 3, 4, 5),
    ),
    part(
        Role.KEEP,
        Kind.PAIRS,
        "even",
        "p[1] % 2 == 0",
        lambda p, k: not p[1] % 2,
        ("keep pairs with an even amount", "drop odd amounts", "the pairs with even amounts of {}"),
    ),
    part(
        Role.KEEP,
        Kind.PAIRS,
        "long",
        "len(p[0]) > {k}",
        lambda p, k: len(p[0]) > k,
        (
            "keep pairs with a name longer than {k}",
            "drop names of up to {k} letters",
            "the pairs with names longer than {k} of {}",
        ),
        (2, 3, 4),
    ),
    part(
        Role.EACH,
        Kind.PAIRS,
        "twice",
        "(p[0], 2 * p[1])",
        lambda p, k: (p[0], p[1] + p[1]),
        ("double each amount", "make every amount twice as large", "the pairs, amounts doubled, of {}"),
    ),
    part(
        Role.EACH,
        Kind.PAIRS,
        "initial",
        "(p[0][0], p[1])",
        lambda p, k: (p[0][:1], p[1]),
        ("cut each name to its first letter", "use only initials as names", "the pairs, names cut to initials, of {}"),
    ),
    part(
        Role.WHOLE,
        Kind.PAIRS,
        "total",
        (
            "{y} = {}\nfor a, v in {s}:\n    {y}[a] = {y}.get(a, 0) + v",
            "{y} = {a: 0 for a, v in {s}}\nfor a, v in {s}:\n    {y}[a] += v",
        ),
        lambda s, k: _sums(s),
        ("add up the amounts of each name", "make a table: name to total", "the table of totals by name of {}"),
        slow=("{a: sum(v for b, v in {s} if b == a) for a, _ in {s}}",),
        gives=Kind.TABLE,
    ),
    part(
        Role.WHOLE,
        Kind.PAIRS,
        "largest",
        "{y} = {}\nfor a, v in {s}:\n    {y}[a] = max(v, {y}.get(a, v))",
        lambda s, k: {a: sorted(v for b, v in s if a == b)[-1] for a, _ in s},
        (
            "take the largest amount of each name",
            "make a table: name to largest amount",
            "the table of largest amounts by name of {}",
        ),
        slow=("{a: max(v for b, v in {s} if b == a) for a, _ in {s}}",),
        gives=Kind.TABLE,
    ),
    part(
        Role.WHOLE,
        Kind.PAIRS,
        "newest",
        ("dict({s})", "{a: v for a, v in {s}}"),
        lambda s, k: {a: [v for b, v in s if a == b][-1] for a, _ in s},
        ("take the last amount of each name", "make a table: name to last amount", "the table of last amounts of {}"),
        gives=Kind.TABLE,
    ),
    part(
        Role.WHOLE,
        Kind.PAIRS,
        "times",
        "{y} = {}\nfor a, v in {s}:\n    {y}[a] = {y}.get(a, 0) + 1",
        lambda s, k: dict(Counter(a for a, _ in s)),
        ("count the pairs of each name", "make a table: name to number of pairs", "the table of pair counts of {}"),
        slow=("{a: sum(b == a for b, _ in {s}) for a, _ in {s}}",),
        gives=Kind.TABLE,
    ),
)

TABLE_MIDDLE: tuple[Part, ...] = (
    _keep(
        "above",
        "v > {k}",
        lambda a, v, k: v > k,
        ("keep entries with a value above {k}", "drop values up to {k}", "the entries with values above {k} of {}"),
        (1, 2, 3),
    ),
    _keep(
        "at_most",
        "v <= {k}",
        lambda a, v, k: v <= k,
        ("keep entries with a value up to {k}", "drop values above {k}", "the entries with values up to {k} of {}"),
        (1, 2, 3, 4),
    ),
    _keep(
        "even",
        "v % 2 == 0",
        lambda a, v, k: not v % 2,
        ("keep entries with an even value", "drop odd values", "the entries with even values of {}"),
        kin="table.divisible",
    ),
    _keep(
        "odd",
        ("v % 2", "v % 2 == 1"),
        lambda a, v, k: v % 2 == 1,
        ("keep entries with an odd value", "drop even values", "the entries with odd values of {}"),
        kin="table.divisible",
    ),
    _each(
        "double",
        ("2 * v", "v + v"),
        lambda a, v, k: v + v,
        ("double the values", "make each value twice as large", "the table, values doubled, of {}"),
        kin="table.times",
    ),
    _each(
        "square",
        ("v * v", "v ** 2"),
        lambda a, v, k: v * v,
        ("square the values", "multiply each value by itself", "the table, values squared, of {}"),
        kin="table.square",
    ),
    _each(
        "plus",
        "v + {k}",
        lambda a, v, k: v + k,
        ("add {k} to each value", "make each value {k} larger", "the table, values {k} larger, of {}"),
        (1, 2, 3, 5),
    ),
    _each(
        "minus",
        "v - {k}",
        lambda a, v, k: v - k,
        ("take {k} off each value", "make each value {k} smaller", "the table, values {k} smaller, of {}"),
        (1, 2, 3),
    ),
    _each(
        "cap",
        ("min(v, {k})", "v if v < {k} else {k}"),
        lambda a, v, k: k if v > k else v,
        ("cap the values at {k}", "lower values above {k} to {k}", "the table, values capped at {k}, of {}"),
        (2, 3, 4),
    ),
    _each(
        "remainder",
        "v % {k}",
        lambda a, v, k: divmod(v, k)[1],
        ("take the values modulo {k}", "replace values by remainders by {k}", "the table, values modulo {k}, of {}"),
        (2, 3, 4),
    ),
    part(
        Role.WHOLE,
        Kind.TABLE,
        "values",
        "list({s}.values())",
        lambda s, k: [s[a] for a in s],
        ("take the values", "forget the keys", "the values of {}"),
        gives=Kind.INTS,
    ),
)

TABLE_END: tuple[Part, ...] = (
    _end("table", "{s}", lambda s, k: dict(s), ("them as a dict", "the resulting dict", "the dict of {}")),
    _end(
        "size",
        "len({s})",
        lambda s, k: sum(1 for _ in s),
        ("the number of entries", "how many keys there are", "the number of keys of {}"),
    ),
    _end(
        "sum",
        "sum({s}.values())",
        lambda s, k: sum(s[a] for a in s),
        ("the sum of the values", "all values added up", "the sum of values of {}"),
    ),
    _end(
        "max",
        "max({s}.values(), default={k})",
        lambda s, k: sorted(s.values())[-1] if s else k,
        (
            "the largest value, or {k} if none",
            "the maximum of the values ({k} if none)",
            "the largest value (else {k}) of {}",
        ),
        (0, -1, None),
        kin="table.max",
    ),
    _end(
        "keys",
        "sorted({s})",
        lambda s, k: sorted(s.keys()),
        ("the sorted keys", "a list of the keys in ascending order", "the sorted keys of {}"),
    ),
    _end(
        "top_key",
        ("max({s}, key={s}.get, default=None)", "max({s}, key=lambda a: {s}[a], default=None)"),
        lambda s, k: next((a for a in s if s[a] == max(s.values())), None),
        (
            "the first key with the largest value, None if none",
            "the key of the largest value (first of ties, None if none)",
            "the first key of the largest value (else None) of {}",
        ),
        kin="table.key",
    ),
    _end(
        "low_key",
        ("min({s}, key={s}.get, default=None)", "min({s}, key=lambda a: {s}[a], default=None)"),
        lambda s, k: next((a for a in s if s[a] == min(s.values())), None),
        (
            "the first key with the smallest value, None if none",
            "the key of the smallest value (first of ties, None if none)",
            "the first key of the smallest value (else None) of {}",
        ),
        kin="table.key",
    ),
    _end(
        "by_value",
        "sorted({s}, key={s}.get)",
        lambda s, k: [a for v in sorted(set(s.values())) for a in s if s[a] == v],
        (
            "the keys by ascending value (ties keep order)",
            "the keys, smallest value first (ties keep order)",
            "the keys by ascending value (ties keep order) of {}",
        ),
    ),
    _end(
        "items",
        "sorted({s}.items())",
        lambda s, k: [(a, s[a]) for a in sorted(s)],
        ("a list of (key, value), sorted", "the sorted items", "the sorted items of {}"),
    ),
)


def _pairs(rng: random.Random, size: int) -> tuple[list[tuple[str, int]]]:
    names = samples.words(rng, max(1, (size + 1) // 2))
    return ([(rng.choice(names), rng.randint(-2, 9)) for _ in range(size)],)


def _stock(rng: random.Random, size: int) -> tuple[dict[str, int]]:
    return ({word: rng.randint(-2, 6) for word in samples.words(rng, size)},)


_INTS_MIDDLE = (*integers.KEEP, *integers.EACH, *wholes(Kind.INTS, "numbers"), *_tables(Kind.INTS), *GROUPS[:2])
COUNTING = Family(
    name="counting",
    entries=(
        LIST,
        SENTENCE,
        Entry(
            source=source("pairs", Kind.PAIRS, "{a}", lambda pairs: pairs, "the (name, amount) pairs in {a}"),
            parameters=(("sales", "log"),),
            sample=_pairs,
            domain="pairs",
        ),
        Entry(
            source=source("table", Kind.TABLE, "{a}", lambda table: table, "the dict {a}"),
            parameters=(("d", "stock"),),
            sample=_stock,
            domain="table",
        ),
    ),
    middles={
        Kind.INTS: _INTS_MIDDLE,
        Kind.WORDS: (*WORD_KEEP, *WORD_EACH, *_tables(Kind.WORDS), *GROUPS[2:]),
        Kind.PAIRS: PAIRS,
        Kind.TABLE: TABLE_MIDDLE,
    },
    ends={Kind.TABLE: TABLE_END, Kind.INTS: INTS_END},
    needs=frozenset(
        part.name for part in (*_tables(Kind.INTS), *_tables(Kind.WORDS), *GROUPS, *PAIRS, *TABLE_MIDDLE, *TABLE_END)
    ),
)
