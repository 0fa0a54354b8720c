from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from codegym import CallTest, Judge, Limits, ScriptTest, StdioTest
from codegym.comparison import OutputRule
from codegym.errors import DataError, UnknownNameError
from envs_registry.loading import load_suite, read_suite

ROW: dict[str, Any] = {
    "task_id": "own/1",
    "prompt": "Write f.",
    "entry_point": "f",
    "starter_code": "def f(x):\n",
    "context": "import math\n",
    "solutions": ["def f(x): return x"],
    "mutants": ["def f(x): return 0"],
    "difficulty": "easy",
    "tags": ["lists"],
    "split": "train",
    "limits": {"cpu_seconds": 1.5},
    "comparison": {"abs_tolerance": 1e-6},
    "tests": [
        {"type": "call", "args": [[1]], "kwargs": {"k": 2}, "expected": None, "expected_args": [[2]], "public": True},
        {"type": "assert", "source": "assert f((1, 2)) == {3}"},
        {"type": "script", "source": "def check(candidate):\n    assert candidate(1)\n"},
    ],
}
STDIO: dict[str, Any] = {
    "task_id": "own/2",
    "prompt": "Echo.",
    "comparison": {"output": "exact"},
    "tests": [{"type": "stdio", "stdin": "1", "expected_stdout": "1\n"}],
}


def write(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "own.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_every_field(tmp_path: Path) -> None:
    suite = load_suite(str(write(tmp_path, ROW, STDIO)))
    first, second = suite
    assert first.tests == (
        CallTest(args=([1],), kwargs={"k": 2}, expected=None, expected_args=([2],), public=True),
        CallTest(args=((1, 2),), expected={3}),
        ScriptTest(source="def check(candidate):\n    assert candidate(1)\n"),
    )
    assert first.limits == Limits(cpu_seconds=1.5)
    assert first.comparison.abs_tolerance == 1e-6
    assert second.comparison.output is OutputRule.EXACT
    assert (first.difficulty, first.tags, first.context) == ("easy", ("lists",), "import math\n")
    assert second.tests == (StdioTest(stdin="1", expected_stdout="1\n"),)


def test_splits_come_from_the_rows(tmp_path: Path) -> None:
    path = write(tmp_path, ROW, {**STDIO, "split": "test"})
    assert load_suite(str(path), "test").task_ids == ("own/2",)
    assert len(load_suite("jsonl", data_dir=tmp_path)) == 2
    with pytest.raises(UnknownNameError, match="Did you mean 'train'"):
        load_suite(str(path), "trian")


def test_a_file_is_called_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path, ROW)
    assert load_suite(path).name == path.name.removesuffix(".jsonl")
    with gzip.open(tmp_path / "mine.jsonl.gz", "wt") as file:
        file.write(path.read_text())
    assert load_suite(str(tmp_path / "mine.jsonl.gz")).name == "mine"
    assert load_suite("jsonl", data_dir=path).name == "jsonl"


def with_test(**test: Any) -> dict[str, Any]:
    return {**ROW, "tests": [test]}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**ROW, "promt": "p"}, "unknown field 'promt'. Did you mean 'prompt'"),
        ({k: v for k, v in ROW.items() if k != "prompt"}, "field 'prompt' is missing"),
        ({k: v for k, v in ROW.items() if k != "tests"}, "field 'tests' is missing"),
        (
            {k: v for k, v in ROW.items() if k != "entry_point"},
            r"'entry_point' is missing: the 'call' test in tests\[0\]",
        ),
        ({**ROW, "tests": ["assert f(1)"]}, r"field tests\[0\] must be an object"),
        (
            with_test(type="cal", args=[1]),
            r"tests\[0\].type must be one of 'call', 'stdio', 'assert', 'script', got 'cal'",
        ),
        (with_test(type="call", args=[1]), r"tests\[0\].expected is missing"),
        (with_test(type="call", arguments=[1], expected=1), "unknown field of a 'call' test .*'arguments'"),
        (with_test(type="call", args=3, expected=1), r"field 'tests\[0\].args' must be a list, got 3"),
        (with_test(type="script", source="assert ("), r"tests\[0\].source' is not Python that parses"),
        ({**ROW, "solutions": ["def f("]}, r"solutions\[0\]' is not Python that parses"),
        ({**ROW, "limits": {"cpu": 1}}, "unknown field of limits 'cpu'"),
        ({**ROW, "limits": {"cpu_seconds": -1}}, "cpu_seconds must be a number above zero"),
        ({**ROW, "comparison": {"output": "lose"}}, "comparison.output' must be one of"),
        ({**ROW, "limits": {"cpu_seconds": "x"}}, "cpu_seconds must be a number above zero"),
        ({**ROW, "comparison": {"rel_tolerance": "a"}}, "field 'comparison.rel_tolerance' must be a number, got 'a'"),
        ({**ROW, "comparison": {"abs_tolerance": -1}}, "'comparison.abs_tolerance' must be .* at least zero, got -1"),
        ({**ROW, "comparison": {"output": "exact"}}, "comparison.output would be ignored"),
        (
            {**ROW, "tests": [{"type": "script", "source": "f(1) == 2"}]},
            r"field 'tests\[0\].source' asserts nothing: any program would pass",
        ),
        (
            {**ROW, "tests": [{"type": "call", "expected": json.loads("[" * 200 + "]" * 200)}], "comparison": {}},
            "no program can give expected of test 0, a value that is nested too deep",
        ),
        ({**ROW, "comparison": {"any_of": 1}}, "field 'comparison.any_of' must be true or false, got 1"),
        ({**ROW, "entry_point": "1bad"}, "entry_point must be the name of a function .*, got '1bad'"),
        ({**ROW, "packages": "numpy"}, "field 'packages' must be a list, got 'numpy'"),
        ({**ROW, "known_bad": True}, "field 'known_bad' must be a text, got True"),
        ({**ROW, "tags": [1]}, r"field 'tags'\[0\] must be a text, got 1"),
        ({**ROW, "task_id": ""}, "task_id must be a text that is not empty"),
    ],
)
def test_the_validator_names_line_and_field(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"own\.jsonl:2.*{message}"):
        load_suite(str(write(tmp_path, STDIO, row)))


FIVE: dict[str, Any] = {
    "task_id": "own/5",
    "prompt": 'def total(xs):\n    """Return the sum of xs."""\n',
    "entry_point": "total",
    "tests": [{"type": "call", "args": [[1, 2]], "expected": 3}],
}
BODIES = ("    return sum(xs)\n", "    n = 0\n    for x in xs:\n        n += x\n    return n\n", "return sum(xs)")


@pytest.mark.parametrize("body", BODIES)
def test_a_bare_body_is_told_what_to_add_and_then_taken(tmp_path: Path, body: str) -> None:
    row = {**FIVE, "solutions": ["def total(xs): return sum(xs)", body]}
    with pytest.raises(DataError) as refused:
        load_suite(str(write(tmp_path, row)))
    said = str(refused.value)
    assert "own.jsonl:1 (own/5): field 'solutions[1]' is the body of a function" in said
    assert "'starter_code'" in said
    assert repr("def total(xs):\n") in said, "the head stands in the prompt"
    (problem,) = load_suite(str(write(tmp_path, {**row, "starter_code": FIVE["prompt"]})))
    assert problem.solutions[0] == row["solutions"][0]
    with Judge(workers=1) as judge:
        assert [fb.verdict for fb in judge.judge_many([(problem, solution) for solution in problem.solutions])] == [
            "pass"
        ] * 2
    namespace: dict[str, Any] = {}
    exec(problem.solutions[1], namespace)
    assert namespace["total"]([1, 2]) == 3


def test_the_hint_knows_a_head_where_the_prompt_has_none(tmp_path: Path) -> None:
    row = {**FIVE, "prompt": "Write total.", "solutions": [BODIES[0]]}
    with pytest.raises(DataError, match=re.escape(repr("def total(...):\n"))):
        load_suite(str(write(tmp_path, row)))
    stdio = {**STDIO, "solutions": ["    print(1)\n"]}
    with pytest.raises(DataError, match=r"solutions\[0\]' is not Python that parses"):
        load_suite(str(write(tmp_path, stdio)))


def test_packages_and_known_faults_of_a_split(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {**ROW, "packages": ["numpy"], "known_bad": "its solution is wrong"},
        {**STDIO, "split": "test", "packages": ["pandas", "numpy"]},
    )
    assert load_suite(path).packages == ("numpy", "pandas")
    assert load_suite(path, "test").packages == ("pandas", "numpy")
    assert load_suite(path, "train").known_bad == {"own/1": "its solution is wrong"}
    assert load_suite(path, "test").known_bad == {}
    path.write_text(path.read_text() + "{broken\n")
    reading = read_suite(path)
    assert (len(reading.suite), reading.suite.packages, len(reading.faults)) == (2, ("numpy", "pandas"), 1)
