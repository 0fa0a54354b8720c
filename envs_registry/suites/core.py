"""The embedded suite: small problems composed of parts, read from rows that ``tools/core_suite`` made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from codegym import json_lines
from codegym.errors import InvalidSettingError, UnknownNameError
from codegym.problem import CallTest, Problem, StdioTest
from codegym.sandbox.limits import Limits

FOLDER = Path(__file__).parent / "data" / "core"
SPLITS = ("train", "validation", "test")
# A right program takes a few milliseconds; a learner's endless loop must not take seconds.
LIMITS = Limits(cpu_seconds=0.15, program_cpu_seconds=0.3, wall_seconds=5.0, memory_bytes=256 * 2**20)
KNOWN_BAD = {"core/2262": "its first mutant doubles the letters before it chooses them, which comes to the same"}
"""Reasons why problems are broken, by task id."""


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """A problem with what only its author knows.

    Attributes:
        problem: The problem as the suite hands it out.
        wordings: Prompts that ask for the same function; the first is the problem's own.
        family: Name of the family of problems.
        skeleton: Names of the parts that the problem is composed of; a hand-written problem has its own name here.
    """

    problem: Problem
    wordings: tuple[str, ...]
    family: str
    skeleton: tuple[str, ...]


def load(split: str, seed: int = 0) -> tuple[Problem, ...]:
    """Returns the problems of a split.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        seed: Only 0, the seed that the rows were drawn with.

    Raises:
        UnknownNameError: If there is no such split.
        InvalidSettingError: If the seed is another one.
    """
    if seed != 0:
        raise InvalidSettingError(
            f"option 'seed' of suite 'core' must be 0, got {seed!r}: the package holds the problems of seed 0 only. "
            f"To draw others, run `python -m tools.core_suite --seed {seed} --out FOLDER` in a checkout of codegym, "
            f"and load the file that it writes: load_suite('FOLDER/{split}.jsonl')."
        )
    return tuple(exercise.problem for exercise in exercises(split))


# Problems are immutable, so that all callers share them; reading train takes half a second.
@lru_cache(maxsize=len(SPLITS))
def exercises(split: str) -> tuple[Exercise, ...]:
    """Returns the problems of a split with all their wordings and parts.

    Raises:
        UnknownNameError: If there is no such split.
    """
    if split not in SPLITS:
        raise UnknownNameError("split of suite 'core'", split, SPLITS)
    return tuple(_exercise(row) for _, row in json_lines.read(FOLDER / f"{split}.jsonl.gz", "suite"))


def _exercise(row: json_lines.JSONObject) -> Exercise:
    family, skeleton = row["family"], tuple(row["skeleton"])
    problem = Problem(
        task_id=row["task_id"],
        prompt=row["wordings"][0],
        tests=tuple(_test(*fields) for fields in row["tests"]),
        entry_point=row["entry_point"],
        starter_code=row["starter_code"],
        solutions=row["solutions"],
        mutants=row["mutants"],
        difficulty=row["difficulty"],
        tags=(family, *skeleton),
        limits=LIMITS,
    )
    return Exercise(problem=problem, wordings=tuple(row["wordings"]), family=family, skeleton=skeleton)


def _test(given: str | list[Any], expected: Any, public: bool) -> CallTest | StdioTest:
    if isinstance(given, str):
        return StdioTest(stdin=given, expected_stdout=expected, public=public)
    return CallTest(args=tuple(map(_value, given)), expected=_value(expected), public=public)


def _value(plain: Any) -> Any:
    """Returns a test's value: JSON knows neither tuples nor keys that are no texts, so objects stand for both."""
    if isinstance(plain, list):
        return [_value(item) for item in plain]
    if isinstance(plain, dict):
        if "tuple" in plain:
            return tuple(map(_value, plain["tuple"]))
        return {_value(key): _value(item) for key, item in plain["dict"]}
    return plain
