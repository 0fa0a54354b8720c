"""What is judged: programs for HumanEval's problems, each with its tests in every contestant's own form."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Task:
    """One problem with programs to judge.

    Attributes:
        task_id: HumanEval's name of it.
        statement: The prompt that every completion continues.
        test: HumanEval's test script.
        entry_point: The function.
        canonical: The reference completion.
        inputs: EvalPlus's base inputs: those of the test script.
        tolerance: EvalPlus's absolute tolerance.
        completions: What is judged.
        labels: What is known of each completion: ``"pass"`` or the name of an exception.
    """

    task_id: str
    statement: str
    test: str
    entry_point: str
    canonical: str
    inputs: list[Any]
    tolerance: float
    completions: tuple[str, ...] = ()
    labels: tuple[str, ...] = field(default=())


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def load_tasks(data: Path) -> tuple[Task, ...]:
    """HumanEval with its canonical programs.

    Args:
        data: A folder with ``humaneval/HumanEval.jsonl.gz`` and ``humanevalplus/HumanEvalPlus-NoExtreme.jsonl.gz``.

    Raises:
        FileNotFoundError: If one of them is missing.
    """
    plus = {row["task_id"]: row for row in _rows(data / "humanevalplus" / "HumanEvalPlus-NoExtreme.jsonl.gz")}
    return tuple(
        Task(
            task_id=row["task_id"],
            statement=row["prompt"],
            test=row["test"],
            entry_point=row["entry_point"],
            canonical=row["canonical_solution"],
            inputs=plus[row["task_id"]]["base_input"],
            tolerance=plus[row["task_id"]]["atol"],
            completions=(row["canonical_solution"],),
            labels=("pass",),
        )
        for row in _rows(data / "humaneval" / "HumanEval.jsonl.gz")
    )


def load_model_programs(data: Path, count: int) -> tuple[Task, ...]:
    """The same problems with the first ``count`` programs that CodeGen-16B wrote for each (from CodeT's authors)."""
    written = {row["task_id"]: row for row in _rows(data / "codet" / "humaneval_codegen16b.jsonl.gz")}
    return tuple(
        Task(
            **{
                **vars(task),
                "completions": tuple(written[task.task_id]["solutions"][:count]),
                "labels": tuple(written[task.task_id]["labels"][:count]),
            }
        )
        for task in load_tasks(data)
        if task.task_id in written
    )
