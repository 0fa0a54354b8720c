from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from codegym import CallTest, Judge, Problem, StdioTest
from codegym.errors import DataError
from codegym.sandbox.pool import Sandbox
from envs_registry.strengthen.given import read_tests
from envs_registry.strengthen.strengthening import Effort, Strengthener
from envs_registry.suite import Suite

CLAMP = (
    "def clamp(x, low, high):\n"
    "    if x < low:\n        return low\n"
    "    if x > high:\n        return high\n"
    "    return x\n"
)
WEAK = Problem(
    task_id="own/clamp",
    prompt="Clamp.",
    tests=(CallTest(args=(5, 0, 10), expected=5, public=True),),
    entry_point="clamp",
    solutions=(CLAMP,),
)


@pytest.fixture(scope="module")
def strengthener() -> Iterator[Strengthener]:
    with Judge(workers=2) as judge, Sandbox(workers=1) as sandbox:
        yield Strengthener(judge, sandbox, Effort(mutants=12, inputs=20, keep=4))


def test_new_tests_kill_mutants_and_are_right(strengthener: Strengthener) -> None:
    result = strengthener.strengthened(WEAK)
    assert result.mutants >= 6
    assert result.killed_before < result.killed_after <= result.mutants
    assert result.problem.tests[:1] == WEAK.tests
    new = result.problem.tests[1:]
    assert len(new) == result.added > 0
    namespace: dict[str, object] = {}
    exec(CLAMP, namespace)
    clamp = namespace["clamp"]
    assert callable(clamp)
    for test in new:
        assert isinstance(test, CallTest)
        assert test.expected == clamp(*test.args)
        assert not test.public
    assert strengthener.strengthened(WEAK) == result


def test_functions_that_work_in_place(strengthener: Strengthener) -> None:
    code = "def drop_small(xs):\n    xs[:] = [x for x in xs if x >= 2]\n"
    test = CallTest(args=([1, 2, 3],), expected_args=([2, 3],))
    weak = Problem(
        task_id="own/drop",
        prompt="",
        tests=(test,),
        entry_point="drop_small",
        solutions=(code,),
        mutants=("def drop_small(xs):\n    xs[:] = [2, 3]\n",),
    )
    result = strengthener.strengthened(weak)
    assert result.killed_after > result.killed_before
    assert all(isinstance(new, CallTest) and new.expected_args is not None for new in result.problem.tests[1:])


def test_answers_that_the_solutions_do_not_share_are_no_tests(strengthener: Strengthener) -> None:
    either = ("def pick(xs):\n    return xs[0]\n", "def pick(xs):\n    return xs[-1]\n")
    weak = Problem(
        task_id="own/pick",
        prompt="",
        tests=(CallTest(args=([4, 4],), expected=4),),
        entry_point="pick",
        solutions=either,
        mutants=("def pick(xs):\n    return 4\n",),
    )
    for test in strengthener.strengthened(weak).problem.tests[1:]:
        assert isinstance(test, CallTest)
        assert test.args[0][0] == test.args[0][-1]


def test_what_cannot_be_strengthened_says_why(strengthener: Strengthener) -> None:
    stdio = Problem(
        task_id="own/s", prompt="", tests=(StdioTest(stdin="", expected_stdout="1"),), solutions=("print(1)",)
    )
    unsolved = Problem(task_id="own/u", prompt="", tests=WEAK.tests, entry_point="clamp")
    slow = replace(WEAK, task_id="own/t", solutions=(CLAMP.replace("return x", "sum(range(10**8))\n    return x"),))
    wrong = replace(WEAK, task_id="own/w", solutions=("def clamp(x, low, high): return 0",))
    results = list(strengthener.strengthen(Suite("own", "all", [stdio, unsolved, slow, wrong])))
    assert [result.skipped for result in results] == [
        "it has no function to call",
        "it has no reference solution",
        "its reference solution is too slow",
        "its reference solution does not pass (wrong_answer)",
    ]
    assert [result.problem for result in results] == [stdio, unsolved, slow, wrong]


def test_given_tests(strengthener: Strengthener, tmp_path: Path) -> None:
    path = tmp_path / "tests.jsonl"
    tests = [
        {"source": "assert clamp(-1, 0, 10) == 0", "score": 0.9},
        "assert clamp(11, 0, 10) == 11",  # wrong
        "assert clamp(11, 0, 10) == 10",
        "assert clamp(12, 0,",  # unfinished
    ]
    path.write_text(json.dumps({"task_id": "own/clamp", "tests": tests}))
    suite = Suite("own", "all", [WEAK])
    given = read_tests(path, suite)
    assert [test.args for test in given["own/clamp"] if isinstance(test, CallTest)] == [
        (-1, 0, 10),
        (11, 0, 10),
        (11, 0, 10),
    ]
    (result,) = strengthener.strengthen(suite, given)
    assert result.added == 2
    assert result.killed_after > result.killed_before
    path.write_text('{"task_id": "own/other", "tests": []}')
    with pytest.raises(DataError, match=r"tests\.jsonl:1 \(own/other\)"):
        read_tests(path, suite)


def test_a_test_that_was_never_tried_kills_nobody(strengthener: Strengthener) -> None:
    """A mutant that hangs on the first tests has no time left for the others: they say nothing about it."""
    hangs, wrong = (
        "def same(x):\n    while x < 0:\n        pass\n    return x\n",
        "def same(x):\n    return x if x != 7 else 0\n",
    )
    weak = Problem(
        task_id="own/same",
        prompt="",
        tests=(CallTest(args=(1,), expected=1),),
        entry_point="same",
        solutions=("def same(x):\n    return x\n",),
        mutants=(hangs, wrong),
    )
    result = strengthener.strengthened(weak, [CallTest(args=(x,), expected=x) for x in (-1, -2, -3, 5, 7)])
    assert (result.killed_before, result.killed_after, result.mutants) == (0, 2, 2)
    kept = {test.args[0] for test in result.problem.tests[1:] if isinstance(test, CallTest)}
    assert 7 in kept
    assert any(x < 0 for x in kept)


def test_scores_may_stand_beside_the_tests(tmp_path: Path) -> None:
    """The form that ``codegym rank --out`` writes."""
    path = tmp_path / "ranked.jsonl"
    row = {"task_id": "own/clamp", "scores": [1.0], "outcomes": ["PP"]}
    tests = ["assert clamp(1, 0, 10) == 1", "assert clamp(2, 0, 10) == 2"]
    path.write_text(json.dumps({**row, "tests": tests, "test_scores": [0.1, 0.9]}))
    suite = Suite("own", "all", [WEAK])
    given = read_tests(path, suite)["own/clamp"]
    assert [test.args[0] for test in given if isinstance(test, CallTest)] == [2, 1]
    path.write_text(json.dumps({**row, "tests": tests, "test_scores": [0.1]}))
    with pytest.raises(DataError, match=r"'test_scores' must hold a number for each of the 2 tests"):
        read_tests(path, suite)
