"""Writes problems as one's own JSONL file, the inverse of the ``jsonl`` loader."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from codegym.atomic_file import atomic_file
from codegym.comparison import Comparison
from codegym.errors import InvalidProblemError
from codegym.problem import CallTest, Problem, StdioTest, TestCase
from envs_registry.assertions import cases_of_asserts, parsed
from envs_registry.checkers import CHECKERS, name_of


def write_problems(
    path: Path,
    problems: Iterable[Problem],
    split: str = "",
    packages: Sequence[str] = (),
    known_bad: Mapping[str, str] | None = None,
) -> int:
    """Writes problems to a file, whole or not at all.

    Args:
        path: The file; replaced if it exists.
        problems: What to write.
        split: The split that every line names; empty names none.
        packages: What programs may import beyond the standard library, as every line says; a suite's own by default.
        known_bad: Why problems are known to be broken, by task id; a suite's own by default.

    Returns:
        How many were written.

    Raises:
        InvalidProblemError: If a problem holds what no file can: a checker without a name, a value that is no literal.
    """
    # A suite knows both; a plain list of problems knows neither.
    packages = packages or getattr(problems, "packages", ())
    known_bad = known_bad or getattr(problems, "known_bad", {})
    count = 0
    with atomic_file(path) as file:
        for problem in problems:
            row = row_of_problem(problem)
            extra = {"split": split, "packages": list(packages), "known_bad": known_bad.get(problem.task_id)}
            row |= {name: value for name, value in extra.items() if value}
            file.write(json.dumps(row, ensure_ascii=True) + "\n")
            count += 1
    return count


def can_be_written(problem: Problem) -> bool:
    """Says whether a file can hold a problem."""
    try:
        row_of_problem(problem)
    except InvalidProblemError:
        return False
    return True


def row_of_problem(problem: Problem) -> dict[str, Any]:
    """Returns a problem as the ``jsonl`` loader reads it.

    Raises:
        InvalidProblemError: If a checker or a value cannot be written.
    """
    plain, rule = asdict(Comparison()), asdict(problem.comparison)
    if problem.comparison.checker is not None:
        rule["checker"] = name_of(problem.comparison.checker)
        if rule["checker"] is None:
            raise InvalidProblemError(
                f"{problem.task_id}: its comparison is code (a checker) that is none of {', '.join(CHECKERS)}; "
                "no file can hold it. Put it into envs_registry/checkers.py, and it has a name."
            )
    comparison = {name: value for name, value in rule.items() if value != plain[name]}
    row = {
        "task_id": problem.task_id,
        "prompt": problem.prompt,
        "entry_point": problem.entry_point,
        "starter_code": problem.starter_code,
        "context": problem.context,
        "solutions": list(problem.solutions),
        "mutants": list(problem.mutants),
        "difficulty": problem.difficulty,
        "tags": list(problem.tags),
        "comparison": comparison,
        "limits": asdict(problem.limits) if problem.limits else {},
        "one_process": problem.one_process,
        "tests": [_row_of_test(problem, test) for test in problem.tests],
    }
    # The loader requires these two, even if they are empty; all else has its default where it is left out.
    return {name: value for name, value in row.items() if value or name in ("prompt", "tests")}


def _row_of_test(problem: Problem, test: TestCase) -> dict[str, Any]:
    public = {"public": True} if test.public else {}
    if isinstance(test, StdioTest):
        return {"type": "stdio", "stdin": test.stdin, "expected_stdout": test.expected_stdout, **public}
    if not isinstance(test, CallTest):
        return {"type": "script", "source": test.source, **public}
    row: dict[str, Any] = {"args": list(test.args), "kwargs": dict(test.kwargs), "expected": test.expected}
    if test.expected_args is not None:
        row["expected_args"] = list(test.expected_args)
    if _survives_json(row):
        short = {name: value for name, value in row.items() if value or name in ("expected", "expected_args")}
        return {"type": "call", **short, **public}
    if test.expected_args is not None:
        raise InvalidProblemError(f"{problem.task_id}: expected_args {test.expected_args!r} cannot be written as JSON.")
    inputs = ", ".join([*map(repr, test.args), *(f"{name}={value!r}" for name, value in test.kwargs.items())])
    source = f"assert {problem.entry_point}({inputs}) == {test.expected!r}"
    if not _comes_back(problem, test, source):
        raise InvalidProblemError(
            f"{problem.task_id}: a test has a value that is no literal, so that no file can hold it: {source:.200}. "
            "Leave the test out, or make it a script."
        )
    return {"type": "assert", "source": source, **public}


def _comes_back(problem: Problem, test: CallTest, source: str) -> bool:
    """Whether the assert reads as the same test. ``inf``, ``Counter`` and ``range`` do not."""
    if parsed(source) is None:
        return False
    read = cases_of_asserts(source, problem.entry_point or "", public=test.public)
    return repr(read) == repr((replace(test, kwargs=dict(test.kwargs)),))


def _survives_json(row: dict[str, Any]) -> bool:
    try:
        # Equality would not do: JSON turns tuples into lists and 1 as a key into "1", and True == 1.
        return repr(json.loads(json.dumps(row, allow_nan=False))) == repr(row)
    except (TypeError, ValueError, RecursionError):
        return False
