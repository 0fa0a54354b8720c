from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegym import CallTest, Judge, StdioTest
from codegym.comparison import OutputRule
from codegym.errors import DataError, InvalidSettingError
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


def test_train_has_no_problem_of_validation(tmp_path: Path) -> None:
    write(tmp_path, STDIO, CALL)
    (tmp_path / "apps_mini_val_intro.jsonl").write_text(json.dumps(CALL) + "\n{broken\n")
    assert load_suite("apps", "train", data_dir=tmp_path).task_ids == ("apps/train/7",)
    assert load_suite("apps", "train", data_dir=tmp_path, difficulty="introductory").task_ids == ()
    assert len(load_suite("apps", "train", data_dir=tmp_path, keep_validation=True)) == 2
    assert len(load_suite("apps", "train", data_dir=tmp_path / "train.jsonl")) == 2


def test_examples_of_call_problems_are_public_and_one_test_is_private(tmp_path: Path) -> None:
    question = "Double.\n\nExample 1:\nInput: xs = [1, 2]\nOutput: [2,4]\n\nExample 2:\nInput: [3]\nOutput: [6]\n"
    call, stdio = load_suite(
        "apps", "train", data_dir=write(tmp_path, {**CALL, "question": question}, {**STDIO, "problem_id": 9})
    )
    assert [test.public for test in call.tests] == [True, False]
    assert [test.public for test in stdio.tests] == [True, False]
    (alone,) = load_suite("apps", "train", data_dir=write(tmp_path, {**CALL, "question": question}), max_tests=1)
    assert [test.public for test in alone.tests] == [True]
    with pytest.raises(InvalidSettingError, match="'max_tests' must be at least 0, got -1"):
        load_suite("apps", "train", data_dir=tmp_path, max_tests=-1)


def test_train_and_test_are_numbered_apart(tmp_path: Path) -> None:
    write(tmp_path, STDIO)
    (tmp_path / "test.jsonl").write_text(json.dumps({**CALL, "problem_id": 7}))
    assert load_suite("apps", "all", data_dir=tmp_path).task_ids == ("apps/train/7", "apps/test/7")


def test_original_folders(data: Path) -> None:
    suite = load_suite("apps", "train", data_dir=data)
    assert suite.task_ids == ("apps/train/111", "apps/train/2287")
    suite = load_suite("apps", "train", data_dir=data, keep_validation=True)
    assert suite.task_ids == ("apps/train/1", "apps/train/111", "apps/train/2287", "apps/train/2404")
    assert suite.by_id("apps/train/2404").entry_point == "Solution().findKthPositive"
    assert suite.by_id("apps/train/111").difficulty == "interview"
    assert len(suite.by_id("apps/train/1").solutions) <= 20
    assert load_suite("apps", "train", data_dir=data, difficulty="interview").task_ids == ("apps/train/111",)


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
        ({"input_output": "{"}, "field 'input_output' must hold JSON"),
        ({"input_output": '{"inputs": ["1"], "outputs": []}'}, "as many 'inputs' as 'outputs'"),
        ({"input_output": "[1]"}, "must hold an object"),
        (
            {"input_output": '{"inputs": [], "outputs": [], "fn_name": 5}'},
            "'input_output.fn_name' must be a text, got 5",
        ),
        ({"input_output": '{"inputs": [], "outputs": [], "fn_name": "1f"}'}, "entry_point must be .*'1f'"),
        ({"input_output": '{"inputs": [{"a": 1}], "outputs": ["1"]}'}, r"'input_output.inputs'\[0\] must be a text"),
        ({"solutions": "[1]"}, r"field 'solutions'\[0\] must be a text, got 1"),
        ({"solutions": "3"}, "field 'solutions' must be a list, got 3"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, value: dict[str, str], message: str) -> None:
    suite = load_suite("apps", "train", data_dir=write(tmp_path, {**STDIO, **value}))
    with pytest.raises(DataError, match=rf"train\.jsonl:1 \(7\): .*{message}"):
        suite[0]
