from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from codegym import Problem, StdioTest
from codegym.errors import DataError
from envs_registry.building import RowTable, build_all
from envs_registry.rows import Row


def problem_of_row(row: Row) -> Problem:
    return Problem(
        task_id=row.get("task_id", str),
        prompt=row.get("prompt", str),
        tests=(StdioTest(stdin="", expected_stdout=""),),
    )


def task_id(rows: RowTable, place: int) -> str:
    return rows.peek(place, "task_id")


def test_every_fault_of_a_file_is_in_one_report(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"task_id": "a", "prompt": "p"}\n{broken\n{"task_id": "b"}\n{"task_id": "a", "prompt": "q"}\n')
    with pytest.raises(DataError) as raised:
        build_all([path], problem_of_row)
    text = str(raised.value)
    assert text.startswith("3 rows are at fault (1 are sound)")
    assert "x.jsonl, line 2: expected one JSON object a line" in text
    assert "x.jsonl, line 3 (b): field 'prompt' is missing" in text
    assert "x.jsonl, line 4 (a): the task id 'a' stands already in" in text


def test_large_files_are_read_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    long = "é" * 20_000
    rows = [{"task_id": f"t/{i}", "prompt": f"{long}{i}", "level": 'so "hard"'} for i in range(3)]
    path.write_text("\n" + "\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    table = RowTable([path])
    problems = table.problems(task_id, problem_of_row)
    assert problems.task_ids == ("t/0", "t/1", "t/2")
    assert problems[2].prompt == f"{long}2"
    assert problems[-1] is problems[2]
    assert table.peek(1, "level") == r"so \"hard\""
    assert table.peek(1, "absent") == ""
    assert [p.task_id for p in pickle.loads(pickle.dumps(problems))] == ["t/0", "t/1", "t/2"]


def test_the_same_id_in_two_rows_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"task_id": "a", "prompt": "p"}\n{"task_id": "b", "prompt": "p"}\n{"task_id": "a", "prompt": "p"}\n'
    )
    with pytest.raises(DataError, match=r"x\.jsonl, line 3: the task id 'a' stands already in .*x\.jsonl, line 1"):
        RowTable([path]).problems(task_id, problem_of_row)


def test_a_broken_row_is_named_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"task_id": "a", "prompt": "p"}\n{"task_id": "b", "prompt": 3}\n')
    problems = RowTable([path]).problems(task_id, problem_of_row)
    assert problems[0].prompt == "p"
    with pytest.raises(DataError, match=r"x\.jsonl, line 2 \(b\): field 'prompt' must be a text, got 3"):
        problems[1]
