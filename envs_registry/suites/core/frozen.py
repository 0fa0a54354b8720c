"""The suite of seed 0 in a file for each split, so that it loads at once and never changes by accident.

python -m envs_registry.suites.core.frozen          # writes the files anew, after a change of the tables
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from codegym.problem import CallTest, Problem, StdioTest
from envs_registry.suites.core.builder import LIMITS
from envs_registry.suites.core.classics import CLASSICS
from envs_registry.suites.core.composition import Composition, Step
from envs_registry.suites.core.exercise import Exercise
from envs_registry.suites.core.family import Family
from envs_registry.suites.core.generation import FAMILIES
from envs_registry.suites.core.handwritten import FAMILY
from envs_registry.suites.core.part import Part
from envs_registry.suites.core.recipe import Recipe

FOLDER = Path(__file__).parent / "data"


def read(split: str, folder: Path = FOLDER) -> tuple[Exercise, ...]:
    """Returns a split from its file."""
    with gzip.open(folder / f"{split}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(_exercise(json.loads(line)) for line in lines)


def write(split: str, exercises: Iterable[Exercise], folder: Path = FOLDER) -> Path:
    """Writes a split's file beside the old one, then puts it in its place; the same exercises give the same bytes."""
    text = "".join(json.dumps(_row(exercise), separators=(",", ":")) + "\n" for exercise in exercises)
    folder.mkdir(parents=True, exist_ok=True)
    beside, path = folder / f".{split}.{os.getpid()}", folder / f"{split}.jsonl.gz"
    beside.write_bytes(gzip.compress(text.encode(), mtime=0))
    beside.replace(path)
    return path


def _row(exercise: Exercise) -> dict[str, Any]:
    problem, recipe = exercise.problem, exercise.recipe
    return {
        "task_id": problem.task_id,
        "entry_point": problem.entry_point,
        "starter_code": problem.starter_code,
        "difficulty": problem.difficulty,
        "wordings": exercise.wordings,
        "tests": [_test_row(test) for test in problem.tests],
        "solutions": problem.solutions,
        "mutants": problem.mutants,
        "family": exercise.family,
        "skeleton": exercise.skeleton,
        "source": recipe.entry.source.name,
        "constants": [step.constant for step in recipe.answer.steps[1:]]
        if isinstance(recipe.answer, Composition)
        else None,
        "takes_argument": recipe.takes_argument,
    }


def _test_row(test: Any) -> list[Any]:
    if isinstance(test, StdioTest):
        return [test.stdin, test.expected_stdout, test.public]
    return [_plain(list(test.args)), _plain(test.expected), test.public]


def _exercise(row: dict[str, Any]) -> Exercise:
    problem = Problem(
        task_id=row["task_id"],
        prompt=row["wordings"][0],
        tests=tuple(_test(*fields) for fields in row["tests"]),
        entry_point=row["entry_point"],
        starter_code=row["starter_code"],
        solutions=row["solutions"],
        mutants=row["mutants"],
        difficulty=row["difficulty"],
        tags=(row["family"], *row["skeleton"]),
        limits=LIMITS,
    )
    return Exercise(
        problem=problem,
        wordings=tuple(row["wordings"]),
        family=row["family"],
        skeleton=tuple(row["skeleton"]),
        recipe=_recipe(row),
    )


def _test(given: Any, expected: Any, public: bool) -> CallTest | StdioTest:
    if isinstance(given, str):
        return StdioTest(stdin=given, expected_stdout=expected, public=public)
    return CallTest(args=tuple(_value(item) for item in given), expected=_value(expected), public=public)


def _recipe(row: dict[str, Any]) -> Recipe:
    if row["family"] == FAMILY:
        return next(classic.recipe for classic in CLASSICS if [classic.name] == row["skeleton"])
    family, parts = _tables()[row["family"]]
    entry = next(entry for entry in family.entries if entry.source.name == row["source"])
    steps = [Step(parts[name], constant) for name, constant in zip(row["skeleton"], row["constants"], strict=True)]
    composition = Composition((Step(entry.source), *steps), takes_argument=row["takes_argument"])
    return Recipe(entry=entry, answer=composition, takes_argument=row["takes_argument"])


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


def _plain(value: Any) -> Any:
    """Returns a value as JSON knows it; tuples and dicts become objects that say so."""
    if isinstance(value, tuple):
        return {"tuple": [_plain(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_plain(key), _plain(item)] for key, item in value.items()]}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_value(item) for item in plain]
    if isinstance(plain, dict):
        if "tuple" in plain:
            return tuple(_value(item) for item in plain["tuple"])
        return {_value(key): _value(item) for key, item in plain["dict"]}
    return plain
