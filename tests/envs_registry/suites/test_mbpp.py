from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegym import CallTest, ScriptTest
from codegym.errors import DataError
from envs_registry.loading import load_suite

ROW = {
    "text": "Write a function to double.",
    "code": "def helper(x):\r\n    return x\r\ndef twice(x):\r\n    return helper(x) * 2",
    "task_id": 601,
    "test_setup_code": "",
    "test_list": ["assert twice(1) == 2", "assert twice(2) == 4", "assert twice(helper(1))"],
    "challenge_test_list": ["assert twice(0) == 0"],
}


def write(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "mbpp.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_row_becomes_a_problem(tmp_path: Path) -> None:
    (problem,) = load_suite("mbpp", "train", data_dir=write(tmp_path, ROW), shown=1, challenge=True)
    assert problem.task_id == "mbpp/601"
    assert problem.entry_point == "twice"
    assert problem.solutions == ("def helper(x):\n    return x\ndef twice(x):\n    return helper(x) * 2",)
    assert problem.tests == (
        CallTest(args=(1,), expected=2, public=True),
        CallTest(args=(2,), expected=4),
        ScriptTest(source="assert twice(helper(1))\n"),
        CallTest(args=(0,), expected=0),
    )
    assert problem.one_process  # its third test names another function of the program
    assert problem.prompt == (
        "You are an expert Python programmer, and here is your task: Write a function to double. "
        "Your code should pass these tests:\n\nassert twice(1) == 2\n[BEGIN]\n"
    )


def test_prompts(data: Path) -> None:
    paper = load_suite("mbpp", "test", data_dir=data, shots=3)[0].prompt
    assert paper.count("[BEGIN]") == 4
    assert paper.count("[DONE]") == 3
    docstring = load_suite("mbpp", "test", data_dir=data, prompt="docstring")[0].prompt
    assert docstring.startswith('"""\nWrite a python function to remove first')
    assert docstring.count("assert") == 3
    assert "```python" in load_suite("mbpp", "test", data_dir=data, prompt="instruct")[0].prompt


@pytest.mark.parametrize(
    ("split", "size"), [("prompt", 10), ("test", 500), ("validation", 90), ("train", 374), ("all", 974)]
)
def test_the_original_split(data: Path, split: str, size: int) -> None:
    assert len(load_suite("mbpp", split, data_dir=data)) == size


def test_sanitized(data: Path) -> None:
    suite = load_suite("mbpp_sanitized", "all", data_dir=data)
    assert len(suite) == 427
    assert any(
        isinstance(test, ScriptTest) and test.source.startswith("import math") for p in suite for test in p.tests
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("test_list", [], "field 'test_list' is empty"),
        ("test_list", ["assert ("], r"'test_list'\[0\] is not Python that parses"),
        ("test_list", ["assert thrice(1) == 3"], "none of its tests calls a function"),
        ("task_id", "601", "field 'task_id' must be a whole number"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, field: str, value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_suite("mbpp", "all", data_dir=write(tmp_path, {**ROW, field: value}))
