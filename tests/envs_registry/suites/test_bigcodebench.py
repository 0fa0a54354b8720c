from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegym import Judge
from codegym.errors import DataError
from codegym.sandbox.execution import Trust
from envs_registry.loading import load_suite

ROW = {
    "task_id": "BigCodeBench/0",
    "complete_prompt": (
        "import collections\nimport random\nLIMIT = 3\n\ndef task_func(words, seed=0):\n"
        '    """Counts at most LIMIT words.\n    """\n'
    ),
    "instruct_prompt": "Count words. You should write self-contained code starting with: ...",
    "canonical_solution": "    return collections.Counter(words[:LIMIT])\n",
    "code_prompt": "import collections\nimport random\nLIMIT = 3\ndef task_func(words, seed=0):\n",
    "test": (
        "import unittest\nfrom unittest.mock import patch\n"
        "class TestCases(unittest.TestCase):\n"
        "    def setUp(self):\n        self.words = ['a', 'b', 'a', 'a']\n"
        "    def test_counts(self):\n        self.assertEqual(task_func(self.words)['a'], 2)\n"
        "    def test_type(self):\n        self.assertIsInstance(task_func([]), collections.Counter)\n"
        "    @patch('random.shuffle')\n"
        "    def test_untouched(self, shuffle):\n        task_func([])\n        shuffle.assert_not_called()\n"
    ),
    "entry_point": "task_func",
    "doc_struct": "{}",
    "libs": "['collections', 'random']",
}


def write(folder: Path, row: dict[str, object], name: str = "BigCodeBench-v0.1.4.jsonl") -> Path:
    (folder / name).write_text(json.dumps(row) + "\n")
    return folder


def test_one_test_for_each_method(tmp_path: Path) -> None:
    (problem,) = load_suite("bigcodebench", data_dir=write(tmp_path, ROW))
    assert (len(problem.tests), problem.one_process, problem.entry_point) == (3, True, "task_func")
    assert problem.context == "import collections\nimport random\nLIMIT = 3\n"
    assert problem.tags == ("bigcodebench", "collections", "random")
    wrong = str(ROW["complete_prompt"]) + "    random.shuffle(words)\n    return dict(collections.Counter(words))\n"
    with Judge(workers=1) as judge:
        right = judge.judge(problem, str(ROW["canonical_solution"]))
        assert right.is_success
        assert right.trust is Trust.IN_PROCESS
        assert [str(test.status) for test in judge.judge(problem, wrong).tests] == ["fail", "fail", "fail"]
        assert not judge.judge(problem, "").is_success


def test_the_whole_class_and_the_hard_split(tmp_path: Path) -> None:
    write(tmp_path, {**ROW, "task_id": "BigCodeBench/9"}, "BigCodeBench-Hard-v0.1.4.jsonl")
    write(tmp_path, ROW)
    (problem,) = load_suite("bigcodebench", data_dir=tmp_path, tests="script", prompt="instruct")
    assert (problem.task_id, len(problem.tests), problem.prompt) == ("BigCodeBench/0", 1, ROW["instruct_prompt"])
    assert load_suite("bigcodebench", "hard", data_dir=tmp_path).task_ids == ("BigCodeBench/9",)
    with Judge(workers=1) as judge:
        assert judge.judge(problem, problem.solutions[0]).is_success


def test_a_script_without_test_methods_is_named(tmp_path: Path) -> None:
    suite = load_suite("bigcodebench", data_dir=write(tmp_path, {**ROW, "test": "class TestCases: pass"}))
    with pytest.raises(DataError, match=r":1 \(BigCodeBench/0\): field 'test' must be Python with a unittest class"):
        suite[0]


def test_the_hard_split_says_where_it_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"hf download bigcode/bigcodebench-hard .*bigcodebench/hard"):
        load_suite("bigcodebench", "hard", data_dir=tmp_path)
