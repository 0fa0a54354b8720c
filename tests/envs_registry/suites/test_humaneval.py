from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegym import CallTest, ScriptTest
from codegym.errors import DataError, UnknownNameError
from envs_registry.loading import load_suite

ROW = {
    "task_id": "HumanEval/1000",
    "prompt": (
        "from typing import List\n\n\ndef helper(x):\n    return x\n\n\n"
        'def f(xs: List[int]) -> int:\n    """Sums.\n    >>> f([1, 2])\n    3\n    >>> f([9])\n    9\n    """\n'
    ),
    "entry_point": "f",
    "canonical_solution": "    return sum(xs)\n",
    "test": (
        "\n\ndef check(candidate):\n    assert candidate([]) == 0\n"
        "    assert candidate([1, 2]) == 3\n    assert candidate([1]) == 1\n"
    ),
}


def write(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "HumanEval.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_row_becomes_a_problem(tmp_path: Path) -> None:
    (problem,) = load_suite("humaneval", data_dir=write(tmp_path, ROW))
    assert problem.prompt == problem.starter_code == ROW["prompt"]
    assert problem.entry_point == "f"
    assert problem.context == "from typing import List\n\n\ndef helper(x):\n    return x\n"
    assert problem.solutions == (f"{ROW['prompt']}{ROW['canonical_solution']}",)
    assert problem.tests == (
        CallTest(args=([],), expected=0),
        CallTest(args=([1, 2],), expected=3, public=True),
        CallTest(args=([1],), expected=1),
    )


def test_options(tmp_path: Path) -> None:
    path = write(tmp_path, ROW)
    (problem,) = load_suite("humaneval", data_dir=path, tests="script", examples="none", prompt="instruct")
    assert problem.tests == (ScriptTest(source=str(ROW["test"])),)
    assert str(ROW["prompt"]) in problem.prompt
    assert problem.prompt.startswith("Complete")
    shown, script = load_suite("humaneval", data_dir=path, tests="script")[0].tests
    assert shown == CallTest(args=([1, 2],), expected=3, public=True)
    assert script == ScriptTest(source=str(ROW["test"]))
    (everything,) = load_suite("humaneval", data_dir=path, examples="all")
    assert everything.tests[0] == CallTest(args=([9],), expected=9, public=True)
    assert len(everything.tests) == 4
    with pytest.raises(UnknownNameError, match="Did you mean 'instruct'"):
        load_suite("humaneval", data_dir=path, prompt="instrct")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("test", None, r":1 \(HumanEval/1000\): field 'test' is missing"),
        ("test", "def check(:", r"field 'test' is not Python that parses"),
        ("prompt", 3, r"field 'prompt' must be a text, got 3"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, field: str, value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_suite("humaneval", data_dir=write(tmp_path, {**ROW, field: value}))


def test_the_same_id_twice(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r":2 \(HumanEval/1000\): the task id 'HumanEval/1000' is already used in .*:1\."
    ):
        load_suite("humaneval", data_dir=write(tmp_path, ROW, ROW))


def test_real_data(data: Path) -> None:
    suite = load_suite("humaneval", data_dir=data)
    assert len(suite) == 164
    assert "encode_cyclic" in suite.by_id("HumanEval/38").context
    assert all(problem.tests and not problem.one_process for problem in suite)
    assert sum(bool(problem.public_tests) for problem in suite) == 90
    # examples in the docstrings that contradict the published solutions are left out
    assert not suite.by_id("HumanEval/116").public_tests
