"""Costs: inputs of a problem's tests, larger inputs, and programs that take turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from agents.scoring.costs import CostMeter, Costs, CostSettings, NoCosts, inputs_of, literal_calls, scaled
from codegym import CallTest, Judge, Problem, ScriptTest, StdioTest
from codegym.program import Program
from codegym.sandbox.execution import Execution, Observation, Status
from codegym.sandbox.job import CallAction, Job, RunAction

CALLS = Problem(task_id="p", prompt="", entry_point="f", tests=(CallTest(args=([1, 2],), expected=2),))
TEXTS = Problem(task_id="s", prompt="", tests=(StdioTest(stdin="3\n", expected_stdout="3\n"),))


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=1) as judge:
        yield judge


class SlowingMachine:
    """A judge on a machine that takes a hundredth longer for each job, and a second for each program's ``cost``."""

    def __init__(self, costs: dict[str, float]) -> None:
        self.costs, self.run = costs, 0

    def job(self, problem: Problem, program: Program) -> Job:
        return Job(source=program.source, actions=(), entry_point="f")

    def run_many(self, jobs: Sequence[Job]) -> list[Execution]:
        return [self._execution(job) for job in jobs]

    def _execution(self, job: Job) -> Execution:
        self.run += 1
        seconds = 1.0 + (self.costs[job.source] if job.actions else 0.0)
        one = Observation(status=Status.OK, value=2, cpu_seconds=seconds * 1.01**self.run / max(1, len(job.actions)))
        return Execution(observations=(one,) * max(1, len(job.actions)))


def programs(problem: Problem, *texts: str) -> list[Program]:
    return [Program.from_completion(text, problem) for text in texts]


def test_programs_take_turns_so_that_a_machine_that_slows_down_favours_none() -> None:
    texts = ("def f(x):\n    return 1 + 1\n", "def f(x):\n    return 2\n", "def f(x):\n    return 2.0\n")
    own = programs(CALLS, *texts)
    machine = SlowingMachine(dict(zip((program.source for program in own), (1.0, 1.0, 2.0), strict=True)))
    found = CostMeter(CALLS, own, machine, CostSettings(repetitions=9)).measure(inputs_of(CALLS))  # type: ignore[arg-type]
    assert isinstance(found, Costs)
    one, same, dear = found.typical
    assert 1.01**machine.run > 1.8, "the machine ends nearly twice as slow as it began"
    assert one / same == pytest.approx(1.0, abs=0.05)
    assert dear / one == pytest.approx(2.0, rel=0.1)


def test_calls_grow_and_texts_stay(judge: Judge) -> None:
    quick, slow = "def f(x):\n    return len(x)\n", "def f(x):\n    return sum(1 for _ in range(50) for y in x) // 50\n"
    found = CostMeter(CALLS, programs(CALLS, quick, slow), judge, CostSettings(repetitions=5)).measure(inputs_of(CALLS))
    assert isinstance(found, Costs)
    assert found.scale > 1
    assert found.typical[1] > found.typical[0]
    lines = ("print(input())", "x = sum(range(10**6))\nprint(input())")
    found = CostMeter(TEXTS, programs(TEXTS, *lines), judge, CostSettings(repetitions=5)).measure(inputs_of(TEXTS))
    assert isinstance(found, Costs)
    assert (found.scale, found.calls, found.seconds.shape) == (1, 1, (2, 5))
    assert found.typical[1] > found.typical[0]


def test_of_many_texts_only_some_are_answered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first look may take two seconds a program, but not each of the rounds."""
    own = programs(TEXTS, "print(input())", "print(input() )")
    machine = SlowingMachine({})
    seen: list[int] = []

    def run_many(jobs: Sequence[Job]) -> list[Execution]:
        seen.extend(len(job.actions) for job in jobs)
        return [Execution(observations=(Observation(status=Status.OK, cpu_seconds=0.15),) * 12) for _ in jobs]

    monkeypatch.setattr(machine, "run_many", run_many)
    texts = [RunAction(stdin=str(number)) for number in range(12)]
    found = CostMeter(TEXTS, own, machine, CostSettings(repetitions=5)).measure(texts)  # type: ignore[arg-type]
    assert isinstance(found, Costs)
    assert (found.calls, set(seen)) == (3, {12, 3})


def test_programs_that_fail_or_disagree_are_not_measured(judge: Judge) -> None:
    settings = CostSettings(repetitions=5)
    for problem, texts in (
        (CALLS, ("def f(x):\n    return 2\n", "def f(x):\n    return 3\n")),
        (CALLS, ("def f(x):\n    return 2\n", "def f(x):\n    raise KeyError\n")),
        (TEXTS, ("print(input())", "exit(3)")),
    ):
        assert CostMeter(problem, programs(problem, *texts), judge, settings).measure(inputs_of(problem)) == "no_call"
    assert CostMeter(CALLS, programs(CALLS, "def f(x): pass"), judge, settings).measure(()) is NoCosts.NO_CALL


def test_inputs_are_texts_or_calls() -> None:
    script = ScriptTest(source="def check(candidate):\n    assert candidate(7) == 8\n    assert f(len([])) == 1\n")
    both = Problem(task_id="p", prompt="", entry_point="f", tests=(*CALLS.tests, script, ScriptTest(source="assert (")))
    assert inputs_of(both) == [CallAction(args=([1, 2],), kwargs={}), CallAction(args=(7,), kwargs={})]
    assert inputs_of(TEXTS) == [RunAction(stdin="3\n")]


def test_costs_survive_their_row() -> None:
    costs = Costs(programs=(0, 3), seconds=np.array([[1.0, 2.0], [0.25, 0.5]]), scale=8, calls=2)
    again = Costs.from_row(costs.to_row())
    np.testing.assert_array_equal(again.seconds, costs.seconds)
    assert (again.programs, again.scale, again.calls) == ((0, 3), 8, 2)


def test_calls_with_literal_arguments_are_found() -> None:
    first, second = literal_calls("assert f(2) == max(f([1], key='a'), 0)", "f")
    assert (first, second) == (CallAction(args=(2,), kwargs={}), CallAction(args=([1],), kwargs={"key": "a"}))
    assert literal_calls("assert f(len([1])) == g(2)", "f") == []
    assert len(literal_calls("assert Solution().solve(1) == 2", "Solution().solve")) == 1


def test_texts_and_lists_repeat_themselves_else_numbers_grow() -> None:
    assert scaled([CallAction(args=([1, 2], "a", 3, True))], 2) == [
        CallAction(args=([1, 2, 1, 2], "aa", 3, True), kwargs={})
    ]
    assert scaled([CallAction(args=(3, True, 0.5))], 4) == [CallAction(args=(12, True, 0.5), kwargs={})]
    (huge,) = scaled([CallAction(args=("a" * 1000,))], 4096)
    assert len(huge.args[0]) == 200_000
    assert scaled([RunAction(stdin="3\n")], 8) == [RunAction(stdin="3\n")]
