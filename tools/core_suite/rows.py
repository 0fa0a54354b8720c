"""Exercises as rows of the files that the package ships, and the recipes of those rows."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from codegym import json_lines
from codegym.atomic_file import atomic_file
from codegym.problem import CallTest, StdioTest, TestCase
from envs_registry.suites.core import FOLDER, exercises
from tools.core_suite.classics import CLASSICS
from tools.core_suite.composition import Composition, PartUse
from tools.core_suite.draft import Draft
from tools.core_suite.family import Family
from tools.core_suite.generation import FAMILIES
from tools.core_suite.handwritten import FAMILY
from tools.core_suite.part import Part
from tools.core_suite.recipe import DraftRecipe


@cache
def drafts(split: str) -> tuple[Draft, ...]:
    """Returns the exercises of a split of the shipped suite with their recipes.

    Raises:
        UnknownNameError: If there is no such split.
    """
    shipped = exercises(split)
    rows = json_lines.read(FOLDER / f"{split}.jsonl.gz")
    return tuple(Draft(**vars(exercise), recipe=_recipe(row)) for exercise, (_, row) in zip(shipped, rows, strict=True))


def write(split: str, made: Iterable[Draft], folder: Path = FOLDER) -> Path:
    """Writes a split's file, whole or not at all, and returns its path."""
    text = "".join(json.dumps(row_of(draft), separators=(",", ":")) + "\n" for draft in made)
    path = folder / f"{split}.jsonl.gz"
    with atomic_file(path, "wb") as file:
        # Without a time in the file, the same exercises give the same bytes, and version control sees no change.
        file.write(gzip.compress(text.encode(), mtime=0))
    return path


def row_of(draft: Draft) -> dict[str, Any]:
    """Returns an exercise as the package ships it; the last three fields are for ``drafts``, not for the package."""
    problem, recipe = draft.problem, draft.recipe
    return {
        "task_id": problem.task_id,
        "entry_point": problem.entry_point,
        "starter_code": problem.starter_code,
        "difficulty": problem.difficulty,
        "wordings": draft.wordings,
        "tests": [_test_row(test) for test in problem.tests],
        "solutions": problem.solutions,
        "mutants": problem.mutants,
        "family": draft.family,
        "skeleton": draft.skeleton,
        "source": recipe.entry.source.name,
        "constants": [step.constant for step in recipe.answer.steps[1:]]
        if isinstance(recipe.answer, Composition)
        else None,
        "takes_argument": recipe.takes_argument,
    }


def _test_row(test: TestCase) -> list[Any]:
    if isinstance(test, StdioTest):
        return [test.stdin, test.expected_stdout, test.public]
    assert isinstance(test, CallTest)
    return [_plain(list(test.args)), _plain(test.expected), test.public]


def _plain(value: Any) -> Any:
    """Returns a value as JSON has it; tuples and dicts become objects that say so."""
    if isinstance(value, tuple):
        return {"tuple": [_plain(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_plain(key), _plain(item)] for key, item in value.items()]}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _recipe(row: json_lines.JSONObject) -> DraftRecipe:
    if row["family"] == FAMILY:
        return next(classic.recipe for classic in CLASSICS if [classic.name] == row["skeleton"])
    family, parts = _tables()[row["family"]]
    entry = next(entry for entry in family.entries if entry.source.name == row["source"])
    steps = [PartUse(parts[name], constant) for name, constant in zip(row["skeleton"], row["constants"], strict=True)]
    composition = Composition((PartUse(entry.source), *steps), takes_argument=row["takes_argument"])
    return DraftRecipe(entry=entry, answer=composition, takes_argument=row["takes_argument"])


@cache
def _tables() -> dict[str, tuple[Family, dict[str, Part]]]:
    """Returns each family with its parts by name."""
    return {
        family.name: (
            family,
            {part.name: part for table in (family.middles, family.ends) for parts in table.values() for part in parts},
        )
        for family in FAMILIES
    }
