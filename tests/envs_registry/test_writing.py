from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym import CallTest, Limits, Problem, ScriptTest, StdioTest
from codegym.comparison import Comparison, OutputRule
from codegym.errors import DataError, InvalidProblemError
from envs_registry.checkers import CHECKERS
from envs_registry.loading import load_suite
from envs_registry.suite import Suite
from envs_registry.writing import write_problems

PROBLEMS = (
    Problem(
        task_id="own/1",
        prompt="Écris f.\u2028",
        tests=(
            CallTest(args=([1, 2.5, None, "x"],), kwargs={"k": True}, expected={"a": [1]}, public=True),
            CallTest(args=((1, 2), {3}), expected={1: (2,)}),
            CallTest(args=([1],), expected_args=([2],)),
            ScriptTest(source="assert f(1)\n"),
        ),
        entry_point="f",
        starter_code="def f(x):\n",
        context="import math\n",
        solutions=("def f(x): return x",),
        mutants=("def f(x): return 1",),
        difficulty="easy",
        tags=("a", "b"),
        comparison=Comparison(rel_tolerance=1e-9, unordered=True),
        limits=Limits(cpu_seconds=1.0),
    ),
    Problem(
        task_id="own/2",
        prompt="",
        tests=(StdioTest(stdin="1\n", expected_stdout="\ud800", public=True),),
        comparison=Comparison(output=OutputRule.APPS),
    ),
)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "own.jsonl"
    assert write_problems(path, PROBLEMS, split="train") == 2
    assert tuple(load_suite(str(path), "train")) == PROBLEMS
    assert [file.name for file in path.parent.iterdir()] == ["own.jsonl"]


def test_a_suites_packages_and_known_faults_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    suite = Suite("own", "all", PROBLEMS, packages=("numpy", "pandas"), known_bad={"own/2": "published so"})
    write_problems(path, suite)
    read = load_suite(str(path))
    assert (read.packages, read.known_bad) == (("numpy", "pandas"), {"own/2": "published so"})
    write_problems(path, iter(suite), packages=suite.packages, known_bad=suite.known_bad)
    assert load_suite(path).packages == suite.packages


@pytest.mark.parametrize(
    "value",
    [
        float("inf"),
        [1, float("nan")],
        Counter("aab"),
        deque([1]),
        range(3),
        frozenset({1}),
        {"a": frozenset()},
        int,
    ],
)
def test_a_value_that_is_no_literal_is_refused(tmp_path: Path, value: object) -> None:
    for test in (CallTest(args=(1,), expected=value), CallTest(args=(value,), expected=1)):
        problem = Problem(task_id="own/5", prompt="p", tests=(test,), entry_point="f")
        with pytest.raises(InvalidProblemError, match="own/5: a test has a value that is no literal"):
            write_problems(tmp_path / "own.jsonl", [problem])


@pytest.mark.parametrize("value", [set(), {1, (2,)}, 1j, b"x", {1: -2.5}, "a\ud800b", (True, 1.0)])
def test_literals_that_json_does_not_have_are_kept(tmp_path: Path, value: object) -> None:
    problem = Problem(task_id="own/6", prompt="p", tests=(CallTest(args=(value,), expected=value),), entry_point="f")
    write_problems(tmp_path / "own.jsonl", [problem])
    assert repr(load_suite(tmp_path / "own.jsonl")[0].tests) == repr(problem.tests)


@pytest.mark.parametrize("name", CHECKERS)
def test_checkers_are_written_by_name(tmp_path: Path, name: str) -> None:
    tests = (CallTest(args=(1, 0.1), expected=[2]),)
    problem = Problem(
        task_id="own/4", prompt="", tests=tests, entry_point="f", comparison=Comparison(checker=CHECKERS[name])
    )
    path = tmp_path / "own.jsonl"
    write_problems(path, [problem])
    assert f'"checker": "{name}"' in path.read_text()
    assert tuple(load_suite(str(path))) == (problem,)
    path.write_text(path.read_text().replace(name, f"{name}s"))
    with pytest.raises(DataError, match=rf"own\.jsonl:1 .*'comparison\.checker'.*Did you mean '{name}'"):
        load_suite(str(path))


def test_rules_of_the_checkers() -> None:
    assert CHECKERS["apps"]((), [[1, 2]], (1, 2))
    assert not CHECKERS["apps"]((), [[1, 2]], (1, 3))
    assert CHECKERS["livecodebench"]((), [[1], [2]], ([1], [2]))
    assert not CHECKERS["livecodebench"]((), [[1]], [(1,)])
    assert CHECKERS["within_second_argument"]((2, 0.1), 1.4, 1.45)
    assert not CHECKERS["within_second_argument"]((2, 0.1), 1.4, 1.6)


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text("precious")
    checked = Problem(task_id="own/3", prompt="", tests=(), comparison=Comparison(checker=lambda *_: True))

    def problems() -> Iterator[Problem]:
        yield PROBLEMS[0]
        yield checked

    with pytest.raises(InvalidProblemError, match="own/3: its comparison is code"):
        write_problems(path, problems())
    assert path.read_text() == "precious"
    assert [file.name for file in tmp_path.iterdir()] == ["own.jsonl"]
