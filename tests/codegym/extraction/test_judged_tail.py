"""A program's own example calls behind its function: whatever becomes of them, the function is judged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codegym import CallTest, Judge, Limits, Problem, ScriptTest

GOOD = "def total(xs):\n    return sum(xs)\n\n\n"
TAILS = {
    "an error": "print(total(None))\n",
    "an assert": "assert total([1, 2]) == 4, 'wrong'\n",
    "an answer that is kept": "answer = total('abc')\n",
    "input": "total(input())\n",
    "no end": "while True:\n    pass\n",
    "an exit": "exit()\n",
    "an exit by name": "import sys\nsys.exit(1)\n",
    "a missing module": "import no_such_module\nno_such_module.run(total)\n",
    "a block of main": "if True:\n    print(total(None))\n",
    "then definitions": "print(total(None))\n\n\ndef other():\n    return 1\n",
    "a test function": "def test():\n    assert total([1]) == 2\n\n\ntest()\n",
}
CALLS = Problem(
    task_id="t/0",
    prompt="Add.",
    entry_point="total",
    tests=(CallTest(args=([1, 2],), expected=3), CallTest(args=([],), expected=0)),
    limits=Limits(cpu_seconds=1, wall_seconds=5),
)
SCRIPT = Problem(
    task_id="t/1",
    prompt="Add.",
    entry_point="total",
    tests=(ScriptTest(source="xs = [1, 2]\nfor n in range(3):\n    assert candidate(xs * n) == 3 * n\n"),),
    limits=Limits(cpu_seconds=1, wall_seconds=5),
)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=2) as made:
        yield made


@pytest.mark.parametrize("problem", [CALLS, SCRIPT], ids=["calls", "script"])
@pytest.mark.parametrize("tail", TAILS)
def test_the_function_is_judged(judge: Judge, problem: Problem, tail: str) -> None:
    feedback = judge.judge(problem, GOOD + TAILS[tail])
    assert feedback.verdict == "pass", feedback.diagnostics
    assert feedback.program.source.startswith(GOOD)
    assert len(feedback.program.source) < len(GOOD + TAILS[tail])


def test_a_wrong_function_stays_wrong(judge: Judge) -> None:
    wrong = "def total(xs):\n    return 1\n\n\nassert total([1]) == 2\n"
    assert judge.judge(CALLS, wrong).verdict == "fail"


def test_a_failure_before_the_function_is_the_programs(judge: Judge) -> None:
    feedback = judge.judge(CALLS, "print(1 / 0)\n\n\n" + GOOD)
    assert (feedback.verdict, feedback.kind) == ("error", "zero_division_error")


def test_what_the_function_reads_is_the_programs(judge: Judge) -> None:
    feedback = judge.judge(CALLS, "def total(xs):\n    return sum(xs) + ZERO\n\n\nZERO = int('zero')\n")
    assert (feedback.verdict, feedback.kind) == ("error", "value_error")


def test_a_strict_judge_takes_programs_as_they_stand() -> None:
    with Judge(workers=1, strict_extraction=True) as strict:
        assert strict.judge(CALLS, GOOD + TAILS["an error"]).kind == "type_error"
        assert strict.judge(CALLS, GOOD + "print(total([1").kind == "syntax_error"
        assert Judge.of(strict.settings).settings.strict_extraction
    lenient = Judge(workers=1)
    assert lenient.settings.verdict_key() != strict.settings.verdict_key()
    lenient.close()


def test_many_at_once_and_in_order(judge: Judge) -> None:
    programs = [GOOD + tail if index % 2 else GOOD for index, tail in enumerate(TAILS.values())]
    assert [feedback.verdict for feedback in judge.judge_many((CALLS, program) for program in programs)] == [
        "pass"
    ] * 11
