"""APPS: 10,000 programming problems, by standard input or by call, with many reference solutions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegym.comparison import Comparison, OutputRule
from codegym.errors import DataError
from codegym.problem import CallTest, Problem, StdioTest, TestCase
from envs_registry.building import LazyProblems, RowTable
from envs_registry.catalogue import ALL
from envs_registry.checkers import accepts_as_apps
from envs_registry.examples import shows
from envs_registry.options import choice
from envs_registry.rows import Row, read_text
from envs_registry.sources import Source

_FILES = {
    "train": ("train.jsonl", "train.jsonl.gz", "*train*.parquet"),
    "test": ("test.jsonl", "test.jsonl.gz", "*test*.parquet"),
    "validation": ("apps_mini_val_*.jsonl.gz", "apps_mini_val_*.jsonl"),
}
_DIFFICULTIES = ("introductory", "interview", "competition")
_IMPORTS = """\
import bisect, collections, fractions, functools, heapq, itertools, math, random, re, string, sys, time
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from functools import lru_cache
from heapq import *
from itertools import accumulate, combinations, permutations, product
from math import ceil, cos, exp, fabs, floor, gcd, log, log2, sin, sqrt, tan
from typing import *
"""
"""The benchmark's grader puts such imports before every program; LeetCode's signatures need ``List``."""


def load(
    source: Source,
    split: str,
    *,
    difficulty: str = ALL,
    comparator: str = "strict",
    prompt: str = "paper",
    max_solutions: int = 20,
    max_tests: int = 0,
) -> LazyProblems:
    """Loads APPS from the hub's rows (``train.jsonl``, ``test.jsonl``) or the original folders (``train/0001/...``).

    Args:
        source: Where the files are.
        split: ``"train"`` or ``"test"`` (5,000 each), ``"validation"`` (CodeChain's 150 of the training problems,
            files ``apps_mini_val_*``) or ``"all"`` that is there.
        difficulty: ``"introductory"``, ``"interview"``, ``"competition"`` or ``"all"``.
        comparator: ``"strict"``: line by line, blanks at the ends of lines do not count; ``"apps"``: the
            benchmark's own looser rule, for numbers that can be held against published ones.
        prompt: ``"paper"``: QUESTION ... ANSWER, as in APPS, CodeRL and RLTF; ``"instruct"``: a request.
        max_solutions: How many reference solutions of a problem are kept; 0 keeps all.
        max_tests: How many tests of a problem are kept, first ones first; 0 keeps all.
    """
    choice("difficulty", difficulty, (ALL, *_DIFFICULTIES))
    choice("comparator", comparator, ("strict", "apps"))
    choice("prompt", prompt, ("paper", "instruct"))
    styles = {name: _Style(name, comparator, prompt, max_solutions, max_tests) for name in _FILES}
    names = tuple(_FILES) if split == ALL else (split,)
    parts = [part for name in names if (part := _part(source, name, difficulty, styles[name])) is not None]
    if not parts:
        source.file(*(pattern for name in names for pattern in _FILES[name]))
    return parts[0] if len(parts) == 1 else _merged(parts)


@dataclass(frozen=True)
class _Style:
    """How rows become problems."""

    split: str
    comparator: str
    prompt: str
    max_solutions: int
    max_tests: int

    def task_id(self, number: int | str) -> str:
        """Train and test are both numbered from 0; the validation problems are some of train's."""
        return f"apps/{'test' if self.split == 'test' else 'train'}/{number}"

    def problem_of_row(self, row: Row) -> Problem:
        """Returns the problem of one row."""
        question, starter = row.get("question", str), row.get("starter_code", str, "").strip("\n")
        answers = row.json("input_output", {})
        if not isinstance(answers, dict):
            row.fail("field 'input_output' must hold an object with 'inputs' and 'outputs'.")
        function = answers.get("fn_name")
        tests = _tests(row, question, answers, function)
        solutions = tuple(row.json("solutions", []))
        return Problem(
            task_id=self.task_id(_number(row)),
            prompt=_prompt(self.prompt, question, starter, function),
            tests=tests[: self.max_tests or None],
            entry_point=_entry_point(function, starter, solutions) if function else None,
            starter_code=f"{starter.rstrip()}\n" if starter else "",
            context=_IMPORTS,
            solutions=solutions[: self.max_solutions or None],
            difficulty=row.get("difficulty", str, "") or None,
            tags=("apps", "call" if function else "stdio"),
            comparison=Comparison(
                output=OutputRule.APPS if self.comparator == "apps" else OutputRule.STRICT,
                checker=accepts_as_apps if function else None,
            ),
        )


def _part(source: Source, split: str, difficulty: str, style: _Style) -> LazyProblems | None:
    """The problems of one split: from a folder for each problem where there is one, else from rows."""
    folder = source.folder(split)
    numbered = sorted(path for path in folder.iterdir() if path.name.isdigit()) if folder else []
    if numbered:
        if difficulty != ALL:
            numbered = [path for path in numbered if _difficulty(path) == difficulty]
        return LazyProblems(
            (style.task_id(int(path.name)) for path in numbered), _FolderBuilder(tuple(numbered), style)
        )
    paths = source.find(*_FILES[split])
    if not paths:
        return None
    return RowTable(paths).problems(
        lambda rows, place: style.task_id(rows.peek(place, "problem_id") or rows.peek(place, "id")),
        style.problem_of_row,
        None if difficulty == ALL else lambda rows, place: rows.peek(place, "difficulty") == difficulty,
    )


@dataclass(frozen=True)
class _FolderBuilder:
    folders: tuple[Path, ...]
    style: _Style

    def __call__(self, place: int) -> Problem:
        return self.style.problem_of_row(_row_of_folder(self.folders[place]))


@dataclass(frozen=True)
class _MergedBuilder:
    places: tuple[tuple[LazyProblems, int], ...]

    def __call__(self, place: int) -> Problem:
        part, inner = self.places[place]
        return part[inner]


def _merged(parts: list[LazyProblems]) -> LazyProblems:
    """Several parts as one; a problem that is in two of them (validation is a part of train) counts once."""
    places: dict[str, tuple[LazyProblems, int]] = {}
    for part in parts:
        for place, task_id in enumerate(part.task_ids):
            places.setdefault(task_id, (part, place))
    return LazyProblems(places, _MergedBuilder(tuple(places.values())))


def _row_of_folder(folder: Path, files: tuple[str, ...] = ("metadata", "input_output", "solutions")) -> Row:
    """A problem's folder as the row that the hub has for it."""
    fields: dict[str, Any] = {"problem_id": int(folder.name)}
    for name in files:
        path = folder / f"{name}.json"
        try:
            content = json.loads(read_text(path)) if path.exists() else {}
        except ValueError as error:
            raise DataError(f"{path}: expected JSON: {error}") from error
        fields.update(content if name == "metadata" else {name: content})
    if "input_output" in files:
        fields["question"] = read_text(folder / "question.txt")
        starter = folder / "starter_code.py"
        fields["starter_code"] = read_text(starter) if starter.exists() else ""
    return Row(folder, 1, fields)


def _difficulty(folder: Path) -> str:
    return _row_of_folder(folder, ("metadata",)).get("difficulty", str, "")


def _number(row: Row) -> int:
    return row.get("problem_id", int, -1) if "problem_id" in row.fields else row.get("id", int)


def _tests(row: Row, question: str, answers: dict[str, Any], function: str | None) -> tuple[TestCase, ...]:
    inputs, outputs = answers.get("inputs", []), answers.get("outputs", [])
    if not isinstance(inputs, list) or not isinstance(outputs, list) or len(inputs) != len(outputs):
        row.fail("field 'input_output' must hold as many 'inputs' as 'outputs'.")
    if function:
        return tuple(
            CallTest(args=tuple(given) if isinstance(given, list) else (given,), expected=wanted)
            for given, wanted in zip(inputs, outputs, strict=True)
        )
    texts = ((_text(given), _text(wanted)) for given, wanted in zip(inputs, outputs, strict=True))
    return tuple(
        StdioTest(stdin=given, expected_stdout=wanted, public=shows(question, given, wanted)) for given, wanted in texts
    )


def _text(value: Any) -> str:
    """Some rows hold the lines of a text as a list."""
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _entry_point(function: str, starter: str, solutions: tuple[str, ...]) -> str:
    in_class = "class Solution" in (starter or "".join(solutions[:1]))
    return f"Solution().{function}" if in_class else function


def _prompt(style: str, question: str, starter: str, function: str | None) -> str:
    if style == "paper":
        given = f"\n{starter}\n" if starter else ""
        form = "Call-Based" if function else "Standard Input"
        return f"\nQUESTION:\n{question}{given}\nUse {form} format\nANSWER:\n"
    given = f"\n\n```python\n{starter}\n```" if starter else "\n\nRead standard input and print the answer."
    return f"{question.strip()}{given}\n\nAnswer with one ```python block."


_SEVERAL = "several outputs are right, and only one of them is accepted"
_WRAPPED = "its first solution relies on the published grader, which wraps programs into a function"
KNOWN_BAD = {
    **{f"apps/train/{number}": _SEVERAL for number in (33, 2023, 2029, 2378, 2386, 2398, 2400)},
    **{f"apps/train/{number}": _WRAPPED for number in (2036, 2038, 2046, 2382)},
}
"""Problems whose published tests or solutions are at fault, with the reason; of the 150 that were looked at."""
