"""The judge, whole: from problem and completion to feedback, on real processes and real data."""

from __future__ import annotations

import copy
import gzip
import json
import os
import pickle
import re
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

import pytest

from codegym import CallTest, Judge, Limits, Problem, ScriptTest, StdioTest
from codegym.comparison import Comparison
from codegym.feedback.report import observation_text
from codegym.feedback.verdict import Verdict
from codegym.judge import JudgeProtocol
from codegym.sandbox.execution import Trust

DATA = os.environ.get("CODEGYM_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="CODEGYM_DATA names no folder of benchmark data")


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=2) as judge:
        yield judge


DOUBLE = Problem(
    task_id="t/1",
    prompt="Double it.",
    entry_point="f",
    tests=(CallTest(args=(1,), expected=2, public=True), CallTest(kwargs={"x": 3}, expected=6)),
)


@pytest.mark.parametrize(
    ("completion", "verdict", "pass_rate"),
    [
        ("def f(x):\n    return 2 * x\n", "pass", 1.0),
        ("def f(x):\n    return 2\n", "fail", 0.5),
        ("def f(x):\n    return 2 if x == 1 else y\n", "error", 0.5),
        ("def f(x):\n    while x == 3: pass\n    return 2 * x\n", "timeout", 0.5),
        ("def f(x)\n", "error", 0.0),
        ("", "error", 0.0),
    ],
)
def test_calls(judge: Judge, completion: str, verdict: str, pass_rate: float) -> None:
    problem = Problem(**{**vars(DOUBLE), "limits": Limits(cpu_seconds=0.3)})
    feedback = judge.judge(problem, completion)
    assert (feedback.verdict, feedback.pass_rate) == (verdict, pass_rate)


def test_text_in_text_out(judge: Judge) -> None:
    tests = (StdioTest(stdin="1 2\n", expected_stdout="3\n"), StdioTest(stdin="5 5\n", expected_stdout="10\n"))
    problem = Problem(task_id="t/2", prompt="Add.", tests=tests)
    assert judge.judge(problem, "print(sum(map(int, input().split())))").is_success
    assert judge.judge(problem, "print(3)").pass_rate == 0.5


def test_in_place_and_one_process(judge: Judge) -> None:
    tests = (CallTest(args=([2, 1],), expected=None, expected_args=([1, 2],)),)
    problem = Problem(task_id="t/3", prompt="Sort in place.", entry_point="f", tests=tests)
    assert judge.judge(problem, "def f(xs):\n    xs.sort()\n").is_success
    assert judge.judge(problem, "def f(xs):\n    sorted(xs)\n").verdict is Verdict.FAIL
    script = ScriptTest(source="assert isinstance(f(), Own)")
    problem = Problem(task_id="t/4", prompt="An object.", entry_point="f", tests=(script,), one_process=True)
    feedback = judge.judge(problem, "class Own: pass\ndef f():\n    return Own()\n")
    assert feedback.is_success
    assert feedback.trust is Trust.IN_PROCESS


def test_every_argument_that_should_change_is_compared(judge: Judge) -> None:
    tests = (CallTest(args=([2, 1], [4, 3]), expected_args=([1, 2], [3, 4])),)
    problem = Problem(task_id="t", prompt="Sort both lists.", entry_point="f", tests=tests)
    assert judge.judge(problem, "def f(a, b):\n    a.sort()\n    b.sort()\n").verdict == "pass"
    assert judge.judge(problem, "def f(a, b):\n    a.sort()\n").verdict == "fail"


def test_without_tests_nothing_is_judged(judge: Judge) -> None:
    problem = Problem(task_id="t/5", prompt="Anything.", tests=())
    assert judge.judge(problem, "x = 1").verdict is Verdict.UNJUDGED


def test_order_is_kept_and_all_come(judge: Judge) -> None:
    completions = [f"def f(x):\n    return {n}\n" for n in range(30)]
    feedback = judge.judge_many([(DOUBLE, completion) for completion in completions])
    assert [f.program.source for f in feedback] == completions
    assert dict(judge.judge_as_they_end([(DOUBLE, c) for c in completions[:5]])).keys() == set(range(5))


def test_threads_share_a_judge(judge: Judge) -> None:
    rates: list[float] = []

    def work() -> None:
        rates.extend(judge.judge(DOUBLE, "def f(x):\n    return 2\n").pass_rate for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rates == [0.5] * 20


def test_copies_are_the_judge_itself_and_pickles_are_its_configuration() -> None:
    with Judge(workers=1, limits=Limits(cpu_seconds=1)) as judge:
        assert copy.deepcopy({"judge": judge})["judge"] is judge
        assert copy.copy(judge) is judge
        with pickle.loads(pickle.dumps(judge)) as other:
            assert other is not judge
            assert other.limits == judge.limits
            assert other.judge(DOUBLE, "def f(x):\n    return x + x\n").is_success


def test_machine_that_fails_is_no_wrong_answer(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncase "$*" in *server.py*) exit 3 ;; esac\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    with Judge(workers=1, python=str(python)) as judge:
        feedback = judge.judge(DOUBLE, "def f(x):\n    return x + x\n")
    assert feedback.verdict is Verdict.INFRA_ERROR


def test_equal_to_everything_is_wrong(judge: Judge) -> None:
    liar = (
        "class Yes(int):\n    def __eq__(self, other): return True\n    __hash__ = None\ndef f(x):\n    return Yes(7)\n"
    )
    assert judge.judge(DOUBLE, liar).pass_rate == 0.0
    for rule in (Comparison(strict_types=True), Comparison(abs_tolerance=0.1), Comparison(unordered=True)):
        assert judge.judge(Problem(**{**vars(DOUBLE), "comparison": rule}), liar).pass_rate == 0.0


def _rows(path: str) -> list[dict[str, Any]]:
    assert DATA is not None
    file = Path(DATA) / path
    text = gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
    return [json.loads(line) for line in text.splitlines()]


def _human_eval(row: dict[str, Any]) -> Problem:
    return Problem(
        task_id=row["task_id"],
        prompt=row["prompt"],
        starter_code=row["prompt"],
        entry_point=row["entry_point"],
        tests=(ScriptTest(source=row["test"]),),
    )


@needs_data
def test_human_eval_with_its_original_scripts(judge: Judge) -> None:
    rows = _rows("humaneval/HumanEval.jsonl.gz")
    feedback = judge.judge_many([(_human_eval(row), row["canonical_solution"]) for row in rows])
    assert [f.task_id for f in feedback if not f.is_success] == []
    wrong = judge.judge_many([(_human_eval(row), "    return None\n") for row in rows[:40]])
    assert [f.task_id for f in wrong if f.is_success] == []


@needs_data
@pytest.mark.parametrize(
    ("number", "broken"),
    [
        (32, "    return 0.0\n"),
        (32, "    return poly\n"),
        (38, "    return s\n"),
        (50, "    return s\n"),
        (33, "    return l\n"),
        (32, "    return 0.0\ndef poly(xs, x):\n    return 0\n"),
        (38, "    return s\ndef encode_cyclic(s):\n    return s\n"),
        (50, "    return s\ndef encode_shift(s):\n    return s\n"),
    ],
)
def test_human_evals_helpers_are_the_problems_own(judge: Judge, number: int, broken: str) -> None:
    row = _rows("humaneval/HumanEval.jsonl.gz")[number]
    assert judge.judge(_human_eval(row), row["canonical_solution"]).is_success
    whole = row["prompt"] + broken
    assert not judge.judge(_human_eval(row), whole).is_success


@needs_data
def test_mbpp_with_its_original_asserts(judge: Judge) -> None:
    rows = [
        row for row in _rows("mbpp/mbpp.jsonl") if row["task_id"] % 8 == 0 or row["task_id"] in (126, 367, 601, 927)
    ]
    problems = []
    for row in rows:
        defined = re.findall(r"def\s+(\w+)\s*\(", row["code"])
        entry = next(name for name in re.findall(r"(\w+)\s*\(", row["test_list"][0]) if name in defined)
        texts = [row["test_setup_code"] + "\n" + text for text in row["test_list"]]
        tests = tuple(ScriptTest(source=text) for text in texts)
        problems.append(Problem(task_id=str(row["task_id"]), prompt=row["text"], entry_point=entry, tests=tests))
    feedback = judge.judge_many(zip(problems, [row["code"] for row in rows], strict=True))
    assert [f.task_id for f in feedback if not f.is_success] == []


@needs_data
def test_leetcode_with_lists_and_trees(judge: Judge) -> None:
    rows = [
        row
        for row in _rows("leetcode/LeetCodeDataset-v0.2.0-train.jsonl.gz")
        if "ListNode" in row["completion"] or "TreeNode" in row["completion"]
    ][::4]
    problems = [
        Problem(
            task_id=row["task_id"],
            prompt=row["prompt"],
            context=row["prompt"],
            entry_point=row["entry_point"],
            tests=(ScriptTest(source=row["test"]),),
        )
        for row in rows
    ]
    feedback = judge.judge_many(zip(problems, [row["completion"] for row in rows], strict=True))
    assert len(rows) > 20
    assert [f.task_id for f in feedback if not f.is_success] == []
    wrong = "class Solution:\n    def __getattr__(self, name):\n        return lambda *a, **k: None\n"
    assert not any(f.is_success for f in judge.judge_many([(problem, wrong) for problem in problems[:10]]))


def test_a_public_test_cannot_tell_what_a_private_one_asked(judge: Judge) -> None:
    secret = 735_911
    tests = (CallTest(args=(secret,), expected=0), CallTest(args=(1,), expected=0, public=True))
    gossip = "seen = []\ndef f(x):\n    if seen:\n        raise ValueError(seen)\n    seen.append(x)\n    return 0\n"
    problem = Problem(task_id="private/1", prompt="", entry_point="f", tests=tests)
    feedback = judge.judge(problem, gossip)
    assert [test.status for test in feedback.tests] == ["error", "pass"], "public tests run first"
    assert str(secret) not in observation_text(feedback, problem)


def test_what_is_no_problem_or_no_completion_is_named(judge: Judge) -> None:
    problem = Problem(task_id="p/1", prompt="", tests=())
    with pytest.raises(TypeError, match="got int for the problem"):
        judge.judge(3, "x = 1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="p/1: a completion is a text, got bytes"):
        judge.judge_many([(problem, "x = 1"), (problem, b"x = 1")])  # type: ignore[list-item]
    assert judge.judge(problem, "x = 1").verdict == "unjudged", "it goes on judging"


def test_a_submitted_completion_is_judged_in_the_background(judge: Judge) -> None:
    futures = [judge.submit(DOUBLE, f"def f(x):\n    return {n}\n") for n in (2, "x + x", "y")]
    verdicts = {future.result().verdict for future in as_completed(futures, timeout=60)}
    assert verdicts == {Verdict.PASS, Verdict.FAIL, Verdict.ERROR}
    assert [str(future.result().verdict) for future in futures] == ["fail", "pass", "error"]
    with pytest.raises(TypeError, match="takes a Problem"):
        judge.submit("t/0", "")  # type: ignore[arg-type]  # a user's mistake


def test_what_is_cancelled_before_a_worker_is_free_is_not_run() -> None:
    endless = "def f(x):\n    while True:\n        pass\n"
    with Judge(workers=1, limits=Limits(cpu_seconds=0.3)) as judge:
        first, second, third = (judge.submit(DOUBLE, text) for text in (endless, "x", "def f(x):\n    return x + x\n"))
        assert second.cancel()
        assert third.result(60).is_success
        assert first.result(60).verdict is Verdict.TIMEOUT


def test_a_judge_is_what_its_protocol_asks_for(judge: Judge) -> None:
    assert isinstance(judge, JudgeProtocol)
    assert not isinstance(object(), JudgeProtocol)


@pytest.fixture(scope="module")
def early() -> Iterator[Judge]:
    with Judge(workers=2, stop_early=True) as judge:
        yield judge


F = "def f(x):\n    return x\n"
SCRIPT = "answer = f({})\nassert answer == {}"
EARLY_LIMITS = Limits(cpu_seconds=0.3)
CALLS = (CallTest(args=(0,), expected=0), CallTest(args=(1,), expected=2), CallTest(args=(2,), expected=2))
LITERALS = (
    ScriptTest(source="assert f(0) == 0\nassert f(1) == 2\nassert f(2) == 2"),
    ScriptTest(source="assert f(2) == 2"),
)
STREAMS = tuple(StdioTest(stdin=str(given), expected_stdout=str(wanted)) for given, wanted in ((0, 0), (1, 2), (2, 2)))
SCRIPTS = tuple(ScriptTest(source=SCRIPT.format(*pair)) for pair in ((0, 0), (1, 2), (2, 2)))


def f_problem(*tests: Any, **more: Any) -> Problem:
    return Problem(task_id="early/1", prompt="", entry_point="f", tests=tests, limits=EARLY_LIMITS, **more)


@pytest.mark.parametrize(
    ("problem", "completion", "statuses"),
    [
        (f_problem(*CALLS), "def f(x):\n    while x == 2: pass\n    return x\n", "pass fail not_run"),
        (f_problem(*LITERALS), "def f(x):\n    while x == 2: pass\n    return x\n", "fail not_run"),
        (f_problem(*SCRIPTS), "def f(x):\n    while x == 2: pass\n    return x\n", "pass fail not_run"),
        (
            f_problem(*SCRIPTS, one_process=True),
            "def f(x):\n    while x == 2: pass\n    return x\n",
            "pass fail not_run",
        ),
        (Problem(task_id="early/2", prompt="", tests=STREAMS), "print(input())", "pass fail not_run"),
        (f_problem(*CALLS), "def f(x):\n    while x: pass\n    return 0\n", "pass timeout not_run"),
        (f_problem(*CALLS), "def f(x)\n", "error not_run not_run"),
        (f_problem(*SCRIPTS), "def f(x)\n", "error not_run not_run"),
        (f_problem(*CALLS), "def f(x):\n    return x + bool(x == 1)\n", "pass pass pass"),
    ],
    ids=["calls", "literals", "scripts", "together", "streams", "endless", "broken", "broken for scripts", "right"],
)
def test_a_judge_that_stops_early_runs_no_test_after_the_first_failure(
    early: Judge, problem: Problem, completion: str, statuses: str
) -> None:
    feedback = early.judge(problem, completion)
    assert " ".join(test.status for test in feedback.tests) == statuses
    assert feedback.verdict == next((test.status for test in feedback.tests if test.is_failure), "pass")
    assert feedback.tests_total == len(problem.tests)
    assert feedback.pass_rate == statuses.split().count("pass") / len(problem.tests)


def test_stopping_early_changes_not_what_passes(judge: Judge, early: Judge) -> None:
    bodies = (
        "return x",
        "return x + (x == 1)",
        "return 2",
        "while x == 2: pass\n    return x",
        "return y",
        "raise SystemExit",
    )
    programs = [f"def f(x):\n    {body}\n" for body in bodies] + ["", "x = (", "def g(x): return x\n"]
    problems = [
        f_problem(*CALLS),
        f_problem(*LITERALS),
        f_problem(*SCRIPTS),
        f_problem(*CALLS[:1], *SCRIPTS, *LITERALS),
    ]
    pairs = [(problem, program) for problem in problems for program in programs]
    whole, stopped = judge.judge_many(pairs), early.judge_many(pairs)
    assert [f.is_success for f in stopped] == [f.is_success for f in whole]
    assert sum(f.is_success for f in whole) == len(problems)
    for full, part in zip(whole, stopped, strict=True):
        assert all(p.status in (t.status, "not_run") for t, p in zip(full.tests, part.tests, strict=True))
        assert [test.index for test in part.tests] == [test.index for test in full.tests]
        assert part.pass_rate <= full.pass_rate
        assert part.is_success or sum(test.is_failure for test in part.tests) == 1


def test_public_tests_come_first_whatever_they_are(early: Judge) -> None:
    public = ScriptTest(source=SCRIPT.format(1, 2), public=True)
    problem = f_problem(*CALLS, public)
    assert [test.status for test in early.judge(problem, F).tests] == ["not_run"] * 3 + ["fail"]
    only_second = "def f(x):\n    return 2\n"
    feedback = early.judge(problem, only_second)
    assert [test.status for test in feedback.tests] == ["fail", "not_run", "not_run", "pass"]
    assert observation_text(feedback, problem) == "Public tests: 1 of 1 passed."
    problem = f_problem(public, CallTest(args=(2,), expected=2, public=True))
    text = observation_text(early.judge(problem, "def f(x):\n    return 0\n"), problem)
    assert text.startswith("Public tests: 0 of 2 passed, 1 not run.\nTest 1 (wrong_answer)")
    assert "Test 0" not in text


def test_a_test_that_is_at_fault_stops_nothing(early: Judge) -> None:
    at_fault = ScriptTest(source="import nowhere_to_be_found\nassert f(1) == 1")
    problem = f_problem(at_fault, *SCRIPTS)
    assert [test.status for test in early.judge(problem, F).tests] == ["unjudged", "pass", "fail", "not_run"]
    right = early.judge(f_problem(at_fault, *SCRIPTS[::2]), F)
    assert [test.status for test in right.tests] == ["unjudged", "pass", "pass"]
    assert right.verdict == "unjudged"


def test_example_calls_that_fail_are_still_left_out_when_stopping_early(early: Judge) -> None:
    # Calls are tried before scripts: the first test of the problem is not the first that was run.
    problem = f_problem(SCRIPTS[0], CALLS[0])
    assert early.judge(problem, F + "\nassert f(1) == 2\n").is_success
