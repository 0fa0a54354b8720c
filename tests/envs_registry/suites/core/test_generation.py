"""The suite and what it was generated from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codegym.errors import InvalidProblemError
from envs_registry.suites.core import SPLITS, Exercise, exercises, frozen
from envs_registry.suites.core.composition import Composition, split_of
from envs_registry.suites.core.generation import FAMILIES, generate
from envs_registry.suites.core.part import Kind, Part
from envs_registry.suites.core.selection import Selection
from envs_registry.suites.core.separation import Guard


@pytest.fixture(scope="module")
def generated() -> dict[str, tuple[Exercise, ...]]:
    return generate(0)


@pytest.mark.parametrize("split", SPLITS)
def test_the_files_hold_what_the_tables_generate(split: str, generated: dict[str, tuple[Exercise, ...]]) -> None:
    """When this fails after a change of the tables: python -m envs_registry.suites.core."""
    kept = exercises(split)
    assert len(kept) == len(generated[split])
    for here, there in zip(kept, generated[split], strict=True):
        assert here.problem == there.problem
        assert (here.wordings, here.family, here.skeleton) == (there.wordings, there.family, there.skeleton)
        assert here.recipe.workload(30) == there.recipe.workload(30)


def test_an_exhausted_family_is_named_instead_of_drawn_from_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(
        FAMILIES[0],
        middles={Kind.INTS: FAMILIES[0].middles[Kind.INTS][:1]},
        ends={Kind.INTS: FAMILIES[0].ends[Kind.INTS][:1]},
    )
    monkeypatch.setattr("envs_registry.suites.core.selection._PATIENCE", 200)
    with pytest.raises(InvalidProblemError, match=r"family 'lists' gave nothing new .* still wanted"):
        Selection((small,), Guard(), 0)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first = frozen.write("validation", exercises("validation"), tmp_path)
    before = first.read_bytes()
    frozen.write("validation", frozen.read("validation", tmp_path), tmp_path)
    assert first.read_bytes() == before == (frozen.FOLDER / "validation.jsonl.gz").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["validation.jsonl.gz"]


def test_every_composition_is_in_the_split_of_its_parts() -> None:
    for split in SPLITS:
        for exercise in exercises(split):
            if isinstance(exercise.recipe.answer, Composition):
                assert split_of(exercise.recipe.answer) == split


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
    taught = {name for exercise in exercises("train") for name in exercise.skeleton}
    asked = [exercise for split in ("validation", "test") for exercise in exercises(split)]
    assert not [e.skeleton for e in asked if e.family != "classics" and not taught.issuperset(e.skeleton)]
