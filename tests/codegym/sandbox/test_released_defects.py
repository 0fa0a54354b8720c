"""What the released code of RLTF gets wrong in its judge (its defects 10 to 15, as we count them): ours must not."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym import CallTest, Comparison, Judge, Limits, OutputRule, Problem, StdioTest


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=1) as judge:
        yield judge


def printing(expected: str, stdin: str = "", output: OutputRule = OutputRule.STRICT) -> Problem:
    tests = (StdioTest(stdin=stdin, expected_stdout=expected),)
    return Problem(task_id="defect", prompt="", tests=tests, comparison=Comparison(output=output))


def calling(*cases: tuple[object, object]) -> Problem:
    tests = tuple(CallTest(args=(argument,), expected=expected) for argument, expected in cases)
    return Problem(task_id="defect", prompt="", tests=tests, entry_point="f")


@pytest.mark.parametrize(
    "text",
    [
        "in_outs['outputs'][index]",
        "expected_stdout",
        "test.expected_stdout",
        "[7]",
        "__import__('os')._exit(0)",
        "7 or 8",
    ],
)
def test_10_output_is_never_evaluated(judge: Judge, text: str) -> None:
    assert judge.judge(printing("7\n"), f"print({text!r})").verdict == "fail"


def test_10_output_runs_no_code_in_the_trainer(judge: Judge, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    judge.judge(printing("7\n"), f"print({f'open({str(mark)!r}, {chr(119)!r})'!r})")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("1\n2\n", "2\n1"),
        ("1\n2\n", "1\n2\n2"),
        ("1\n1\n", "1"),
        ("0.1234\n", "0.1239"),
        ("1 2\n", "2 1"),
        ("3\n", "3.0004"),
    ],
)
def test_11_order_repeats_and_decimals_count(judge: Judge, expected: str, printed: str) -> None:
    assert judge.judge(printing(expected), f"print({printed!r})").verdict == "fail"


def test_12_inputs_and_sources_are_not_edited(judge: Judge) -> None:
    text = "inf information -inf print( nan\n"
    assert judge.judge(printing(text, stdin=text), "print(input())  # print(inf)").verdict == "pass"
    assert judge.judge(calling((1, "print(")), "def f(n):\n    return 'print('\n").verdict == "pass"


@pytest.mark.parametrize("source", ["import sys\nsys.exit('msg')", "x = '\0'", "raise SystemExit(b'\\xff')"])
def test_13_no_program_costs_the_others_their_verdict(judge: Judge, source: str) -> None:
    problem = calling((1, 2))
    right = "def f(n):\n    return n + 1\n"
    verdicts = [
        feedback.verdict for feedback in judge.judge_many([(problem, right), (problem, source), (problem, right)])
    ]
    assert verdicts == ["pass", "error", "pass"]


def test_14_a_flood_does_not_reach_the_trainer(judge: Judge) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    feedback = judge.judge(printing("7\n"), "import sys\nfor _ in range(200): sys.stdout.write('x' * 2**20)")
    assert feedback.kind == "output_limit"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024  # KiB; the flood has 200 MiB


def test_14_programs_run_in_other_processes_with_limits_of_their_own(judge: Judge) -> None:
    source = (
        "import os, resource\ndef f(n):\n    return os.getpid() == n, resource.getrlimit(resource.RLIMIT_AS)[0] > 0\n"
    )
    assert judge.judge(calling((os.getpid(), (False, True))), source).verdict == "pass"


def test_14_grandchildren_do_not_survive(judge: Judge) -> None:
    leaving = (
        "import os\ndef f(n):\n    if os.fork() == 0 and os.fork() == 0:\n        while True: pass\n    return n\n"
    )
    finding = """
import os
def exists(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
def f(n):
    return [pid for pid in range(1, 500) if pid != os.getpid() and exists(pid)]
"""
    limits = Limits(processes=8, cpu_seconds=0.3, wall_seconds=1.0)
    tests = (CallTest(args=(1,), expected=1),)
    forking = Problem(task_id="defect", prompt="", tests=tests, entry_point="f", limits=limits)
    if not judge.isolation["pid"].active:
        pytest.skip("forks are only granted with PID namespaces")
    judge.judge(forking, leaving)
    assert judge.judge(calling((1, [])), finding).verdict == "pass"


def test_15_no_interpreter_is_started_for_a_program(judge: Judge) -> None:
    # Addresses are drawn when an interpreter starts: forks of one server share them, two interpreters hardly ever do.
    source = "def f(n):\n    return id(len)\n"
    problem = calling(*((number, None) for number in range(3)))
    seen = {test.actual for feedback in judge.judge_many([(problem, source)] * 5) for test in feedback.tests}
    assert len(seen) == 1
