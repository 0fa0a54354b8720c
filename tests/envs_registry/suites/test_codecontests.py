from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from codegym import StdioTest
from codegym.comparison import OutputRule
from codegym.errors import DataError
from envs_registry.loading import load_suite

PUBLISHED = {
    "name": "1_A. Sum",
    "source": 2,
    "description": "Sum two numbers.",
    "public_tests": {"input": ["1 2\n"], "output": ["3\n"]},
    "private_tests": {"input": ["3 4\n"], "output": ["7\n"]},
    "generated_tests": {"input": ["5 6\n"], "output": ["11\n"]},
    "solutions": {"language": [2, 3, 1], "solution": ["int main", "print(sum(map(int, input().split())))", "print 3"]},
    "cf_rating": 800,
    "cf_tags": ["math", ""],
    "time_limit": {"seconds": 1, "nanos": 500_000_000},
    "memory_limit_bytes": 1_000_000_000,
}


def test_published_rows(tmp_path: Path) -> None:
    (tmp_path / "valid.jsonl").write_text(json.dumps(PUBLISHED))
    (problem,) = load_suite("codecontests", "validation", data_dir=tmp_path, time_factor=2)
    assert problem.task_id == "codecontests/codeforces/1_A. Sum"
    assert problem.tests == (
        StdioTest(stdin="1 2\n", expected_stdout="3\n", public=True),
        StdioTest(stdin="3 4\n", expected_stdout="7\n"),
        StdioTest(stdin="5 6\n", expected_stdout="11\n"),
    )
    assert problem.solutions == ("print(sum(map(int, input().split())))",)
    assert problem.limits is not None
    assert (problem.limits.cpu_seconds, problem.limits.memory_bytes) == (3.0, 1_000_000_000)
    assert problem.difficulty == "800"
    assert problem.tags == ("codecontests", "math")
    (without,) = load_suite("codecontests", "validation", data_dir=tmp_path, generated=False)
    assert len(without.tests) == 2


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [PUBLISHED, {**PUBLISHED, "source": 5}, {**PUBLISHED, "name": "1_B. Product"}]
    path = tmp_path / "test-00000-of-00001-9c49eeff30aacaa8.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=2)
    suite = load_suite("codecontests", "test", data_dir=tmp_path)
    assert suite.task_ids == tuple(
        f"codecontests/{name}" for name in ("codeforces/1_A. Sum", "atcoder/1_A. Sum", "codeforces/1_B. Product")
    )
    assert [problem.task_id for problem in suite] == list(suite.task_ids)
    assert len(suite[2].tests) == 3
    assert [p.task_id for p in pickle.loads(pickle.dumps(suite))] == list(suite.task_ids)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataError, match="not a sound Parquet file"):
        load_suite("codecontests", "test", data_dir=tmp_path)


def test_plain_rows(data: Path) -> None:
    suite = load_suite("codecontests", "test", data_dir=data)
    assert len(suite) == 165
    first = suite[0]
    assert first.task_id == "codecontests/0"
    assert first.limits is not None
    assert sum(bool(problem.public_tests) for problem in suite) > 130


def test_uneven_tests_are_named(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text(json.dumps({"problem": "p", "tests": {"inputs": ["1"], "outputs": []}}))
    with pytest.raises(DataError, match=r"test\.jsonl:1.*as many 'inputs' as 'outputs', got 1 and 0"):
        load_suite("codecontests", "test", data_dir=tmp_path)[0]


def test_one_of_several_public_tests_is_private(tmp_path: Path) -> None:
    public = {"input": ["1 2\n", "3 4\n"], "output": ["3\n", "7\n"]}
    none = {"input": [], "output": []}
    row = {**PUBLISHED, "public_tests": public, "private_tests": none, "generated_tests": none}
    (tmp_path / "test.jsonl").write_text(json.dumps(row))
    (problem,) = load_suite("codecontests", data_dir=tmp_path, comparator="codecontests")
    assert [test.public for test in problem.tests] == [True, False]
    assert problem.comparison.output is OutputRule.CODECONTESTS


def test_rows_without_a_name_are_numbered_by_line(tmp_path: Path) -> None:
    row = {"problem": "Sum.", "tests": {"name": "inner", "inputs": ["1 2"], "outputs": ["3"]}}
    (tmp_path / "test.jsonl").write_text(f"{json.dumps(row)}\n\n{json.dumps(row)}\n")
    suite = load_suite("codecontests", data_dir=tmp_path)
    assert [problem.task_id for problem in suite] == list(suite.task_ids) == ["codecontests/0", "codecontests/2"]
