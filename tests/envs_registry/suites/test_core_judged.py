"""A sample of the suite under the real judge; the whole of it is judged by benchmarks/core_suite.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codegym.judge import Judge
from codegym.problem import Problem
from envs_registry.suites.core import exercises

pytestmark = pytest.mark.slow

SAMPLE = [exercise.problem for split in ("train", "validation", "test") for exercise in exercises(split)[::48]]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=2) as judge:
        yield judge


def test_reference_solutions_pass(judge: Judge) -> None:
    pairs = [(problem, program) for problem in SAMPLE for program in problem.solutions]
    for (problem, program), feedback in zip(pairs, judge.judge_many(pairs), strict=True):
        assert feedback.is_success, f"{problem.task_id}: {feedback.verdict}, {feedback.kind}\n{program}"


def test_mutants_run_but_fail(judge: Judge) -> None:
    pairs = [(problem, program) for problem in SAMPLE for program in problem.mutants]
    for (problem, program), feedback in zip(pairs, judge.judge_many(pairs), strict=True):
        assert feedback.verdict in ("fail", "error"), f"{problem.task_id}: {feedback.verdict}\n{program}"


@pytest.mark.parametrize("program", ["", "pass\n", "print()\n"])
def test_empty_programs_fail(judge: Judge, program: str) -> None:
    pairs: list[tuple[Problem, str]] = [(problem, program) for problem in SAMPLE[:20]]
    assert not any(feedback.is_success for feedback in judge.judge_many(pairs))


def test_an_endless_loop_costs_less_than_a_second_of_processor_time(judge: Judge) -> None:
    problem = next(problem for problem in SAMPLE if problem.entry_point)
    feedback = judge.judge(problem, f"{problem.starter_code}\n    while True:\n        pass\n")
    assert feedback.verdict == "timeout"
    assert problem.limits is not None
    assert problem.limits.program_cpu_seconds < 1
