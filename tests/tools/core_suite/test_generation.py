"""The shipped suite and the tables that it was generated from."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from codegym.errors import InvalidProblemError, UnknownNameError
from envs_registry.suites.core import FOLDER, SPLITS
from tools.core_suite import rows
from tools.core_suite.checking import differences
from tools.core_suite.composition import Composition, split_of
from tools.core_suite.draft import Draft
from tools.core_suite.generation import FAMILIES
from tools.core_suite.part import ItemKind, Part
from tools.core_suite.rows import drafts
from tools.core_suite.selection import Selection
from tools.core_suite.separation import Guard

pytestmark = pytest.mark.slow


def test_the_shipped_rows_of_a_family_are_what_the_tables_generate() -> None:
    """When this fails after a change of the tables: python -m tools.core_suite."""
    assert differences("lists") == []


def test_a_row_that_the_tables_do_not_generate_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(split: str) -> tuple[Draft, ...]:
        first, *others = drafts(split)
        return replace(first, problem=replace(first.problem, task_id="core/changed")), *others

    monkeypatch.setattr("tools.core_suite.checking.drafts", changed)
    monkeypatch.setattr("tools.core_suite.checking.generate", lambda seed: {split: drafts(split) for split in SPLITS})
    assert set(differences()) == {"core/changed", *(drafts(split)[0].problem.task_id for split in SPLITS)}


def test_an_unknown_family_is_named_with_a_hint() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'lists'"):
        differences("list")


def test_an_exhausted_family_is_named_instead_of_drawn_from_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(
        FAMILIES[0],
        middles={ItemKind.INTS: FAMILIES[0].middles[ItemKind.INTS][:1]},
        ends={ItemKind.INTS: FAMILIES[0].ends[ItemKind.INTS][:1]},
    )
    monkeypatch.setattr("tools.core_suite.selection._PATIENCE", 200)
    with pytest.raises(InvalidProblemError, match=r"family 'lists' gave nothing new .* still wanted"):
        Selection((small,), Guard(), 0)


def test_written_rows_are_those_that_were_read(tmp_path: Path) -> None:
    path = rows.write("validation", drafts("validation"), tmp_path)
    shipped = FOLDER / "validation.jsonl.gz"
    assert gzip.decompress(path.read_bytes()) == gzip.decompress(shipped.read_bytes())
    assert [file.name for file in tmp_path.iterdir()] == ["validation.jsonl.gz"]


def test_every_composition_is_in_the_split_of_its_parts() -> None:
    for split in SPLITS:
        for draft in drafts(split):
            if isinstance(draft.recipe.answer, Composition):
                assert split_of(draft.recipe.answer) == split


def test_part_names_mean_one_part() -> None:
    meanings: dict[str, tuple[object, ...]] = {}
    parts: list[Part] = [
        part for family in FAMILIES for table in (family.middles, family.ends) for row in table.values() for part in row
    ]
    for part in parts:
        meaning = (part.role, part.takes, part.code, part.kin)
        assert meanings.setdefault(part.name, meaning) == meaning
    assert len(meanings) >= 90


def test_every_part_that_is_asked_is_taught() -> None:
    taught = {name for draft in drafts("train") for name in draft.skeleton}
    asked = [draft for split in ("validation", "test") for draft in drafts(split)]
    assert not [e.skeleton for e in asked if e.family != "classics" and not taught.issuperset(e.skeleton)]
