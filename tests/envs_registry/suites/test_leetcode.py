from __future__ import annotations

from pathlib import Path

from codegym import CallTest, ScriptTest
from envs_registry.loading import load_suite


def test_real_data(data: Path) -> None:
    train, test = load_suite("leetcode", "train", data_dir=data), load_suite("leetcode", "test", data_dir=data)
    assert (len(train), len(test)) == (1890, 200)
    assert train.packages == ("sortedcontainers", "numpy")
    problem = train.by_id("two-sum")
    assert problem.entry_point == "Solution().twoSum"
    assert problem.difficulty == "easy"
    assert problem.tests[0] == CallTest(kwargs={"nums": [2, 7, 11, 15], "target": 9}, expected=[0, 1], public=True)
    assert not any(test.public for test in problem.tests[1:])
    assert problem.context.startswith("from typing import *")
    assert problem.prompt.startswith("Given an array of integers")
    assert problem.starter_code == "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n"


def test_trees_and_lists_stay_in_one_process(data: Path) -> None:
    problem = load_suite("leetcode", "train", data_dir=data).by_id("add-two-numbers")
    assert problem.one_process
    assert all(isinstance(test, ScriptTest) for test in problem.tests)
    assert not load_suite("leetcode", "train", data_dir=data).by_id("two-sum").one_process


def test_options(data: Path) -> None:
    (problem,) = load_suite("leetcode", "train", data_dir=data, tests="script", prompt="completion", public=3)[:1]
    assert [type(test) for test in problem.tests] == [ScriptTest]
    assert not problem.public_tests  # one test always stays private
    assert problem.prompt.startswith('"""\nGiven an array')
    assert problem.prompt.endswith("-> List[int]:\n")
