from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegym import CallTest, Judge, StdioTest
from codegym.comparison import OutputRule
from codegym.errors import DataError
from envs_registry.loading import load_suite

STDIO = {
    "problem_id": 7,
    "question": "Sum.\n\n-----Examples-----\nInput\n1 2\n\nOutput\n3\n",
    "solutions": json.dumps(["print(sum(map(int, input().split())))"]),
    "input_output": json.dumps({"inputs": ["1 2\n", "4 5\n"], "outputs": ["3\n", ["9", "", ""]]}),
    "difficulty": "interview",
    "url": "https://example.org",
    "starter_code": "",
}
CALL = {
    "problem_id": 8,
    "question": "Double.",
    "solutions": json.dumps(
        ["class Solution:\n    def twice(self, xs: List[int]):\n        return tuple(2 * x for x in xs)\n"]
    ),
    "input_output": json.dumps({"fn_name": "twice", "inputs": [[[1, 2]], [[3]]], "outputs": [[[2, 4]], [6]]}),
    "difficulty": "introductory",
    "url": "",
    "starter_code": "\nclass Solution:\n    def twice(self, xs: List[int]) -> List[int]:\n        ",
}


def write(folder: Path, *rows: dict[str, object]) -> Path:
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_hub_rows(tmp_path: Path) -> None:
    stdio, call = load_suite("apps", "train", data_dir=write(tmp_path, STDIO, CALL))
    assert (stdio.task_id, stdio.difficulty, stdio.entry_point) == ("apps/train/7", "interview", None)
    assert stdio.tests == (
        StdioTest(stdin="1 2\n", expected_stdout="3\n", public=True),
        StdioTest(stdin="4 5\n", expected_stdout="9\n\n"),
    )
    assert stdio.prompt == f"\nQUESTION:\n{STDIO['question']}\nUse Standard Input format\nANSWER:\n"
    assert call.entry_point == "Solution().twice"
    assert call.tests[0] == CallTest(args=([1, 2],), expected=[[2, 4]])
    assert "Use Call-Based format" in call.prompt
    with Judge(workers=1) as judge:
        # the grader's imports (List), tuples for lists, answers wrapped in a list of one: all as published
        assert judge.judge(call, call.solutions[0]).is_success
        assert judge.judge(call, call.solutions[0].replace("2 *", "3 *")).verdict == "fail"
        assert judge.judge(stdio, stdio.solutions[0]).is_success


def test_difficulty_and_comparator(tmp_path: Path) -> None:
    suite = load_suite(
        "apps", "train", data_dir=write(tmp_path, STDIO, CALL), difficulty="interview", comparator="apps"
    )
    assert suite.task_ids == ("apps/train/7",)
    assert suite[0].comparison.output is OutputRule.APPS


def test_train_and_test_are_numbered_apart(tmp_path: Path) -> None:
    write(tmp_path, STDIO)
    (tmp_path / "test.jsonl").write_text(json.dumps({**CALL, "problem_id": 7}))
    assert load_suite("apps", "all", data_dir=tmp_path).task_ids == ("apps/train/7", "apps/test/7")


def test_original_folders(data: Path) -> None:
    suite = load_suite("apps", "train", data_dir=data)
    assert suite.task_ids == ("apps/train/1", "apps/train/111", "apps/train/2287", "apps/train/2404")
    assert suite.by_id("apps/train/2404").entry_point == "Solution().findKthPositive"
    assert suite.by_id("apps/train/111").difficulty == "interview"
    assert len(suite.by_id("apps/train/1").solutions) <= 20
    assert load_suite("apps", "train", data_dir=data, difficulty="interview").task_ids == (
        "apps/train/1",
        "apps/train/111",
    )


def test_mini_validation(data: Path) -> None:
    suite = load_suite("apps", "validation", data_dir=data)
    assert len(suite) == 150
    assert sum(problem.entry_point is not None for problem in suite) == 12
    assert len(load_suite("apps", "validation", data_dir=data, difficulty="competition")) == 50
    everything = load_suite("apps", "all", data_dir=data)
    assert len(everything) == 152  # two of the folders' four problems are in the mini validation too


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{", "field 'input_output' must hold JSON"),
        ('{"inputs": ["1"], "outputs": []}', "as many 'inputs' as 'outputs'"),
        ("[1]", "must hold an object"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, value: str, message: str) -> None:
    suite = load_suite("apps", "train", data_dir=write(tmp_path, {**STDIO, "input_output": value}))
    with pytest.raises(DataError, match=rf"train\.jsonl, line 1 \(7\): .*{message}"):
        suite[0]
