"""Parts that work on any sequence, whatever its items: order, selection by place, counting."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from tools.core_suite.part import ItemKind, Loop, Part, Role, part


def _unique(items: Iterable[Any]) -> list[Any]:
    seen: list[Any] = []
    return [x for x in items if x not in seen and not seen.append(x)]  # type: ignore[func-returns-value]


def _alike(role: Role, kind: ItemKind, name: str, *fields: Any, **more: Any) -> Part:
    """Returns a part that is written alike for every kind of items."""
    more.setdefault("kin", name)
    return part(role, kind, name, *fields, **more)


def wholes(kind: ItemKind, items: str) -> tuple[Part, ...]:
    """Returns the parts that reorder or select, for sequences of ``kind``; ``items`` is their plural in prompts."""
    whole = partial(_alike, Role.WHOLE, kind)
    v = kind.value
    return (
        whole(
            "reverse",
            ("{s}[::-1]", "list(reversed({s}))"),
            lambda s, k: [s[-i] for i in range(1, len(s) + 1)],
            ("reverse the order", "the reverse of {}"),
            keeps_text=True,
        ),
        whole(
            "sort",
            "sorted({s})",
            lambda s, k: sorted(s),
            (f"sort the {items}", "the ascending order of {}"),
            slow=(
                f"{{y}} = []\nfor {v} in {{s}}:\n    i = 0\n    while i < len({{y}}) and {{y}}[i] <= {v}:\n"
                f"        i += 1\n    {{y}}.insert(i, {v})",
            ),
        ),
        whole(
            "sort_down",
            ("sorted({s}, reverse=True)", "sorted({s})[::-1]"),
            lambda s, k: sorted(s)[::-1],
            ("sort descending", "the descending order of {}"),
        ),
        whole(
            "first",
            "{s}[:{k}]",
            lambda s, k: [x for i, x in enumerate(s) if i < k],
            (f"take the first {{k}} {items}", "the first {k} of {}"),
            (2, 3, 4, 5),
            keeps_text=True,
        ),
        whole(
            "last",
            "{s}[-{k}:]",
            lambda s, k: [x for i, x in enumerate(s) if i >= len(s) - k],
            (f"take the last {{k}} {items}", "the last {k} of {}"),
            (2, 3, 4, 5),
            keeps_text=True,
        ),
    )


def ends(kind: ItemKind, items: str) -> tuple[Part, ...]:
    """Returns the parts that answer with a count or a place, for sequences of ``kind``."""
    end = partial(_alike, Role.END, kind)
    v = kind.value
    return (
        end(
            "count",
            "len({s})",
            lambda s, k: sum(1 for _ in s),
            ("how many there are", "the number of {}"),
            loop=Loop("total = 0", "total += 1", "total"),
        ),
        end(
            "count_distinct",
            "len(set({s}))",
            lambda s, k: len(_unique(s)),
            (f"how many distinct {items} there are", "the number of distinct {}"),
            loop=Loop("seen = set()", "seen.add({x})", "len(seen)"),
            slow=(f"len([i for i, {v} in enumerate({{s}}) if {v} not in {{s}}[:i]])",),
        ),
        end(
            "all_distinct",
            "len(set({s})) == len({s})",
            lambda s, k: len(_unique(s)) == len(s),
            ("whether all are different", "whether nothing repeats in {}"),
            slow=(f"all({{s}}.count({v}) == 1 for {v} in {{s}})",),
        ),
        end(
            "is_mirror",
            "{s} == {s}[::-1]",
            lambda s, k: all(s[i] == s[len(s) - 1 - i] for i in range(len(s))),
            (
                "whether they read the same backwards",
                "whether a palindrome is formed by {}",
            ),
        ),
    )
