"""APPS: 10,000 programming problems, by standard input or by call, with many reference solutions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codegym.comparison import Comparison, OutputRule
from codegym.errors import DataError
from codegym.problem import CallTest, Problem, StdioTest, TestCase
from envs_registry.building import FaultyRowsError, LazyProblems, build_lazily, built
from envs_registry.catalogue import ALL
from envs_registry.checkers import accepts_as_apps
from envs_registry.examples import shows, shows_call, with_a_private_one
from envs_registry.options import at_least, choice
from envs_registry.rows import Row, read_text
from envs_registry.sources import SuiteSource

_FILES = {
    "train": ("train.jsonl", "train.jsonl.gz", "*train*.parquet"),
    "test": ("test.jsonl", "test.jsonl.gz", "*test*.parquet"),
    "validation": ("apps_mini_val_*.jsonl.gz", "apps_mini_val_*.jsonl"),
}
_DIFFICULTIES = ("introductory", "interview", "competition")
# The benchmark's grader puts such imports before every program; LeetCode's signatures need ``List``.
_IMPORTS = """\
import bisect, collections, fractions, functools, heapq, itertools, math, random, re, string, sys, time
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from functools import lru_cache
from heapq import *
from itertools import accumulate, combinations, permutations, product
from math import ceil, cos, exp, fabs, floor, gcd, log, log2, sin, sqrt, tan
from typing import *
"""


def load(
    source: SuiteSource,
    split: str,
    *,
    difficulty: str = ALL,
    comparator: str = "strict",
    prompt: str = "paper",
    max_solutions: int = 20,
    max_tests: int = 0,
    keep_validation: bool = False,
) -> LazyProblems:
    """Loads APPS from the hub's rows (``train.jsonl``, ``test.jsonl``) or the original folders (``train/0001/...``).

    Args:
        source: Where the files are.
        split: ``"train"`` or ``"test"`` (5,000 each), ``"validation"`` (CodeChain's 150 of the training problems,
            files ``apps_mini_val_*``) or ``"all"`` that is there.
        difficulty: ``"introductory"``, ``"interview"``, ``"competition"`` or ``"all"``.
        comparator: ``"strict"``: line by line, blanks at the ends of lines do not count; ``"apps"``: the
            benchmark's own looser rule, for numbers that can be compared with published ones.
        prompt: ``"paper"``: QUESTION ... ANSWER, as in APPS, CodeRL and RLTF; ``"instruct"``: a request.
        max_solutions: How many reference solutions of a problem are kept; 0 keeps all.
        max_tests: How many tests of a problem are kept, first ones first; 0 keeps all.
        keep_validation: Whether ``"train"`` keeps the problems that are in the validation split, as the benchmark's own
            5,000 do. Otherwise those go whose ids stand in the validation files at hand.
    """
    choice("difficulty", difficulty, (ALL, *_DIFFICULTIES))
    choice("comparator", comparator, ("strict", "apps"))
    choice("prompt", prompt, ("paper", "instruct"))
    at_least("max_solutions", max_solutions, 0)
    at_least("max_tests", max_tests, 0)
    styles = {name: _Style(name, comparator, prompt, max_solutions, max_tests) for name in _FILES}
    names = tuple(_FILES) if split == ALL else (split,)
    faults: list[DataError] = []
    held_out = frozenset() if keep_validation or split != "train" else _validation_ids(source, styles["validation"])
    parts: list[LazyProblems] = []
    for name in names:
        try:
            parts += _part(source, name, difficulty, styles[name], held_out)
        except FaultyRowsError as error:
            faults += error.faults
            parts += [error.problems] if isinstance(error.problems, LazyProblems) else []
    if not parts and not faults:
        # Nothing was found: this raises the error that says where it was looked for.
        source.file(*(pattern for name in names for pattern in _FILES[name]))
    # The validation split is a part of train: of the same problem twice only the first counts.
    problems = parts[0] if len(parts) == 1 else _merged(parts)
    if faults:
        raise FaultyRowsError(faults, problems)
    return problems


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

    def id_of(self, folder: Path) -> str:
        """The id of the problem in a folder."""
        return self.task_id(int(folder.name))

    def id_of_row(self, row: Row) -> str:
        """The id of the problem of a row."""
        return self.task_id(row.label("problem_id", "id"))

    def problem_of_row(self, row: Row) -> Problem:
        """Returns the problem of one row."""
        question, starter = row.get("question", str), row.get("starter_code", str, "").strip("\n")
        answers = row.json("input_output", {})
        if not isinstance(answers, dict):
            row.fail("field 'input_output' must hold an object with 'inputs' and 'outputs'.")
        inside = row.part("input_output", answers)
        function = inside.get("fn_name", str, "") or None
        tests = with_a_private_one(_tests(inside, question, function)[: self.max_tests or None])
        solutions = replace(row, fields={"solutions": row.json("solutions", [])}, task_id=row.id).texts("solutions")
        return Problem(
            task_id=self.task_id(row.get("id" if row.fields.get("problem_id") is None else "problem_id", int)),
            prompt=_prompt(self.prompt, question, starter, function),
            tests=tests,
            entry_point=_entry_point(function, starter, solutions) if function else None,
            starter_code=f"{starter.rstrip()}\n" if starter else "",
            context=_IMPORTS,
            solutions=solutions[: self.max_solutions or None],
            difficulty=row.get("difficulty", str, "") or None,
            tags=("apps", "call" if function else "stdio"),
            comparison=Comparison(
                output=OutputRule.APPS if self.comparator == "apps" and not function else OutputRule.STRICT,
                checker=accepts_as_apps if function else None,
            ),
        )


def _part(
    source: SuiteSource, split: str, difficulty: str, style: _Style, held_out: frozenset[str]
) -> tuple[LazyProblems, ...]:
    """The problems of one split, empty where it is not there: from a folder for each problem, else from rows."""
    folder = source.folder(split)
    numbered = sorted(path for path in folder.iterdir() if path.name.isdigit()) if folder else []
    if numbered:
        return (_of_folders([path for path in numbered if style.id_of(path) not in held_out], difficulty, style),)
    paths = source.find(*_FILES[split])

    def keep(row: Row) -> bool:
        return style.id_of_row(row) not in held_out and difficulty in (ALL, row.get("difficulty", str, ""))

    return (build_lazily(paths, style.id_of_row, style.problem_of_row, keep),) if paths else ()


def _validation_ids(source: SuiteSource, style: _Style) -> frozenset[str]:
    """The ids of the validation split as far as its files are at hand; what is at fault there, its own load says."""
    if any(path.is_file() for path in source.folders):  # the caller named the one file to read
        return frozenset()
    try:
        # The origin of a suite names the files of its own problems, not those that only tell which ids to leave out.
        found = _part(replace(source, used=[]), "validation", ALL, style, frozenset())
        return frozenset(task_id for part in found for task_id in part.task_ids)
    except FaultyRowsError as error:
        return frozenset(getattr(error.problems, "task_ids", ()))


def _of_folders(folders: list[Path], difficulty: str, style: _Style) -> LazyProblems:
    faults: list[DataError] = []
    kept: list[Path] = []
    for folder in folders:
        try:
            # One of the folder's files is enough for this: a problem's tests may have megabytes.
            own = _row_of_folder(folder, ("metadata",)).get("difficulty", str, "")
            kept += [folder] if difficulty in (ALL, own) else []
        except DataError as fault:
            faults.append(fault)
    problems = LazyProblems(map(style.id_of, kept), _FolderBuilder(tuple(kept), style))
    if faults:
        raise FaultyRowsError(faults, problems)
    return problems


@dataclass(frozen=True)
class _FolderBuilder:
    folders: tuple[Path, ...]
    style: _Style

    def __call__(self, index: int) -> Problem:
        return built(_row_of_folder(self.folders[index]), self.style.problem_of_row)

    def row_location(self, index: int) -> str:
        """Returns the problem's folder."""
        return str(self.folders[index])


@dataclass(frozen=True)
class _MergedBuilder:
    problems: tuple[tuple[LazyProblems, int], ...]

    def __call__(self, index: int) -> Problem:
        part, inner = self.problems[index]
        return part[inner]

    def row_location(self, index: int) -> str:
        """Returns the problem's folder, or file and line."""
        part, inner = self.problems[index]
        return part.row_location(inner)


def _merged(parts: list[LazyProblems]) -> LazyProblems:
    """Several parts as one; a problem that is in two of them (validation is a part of train) counts once."""
    problems: dict[str, tuple[LazyProblems, int]] = {}
    for part in parts:
        for index, task_id in enumerate(part.task_ids):
            problems.setdefault(task_id, (part, index))
    return LazyProblems(problems, _MergedBuilder(tuple(problems.values())))


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


def _tests(answers: Row, question: str, function: str | None) -> tuple[TestCase, ...]:
    inputs, outputs = answers.get("inputs", list, []), answers.get("outputs", list, [])
    if len(inputs) != len(outputs):
        answers.fail(
            f"field 'input_output' must hold as many 'inputs' as 'outputs', got {len(inputs)} and {len(outputs)}."
        )
    if function:
        calls = (
            CallTest(args=tuple(given) if isinstance(given, list) else (given,), expected=wanted)
            for given, wanted in zip(inputs, outputs, strict=True)
        )
        return tuple(replace(test, public=shows_call(question, function, test)) for test in calls)
    texts = zip(_texts(answers, "inputs", inputs), _texts(answers, "outputs", outputs), strict=True)
    return tuple(
        StdioTest(stdin=given, expected_stdout=wanted, public=shows(question, given, wanted)) for given, wanted in texts
    )


def _texts(answers: Row, field: str, values: list[Any]) -> Iterator[str]:
    """Some rows hold the lines of a text as a list, or a number instead of a text."""
    for index, value in enumerate(values):
        lines = value if isinstance(value, list) else [value]
        if not all(isinstance(line, (str, int, float)) for line in lines):
            answers.fail(f"field 'input_output.{field}'[{index}] must be a text or a list of lines, got {value!r:.60}.")
        yield "\n".join(map(str, lines))


def _entry_point(function: str, starter: str, solutions: tuple[str, ...]) -> str:
    # Where there is no starter code the first solution shows whether a class is meant.
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
