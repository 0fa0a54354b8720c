"""Tests that someone else wrote: a model's asserts for the problems of a suite, ranked or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codegym.problem import TestCase
from envs_registry.assertions import cases_of_asserts, parsed
from envs_registry.rows import Row, read_rows
from envs_registry.suite import Suite


def read_tests(path: Path, suite: Suite) -> dict[str, tuple[TestCase, ...]]:
    """Reads asserts for the problems of a suite.

    Args:
        path: A JSONL file of ``{"task_id": ..., "tests": [...]}``. A test is a text of Python (``"assert f(1) == 2"``),
            or an object with that text as ``source`` and a ``score``: higher ones are tried first. Scores may also
            stand beside the tests, as ``test_scores`` (``codegym rank --out`` writes them so).
        suite: The problems; a line about another problem is refused.

    Returns:
        The tests by task id. What does not parse is left out: models leave their last test unfinished.

    Raises:
        DataError: If a line is malformed, or names a problem that is not in the suite.
    """
    found: dict[str, dict[str, TestCase]] = {}
    for row in read_rows(path):
        task_id = row.get("task_id", str)
        if task_id not in suite.task_ids:
            row.fail(f"{suite!r} has no such problem.")
        entry_point = suite.by_id(task_id).entry_point or ""
        # Stable: tests of equal scores stay in the order in which the model wrote them.
        ranked = sorted(_ranked(row), key=lambda pair: -pair[0])
        tests = found.setdefault(task_id, {})
        for _, text in ranked:
            for test in cases_of_asserts(text, entry_point) if parsed(text) else ():
                # By their text: values may be lists, which have no hash.
                tests.setdefault(repr(test), test)
    return {task_id: tuple(tests.values()) for task_id, tests in found.items()}


def _ranked(row: Row) -> list[tuple[float, str]]:
    items, scores = row.get("tests", list), row.get("test_scores", list, [])
    if not scores:
        return [_scored(row, item) for item in items]
    if len(scores) != len(items) or not all(isinstance(score, (int, float)) for score in scores):
        row.fail(f"field 'test_scores' must hold a number for each of the {len(items)} tests.")
    return [(score, _scored(row, item)[1]) for score, item in zip(scores, items, strict=True)]


def _scored(row: Row, item: Any) -> tuple[float, str]:
    if isinstance(item, str):
        return 0.0, item
    if not isinstance(item, dict):
        row.fail(f"field 'tests' must hold texts, or objects with 'source' and 'score', got {item!r}.")
    test = Row(row.path, row.line, {"task_id": row.fields["task_id"], **item})
    return test.get("score", float, 0.0), test.get("source", str)
