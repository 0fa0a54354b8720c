"""Parts that work on any sequence, whatever its items: order, selection by place, counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from itertools import groupby
from typing import Any

from envs_registry.suites.core.part import Kind, Loop, Part, Role, part


def _unique(items: Iterable[Any]) -> list[Any]:
    seen: list[Any] = []
    return [x for x in items if x not in seen and not seen.append(x)]  # type: ignore[func-returns-value]


def _alike(role: Role, kind: Kind, name: str, *fields: Any, **more: Any) -> Part:
    """Returns a part that is written alike for every kind of items."""
    more.setdefault("kin", "every_nth" if name in ("alternate", "every_third") else name)
    return part(role, kind, name, *fields, **more)


def wholes(kind: Kind, items: str) -> tuple[Part, ...]:
    """Returns the parts that reorder or select, for sequences of ``kind``; ``items`` is their plural in prompts."""
    whole = partial(_alike, Role.WHOLE, kind)
    v = kind.value
    return (
        whole(
            "reverse",
            ("{s}[::-1]", "list(reversed({s}))"),
            lambda s, k: [s[-i] for i in range(1, len(s) + 1)],
            ("reverse the order", "turn the order around", "the reverse of {}"),
            keeps_text=True,
        ),
        whole(
            "sort",
            "sorted({s})",
            lambda s, k: sorted(s),
            (f"sort the {items}", "put them in ascending order", "the ascending order of {}"),
            slow=(
                f"{{y}} = []\nfor {v} in {{s}}:\n    i = 0\n    while i < len({{y}}) and {{y}}[i] <= {v}:\n"
                f"        i += 1\n    {{y}}.insert(i, {v})",
            ),
        ),
        whole(
            "sort_down",
            ("sorted({s}, reverse=True)", "sorted({s})[::-1]"),
            lambda s, k: sorted(s)[::-1],
            ("sort descending", "put them in descending order", "the descending order of {}"),
        ),
        whole(
            "first",
            "{s}[:{k}]",
            lambda s, k: [x for i, x in enumerate(s) if i < k],
            (f"take the first {{k}} {items}", "cut to the first {k}", "the first {k} of {}"),
            (2, 3, 4, 5),
            keeps_text=True,
        ),
        whole(
            "last",
            "{s}[-{k}:]",
            lambda s, k: [x for i, x in enumerate(s) if i >= len(s) - k],
            (f"take the last {{k}} {items}", "cut to the last {k}", "the last {k} of {}"),
            (2, 3, 4, 5),
            keeps_text=True,
        ),
        whole(
            "skip",
            "{s}[{k}:]",
            lambda s, k: [x for i, x in enumerate(s) if i >= k],
            (f"skip the first {{k}} {items}", "cut off the first {k}", "all but the first {k} of {}"),
            (1, 2, 3),
            keeps_text=True,
        ),
        whole(
            "chop",
            "{s}[:-{k}]",
            lambda s, k: [x for i, x in enumerate(s) if i < len(s) - k],
            (f"drop the last {{k}} {items}", "cut off the last {k}", "all but the last {k} of {}"),
            (1, 2, 3),
            keeps_text=True,
        ),
        whole(
            "alternate",
            "{s}[::2]",
            lambda s, k: [x for i, x in enumerate(s) if i % 2 == 0],
            ("take the 1st, 3rd, 5th, ...", "drop the 2nd, 4th, ...", "the 1st, 3rd, 5th, ... of {}"),
            keeps_text=True,
        ),
        whole(
            "alternate_second",
            "{s}[1::2]",
            lambda s, k: [x for i, x in enumerate(s) if i % 2],
            ("take the 2nd, 4th, 6th, ...", "drop the 1st, 3rd, ...", "the 2nd, 4th, 6th, ... of {}"),
            keeps_text=True,
        ),
        whole(
            "every_third",
            "{s}[::3]",
            lambda s, k: [x for i, x in enumerate(s) if i % 3 == 0],
            ("take the 1st, 4th, 7th, ...", "keep every third from the 1st on", "the 1st, 4th, 7th, ... of {}"),
            keeps_text=True,
        ),
        whole(
            "distinct",
            "list(dict.fromkeys({s}))",
            lambda s, k: _unique(s),
            (
                "drop repeats, keeping first ones",
                f"keep each {items[:-1]}'s first occurrence",
                f"the distinct {items} of {{}}",
            ),
            slow=(f"{{y}} = []\nfor {v} in {{s}}:\n    if {v} not in {{y}}:\n        {{y}}.append({v})",),
        ),
        whole(
            "once",
            f"[{v} for {v} in {{s}} if {{s}}.count({v}) == 1]",
            lambda s, k: [x for x in s if Counter(s)[x] == 1],
            ("keep those that occur once", "drop all that occur more than once", "those occurring once in {}"),
        ),
        whole(
            "squeeze",
            f"[{v} for i, {v} in enumerate({{s}}) if i == 0 or {v} != {{s}}[i - 1]]",
            lambda s, k: [key for key, _ in groupby(s)],
            ("drop those equal to the one before", "shrink runs of equals to one", "{} without repeated neighbours"),
        ),
        whole(
            "rotate",
            "{s}[{k}:] + {s}[:{k}]",
            lambda s, k: [x for i, x in enumerate(s) if i >= k] + [x for i, x in enumerate(s) if i < k],
            (f"move the first {{k}} {items} to the end", "rotate left by {k}", "the left rotation by {k} of {}"),
            (1, 2, 3),
            keeps_text=True,
        ),
    )


def ends(kind: Kind, items: str) -> tuple[Part, ...]:
    """Returns the parts that answer with a count or a place, for sequences of ``kind``."""
    end = partial(_alike, Role.END, kind)
    v = kind.value
    return (
        end(
            "count",
            "len({s})",
            lambda s, k: sum(1 for _ in s),
            ("how many there are", f"the number of {items}", "the number of {}"),
            loop=Loop("total = 0", "total += 1", "total"),
        ),
        end(
            "count_distinct",
            "len(set({s}))",
            lambda s, k: len(_unique(s)),
            (f"how many distinct {items} there are", "how many different ones there are", "the number of distinct {}"),
            loop=Loop("seen = set()", "seen.add({x})", "len(seen)"),
            slow=(f"len([i for i, {v} in enumerate({{s}}) if {v} not in {{s}}[:i]])",),
        ),
        end(
            "all_distinct",
            "len(set({s})) == len({s})",
            lambda s, k: len(_unique(s)) == len(s),
            ("whether all are different", "True if nothing repeats", "whether nothing repeats in {}"),
            slow=(f"all({{s}}.count({v}) == 1 for {v} in {{s}})",),
        ),
        end(
            "is_mirror",
            "{s} == {s}[::-1]",
            lambda s, k: all(s[i] == s[len(s) - 1 - i] for i in range(len(s))),
            (
                "whether they read the same backwards",
                "True if they form a palindrome",
                "whether a palindrome is formed by {}",
            ),
        ),
    )
