from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

import pytest

from codegym import Problem, StdioTest
from codegym.errors import DataError
from envs_registry.building import FaultyRowsError, RowTable, build_all
from envs_registry.rows import Row


def problem_of_row(row: Row) -> Problem:
    return Problem(
        task_id=row.get("task_id", str),
        prompt=row.get("prompt", str),
        tests=(StdioTest(stdin="", expected_stdout=""),),
    )


def task_id(rows: RowTable, place: int) -> str:
    return rows.id(place, "task_id")


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
    assert table.peek(1, "level") == 'so "hard"'
    assert table.peek(1, "absent") == ""
    assert [p.task_id for p in pickle.loads(pickle.dumps(problems))] == ["t/0", "t/1", "t/2"]


def test_the_same_id_in_two_rows_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"task_id": "a", "prompt": "p"}\n{"task_id": "b", "prompt": "p"}\n{"task_id": "a", "prompt": "p"}\n'
    )
    with pytest.raises(DataError, match=r"x\.jsonl, line 3: the task id 'a' stands already in .*x\.jsonl, line 1"):
        RowTable([path]).problems(task_id, problem_of_row)


def test_the_sound_rows_come_with_the_faults(tmp_path: Path) -> None:
    path, cut = tmp_path / "x.jsonl", tmp_path / "y.jsonl.gz"
    lines = '{"task_id": "a", "prompt": "p"}\n{broken\n{"prompt": "no id"}\n{"task_id": "b", "prompt": "p"}\n'
    path.write_text(lines)
    cut.write_bytes(gzip.compress(lines.encode())[:-20])
    for build in (
        lambda: build_all([path, cut], problem_of_row),
        lambda: RowTable([path, cut]).problems(task_id, problem_of_row),
    ):
        with pytest.raises(FaultyRowsError) as raised:
            build()
        text = str(raised.value)
        assert "x.jsonl, line 2: expected one JSON object" in text
        assert "x.jsonl, line 3: field 'task_id' is missing" in text
        assert "y.jsonl.gz: the gzip file is truncated" in text
        assert [problem.task_id for problem in raised.value.problems] == ["a", "b"]


def test_packed_files_name_every_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"task_id": "a", "prompt": "p"}\n{broken\n{broken too\n'))
    with pytest.raises(FaultyRowsError, match=r"2 rows are at fault \(1 are sound\)"):
        RowTable([path]).problems(task_id, problem_of_row)


@pytest.mark.parametrize("padding", ["", "x" * 10_000])
def test_peeking_sees_the_rows_own_fields(tmp_path: Path, padding: str) -> None:
    path = tmp_path / "x.jsonl"
    rows = [
        {"inner": {"task_id": "wrong"}, "text": '{"task_id": "wrong"} ' + padding, "task_id": "Bé"},
        {"task_id": "Bé", "text": padding, "inner": {"task_id": "wrong"}},
        {"a": ["task_id", {"task_id": "wrong"}], "text": padding, "task_id": "Bé", "more": [{"b": 1}]},
        {"text": padding, "inner": {"task_id": "wrong"}},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = RowTable([path])
    assert [table.peek(place, "task_id") for place in range(4)] == ["Bé", "Bé", "Bé", ""]


def test_a_row_with_two_ids_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"task_id": "a", "prompt": "p", "task_id": "b"}\n')
    with pytest.raises(DataError, match=r"line 1 \(b\): its id is 'b', and 'a' at a glance"):
        RowTable([path]).problems(task_id, problem_of_row)[0]


def test_a_broken_row_is_named_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"task_id": "a", "prompt": "p"}\n{"task_id": "b", "prompt": 3}\n')
    problems = RowTable([path]).problems(task_id, problem_of_row)
    assert problems[0].prompt == "p"
    with pytest.raises(DataError, match=r"x\.jsonl, line 2 \(b\): field 'prompt' must be a text, got 3"):
        problems[1]
