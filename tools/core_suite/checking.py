"""Compares the rows that the package ships with what the tables generate now."""

from __future__ import annotations

import json
from collections.abc import Iterable

from codegym.errors import UnknownNameError
from envs_registry.suites.core import SPLITS
from tools.core_suite.draft import Draft
from tools.core_suite.generation import FAMILIES, draw, generate, is_taught, taught_by
from tools.core_suite.rows import drafts, row_of


def differences(family: str | None = None) -> list[str]:
    """Returns the task ids of rows that are in the package or newly generated, but not in both.

    Args:
        family: The only family to compare, ids and order aside. Those before it in ``FAMILIES`` are drawn too, so that
            the first one is the quickest. None compares the whole suite.

    Raises:
        UnknownNameError: If there is no such family.
    """
    shipped = {split: drafts(split) for split in SPLITS}
    made = generate(0) if family is None else _drawn(family, taught_by(shipped["train"]))
    found: list[str] = []
    for split in SPLITS:
        old = _texts((draft for draft in shipped[split] if family in (None, draft.family)), with_id=family is None)
        new = _texts(made[split], with_id=family is None)
        found += [(old | new)[text] for text in old.keys() ^ new.keys()]
    return sorted(found)


def _drawn(family: str, taught: set[str]) -> dict[str, tuple[Draft, ...]]:
    names = [one.name for one in FAMILIES]
    if family not in names:
        raise UnknownNameError("family of suite 'core'", family, names)
    drawn = draw(0, FAMILIES[: names.index(family) + 1])
    return {
        split: tuple(draft for draft in drawn[split] if draft.family == family and is_taught(draft, taught))
        for split in SPLITS
    }


def _texts(made: Iterable[Draft], with_id: bool) -> dict[str, str]:
    """Returns task ids by the text of the row; a number that only the whole suite gives is left out of the text."""
    rows = ((draft.problem.task_id, row_of(draft)) for draft in made)
    return {json.dumps(row if with_id else {**row, "task_id": ""}): task_id for task_id, row in rows}
