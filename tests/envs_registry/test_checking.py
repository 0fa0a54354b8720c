from __future__ import annotations

from dataclasses import replace

import pytest

from codegym import CallTest, Judge, Problem, StdioTest
from codegym.errors import DataError
from envs_registry.checking import check_suite, program_that_returns_none
from envs_registry.suite import Suite


def add(task_id: str, *solutions: str, mutants: tuple[str, ...] = (), expected: object = 3) -> Problem:
    tests = (CallTest(args=(1, 2), expected=expected),)
    return Problem(task_id=task_id, prompt="p", tests=tests, entry_point="f", solutions=solutions, mutants=mutants)


def test_finds_what_is_at_fault_and_goes_on() -> None:
    good, bad = "def f(a, b):\n    return a + b\n", "def f(a, b):\n    return a - b\n"
    suite = Suite(
        "own",
        "all",
        [
            add("own/good", good, bad, mutants=(bad,)),
            add("own/wrong", bad, mutants=(good,)),
            add("own/known", bad),
            add("own/weak", "def f(a, b): pass", expected=None),
            Problem(task_id="own/stdio", prompt="p", tests=(StdioTest(stdin="", expected_stdout=""),)),
        ],
        known_bad={"own/known": "published so"},
    )
    counted: list[tuple[int, int]] = []
    with Judge(workers=1) as judge:
        report = check_suite(suite, judge, progress=lambda *counts: counted.append(counts))
        thorough = check_suite(suite, judge, all_solutions=True, mutants=True)
    assert [(fault.task_id, fault.what, fault.verdict, fault.known) for fault in report.faults] == [
        ("own/wrong", "reference 0", "fail", ""),
        ("own/known", "reference 0", "fail", "published so"),
        ("own/weak", "program that returns None", "pass", ""),
        ("own/stdio", "empty program", "pass", ""),
    ]
    assert "f(1, 2) expected 3, got -1" in report.faults[0].message
    assert (report.references_passed, report.references, report.unsolved) == (2, 4, 1)
    assert (report.wrong_refused, report.wrong) == (7, 9)
    assert len(report.news) == 3
    assert counted[-1] == (13, 13)
    added = {(fault.task_id, fault.what) for fault in thorough.faults} - {(f.task_id, f.what) for f in report.faults}
    assert added == {("own/good", "reference 1"), ("own/wrong", "mutant 0")}


def test_what_cannot_be_judged_is_reported() -> None:
    untested = Problem(task_id="own/untested", prompt="p", tests=(), entry_point="f", solutions=("def f(): pass",))
    unasked = replace(add("own/unasked", "def f(a, b):\n    return a + b\n"), prompt=" \n")
    with Judge(workers=1) as judge:
        report = check_suite(Suite("own", "all", [untested, unasked]), judge, row_faults=[DataError("x.jsonl:3: bad")])
    assert [(fault.task_id, fault.what, fault.message) for fault in report.faults] == [
        ("", "row", "x.jsonl:3: bad"),
        ("own/untested", "row", "it has no tests, so that nothing can be judged"),
        ("own/unasked", "row", "its prompt is empty"),
    ]
    assert (report.references, report.references_passed) == (1, 1)


@pytest.mark.parametrize("entry_point", ["f", "Solution().f"])
def test_program_that_returns_none(entry_point: str) -> None:
    namespace: dict[str, object] = {}
    exec(program_that_returns_none(entry_point), namespace)
    assert eval(f"{entry_point}(1, k=2)", namespace) is None
