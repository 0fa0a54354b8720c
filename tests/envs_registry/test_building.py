from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

import pytest

from codegym import Problem, StdioTest
from codegym.errors import DataError
from envs_registry.building import FaultyRowsError, build_all, build_lazily
from envs_registry.rows import Row


def problem_of_row(row: Row) -> Problem:
    return Problem(
        task_id=row.get("task_id", str),
        prompt=row.get("prompt", str),
        tests=(StdioTest(stdin="", expected_stdout=""),),
    )


def task_id(row: Row) -> str:
    return row.label("task_id")


def test_every_fault_of_a_file_is_in_one_report(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"task_id": "a", "prompt": "p"}\n{broken\n{"task_id": "b"}\n{"task_id": "a", "prompt": "q"}\n')
    with pytest.raises(DataError) as raised:
        build_all([path], problem_of_row)
    text = str(raised.value)
    assert text.startswith("3 rows are at fault (1 are sound)")
    assert "x.jsonl:2: not JSON" in text
    assert "x.jsonl:3 (b): field 'prompt' is missing" in text
    assert "x.jsonl:4 (a): the task id 'a' is already used in" in text


def test_large_files_are_read_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    long = "é" * 20_000
    rows = [{"task_id": f"t/{i}", "prompt": f"{long}{i}", "level": 'so "hard"'} for i in range(3)]
    path.write_text("\n" + "\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    problems = build_lazily([path], task_id, problem_of_row)
    assert problems.task_ids == ("t/0", "t/1", "t/2")
    assert problems[2].prompt == f"{long}2"
    assert problems[-1] is problems[2]
    assert problems.row_location(2) == f"{path}:4"
    assert [p.task_id for p in pickle.loads(pickle.dumps(problems))] == ["t/0", "t/1", "t/2"]


def test_the_same_id_in_two_rows_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"task_id": "a", "prompt": "p"}\n{"task_id": "b", "prompt": "p"}\n{"task_id": "a", "prompt": "p"}\n'
    )
    with pytest.raises(DataError, match=r"x\.jsonl:3 \(a\): the task id 'a' is already used in .*x\.jsonl:1"):
        build_lazily([path], task_id, problem_of_row)


def test_the_sound_rows_come_with_the_faults(tmp_path: Path) -> None:
    path, cut = tmp_path / "x.jsonl", tmp_path / "y.jsonl.gz"
    lines = '{"task_id": "a", "prompt": "p"}\n{broken\n{"prompt": "no id"}\n{"task_id": "b", "prompt": "p"}\n'
    path.write_text(lines)
    cut.write_bytes(gzip.compress(lines.encode())[:-20])
    for build in (
        lambda: build_all([path, cut], problem_of_row),
        lambda: build_lazily([path, cut], task_id, problem_of_row),
    ):
        with pytest.raises(FaultyRowsError) as raised:
            build()
        text = str(raised.value)
        assert "x.jsonl:2: not JSON" in text
        assert "x.jsonl:3: field 'task_id' is missing" in text
        assert "y.jsonl.gz: the gzip file is truncated" in text
        assert [problem.task_id for problem in raised.value.problems] == ["a", "b"]


def test_packed_files_name_every_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"task_id": "a", "prompt": "p"}\n{broken\n{broken too\n'))
    with pytest.raises(FaultyRowsError, match=r"2 rows are at fault \(1 are sound\)"):
        build_lazily([path], task_id, problem_of_row)


def test_only_rows_that_belong_are_problems(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [{"task_id": f"t/{i}", "prompt": "p", "level": level} for i, level in enumerate(["easy", "hard", "hard"])]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    problems = build_lazily([path], task_id, problem_of_row, keep=lambda row: row.get("level", str) == "hard")
    assert problems.task_ids == ("t/1", "t/2")
    assert problems[0].task_id == "t/1"


def test_a_broken_row_is_named_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"task_id": "a", "prompt": "p"}\n{"task_id": "b", "prompt": 3}\n')
    problems = build_lazily([path], task_id, problem_of_row)
    assert problems[0].prompt == "p"
    with pytest.raises(DataError, match=r"x\.jsonl:2 \(b\): field 'prompt' must be a text, got 3"):
        problems[1]
