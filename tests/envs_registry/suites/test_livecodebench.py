from __future__ import annotations

import base64
import json
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from codegym import CallTest, Judge, StdioTest
from codegym.errors import DataError, UnknownNameError
from envs_registry.loading import load_suite
from envs_registry.suites.livecodebench import text_of_pickle


def packed(cases: Any) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(cases)))).decode()


STDIN = {
    "question_title": "A. Sum",
    "question_content": "Sum two numbers.",
    "platform": "codeforces",
    "question_id": "1873_A",
    "contest_id": "1873",
    "contest_date": "2023-08-21T00:00:00",
    "starter_code": "",
    "difficulty": "easy",
    "public_test_cases": json.dumps([{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]),
    "private_test_cases": packed([{"input": "5 6\n", "output": "11\n", "testtype": "stdin"}]),
    "metadata": "{}",
}
CALL = {
    **STDIN,
    "platform": "leetcode",
    "question_id": "2777",
    "contest_date": "2024-02-03T00:00:00",
    "difficulty": "hard",
    "starter_code": "class Solution:\n    def add(self, xs: List[int], k: int) -> List[int]:\n        ",
    "public_test_cases": json.dumps([{"input": "[1, 2]\n3", "output": "[4, 5]", "testtype": "functional"}]),
    "private_test_cases": json.dumps([{"input": "[]\n1", "output": "[]", "testtype": "functional"}]),
    "metadata": json.dumps({"func_name": "add"}),
}


def write(folder: Path, *rows: dict[str, object], name: str = "test.jsonl") -> Path:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_both_kinds_of_problems(tmp_path: Path) -> None:
    stdin, call = load_suite("livecodebench", data_dir=write(tmp_path, STDIN, CALL))
    assert stdin.tests == (
        StdioTest(stdin="1 2\n", expected_stdout="3\n", public=True),
        StdioTest(stdin="5 6\n", expected_stdout="11\n"),
    )
    assert call.entry_point == "Solution().add"
    assert call.tests[0] == CallTest(args=([1, 2], 3), expected=[4, 5], public=True)
    assert call.prompt.startswith(
        "### Question:\nSum two numbers.\n\n### Format: You will use the following starter code"
    )
    assert stdin.prompt.endswith("### Answer: (use the provided format with backticks)\n\n")
    with Judge(workers=1) as judge:
        good = f"{CALL['starter_code']}return tuple(x + k for x in xs)\n"
        assert judge.judge(call, good).is_success
        assert judge.judge(call, good.replace("+", "-")).verdict == "fail"
        assert judge.judge(stdin, "print(sum(map(int, input().split())))").is_success


def test_its_own_comparator(tmp_path: Path) -> None:
    own = load_suite("livecodebench", data_dir=write(tmp_path, STDIN), comparator="livecodebench")[0].comparison
    strict = load_suite("livecodebench", data_dir=tmp_path)[0].comparison
    assert own.accepts_output("3\n", " 3.0\n")
    assert not strict.accepts_output("3\n", " 3.0\n")


def test_date_windows_and_filters(tmp_path: Path) -> None:
    write(tmp_path, STDIN, CALL)

    def ids(**options: str) -> tuple[str, ...]:
        return load_suite("livecodebench", data_dir=tmp_path, **options).task_ids

    assert ids(start="2023-08-22") == ("livecodebench/2777",)
    assert ids(start="2023-08-21", end="2024-02-02") == ("livecodebench/1873_A",)
    assert ids(platform="leetcode") == ids(difficulty="hard") == ("livecodebench/2777",)
    with pytest.raises(DataError, match=r"start must be a day as YYYY-MM-DD, got '2023-13-01'"):
        ids(start="2023-13-01")
    with pytest.raises(UnknownNameError, match="Did you mean 'leetcode'"):
        ids(platform="letcode")


def test_releases_are_cumulative(tmp_path: Path) -> None:
    write(tmp_path, STDIN)
    write(tmp_path, CALL, name="test2.jsonl")
    assert len(load_suite("livecodebench", data_dir=tmp_path, release="v1")) == 1
    assert len(load_suite("livecodebench", data_dir=tmp_path, release="v2")) == 2


class Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("this_folder_must_never_exist",)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickled_text_is_read_without_executing_it(protocol: int) -> None:
    assert text_of_pickle(pickle.dumps("täxt\n\x00" * 300, protocol)) == "täxt\n\x00" * 300


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    evil = base64.b64encode(zlib.compress(pickle.dumps(Payload()))).decode()
    suite = load_suite("livecodebench", data_dir=write(tmp_path, {**STDIN, "private_test_cases": evil}))
    with pytest.raises(DataError, match=r":1 \(1873_A\): field 'private_test_cases' .*more than a text"):
        suite[0]
    assert not (tmp_path / "this_folder_must_never_exist").exists()


@pytest.mark.parametrize("text", ["not base64!", "aGVsbG8=", packed([1])[:-8], packed({"a": 1}), packed([1])])
def test_damaged_tests_are_named(tmp_path: Path, text: str) -> None:
    suite = load_suite("livecodebench", data_dir=write(tmp_path, {**STDIN, "private_test_cases": text}))
    with pytest.raises(DataError, match=r"test\.jsonl:1 \(1873_A\): field 'private_test_cases'"):
        suite[0]
