"""Which lines a program runs on each test, and which values they produce: asked of the sandbox like any other job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from codegym.problem import CallTest, Problem, StdioTest, TestCase
from codegym.sandbox.execution import Execution, Observation, Status
from codegym.sandbox.job import CallAction, Job
from codegym.sandbox.limits import Limits


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line that was run and digests of the values it produced."""

    line: int
    values: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What one test ran.

    Attributes:
        lines: Lines of the program that were run; empty where nothing is known, as after a timeout.
        whole: Whether these are all lines that were run.
        steps: The lines in the order of execution with what they produced; empty if values were not asked for, or
            were too many.
    """

    lines: frozenset[int] = frozenset()
    whole: bool = False
    steps: tuple[Step, ...] = ()


def trace_job(problem: Problem, source: str, limits: Limits, *, values: bool = False) -> Job:
    """Returns the job that runs all tests of a problem under observation.

    The tests' scripts go along, as the judge's verdict is known by then and does not depend on it.

    Args:
        problem: The task whose tests are run.
        source: The program's text.
        limits: What it may use up.
        values: Whether to record values too, which costs a multiple.
    """
    return Job(
        source=_tracer(),
        entry_point="trace",
        actions=tuple(
            CallAction(args=(source, problem.context, problem.entry_point, values, *_request(test)))
            for test in problem.tests
        ),
        limits=limits,
    )


def traces_of(execution: Execution) -> tuple[Trace, ...]:
    """Reads what the tracer reported; the program could have written it, so anything odd is an empty trace."""
    return tuple(map(_trace, execution.observations))


def _trace(observation: Observation) -> Trace:
    report = observation.value
    if observation.status is not Status.OK or not isinstance(report, dict):
        return Trace()
    lines, steps = _numbers(report.get("lines")), _numbers(report.get("steps"))
    return Trace(lines=frozenset(lines), whole=report.get("whole") is True, steps=tuple(_steps(steps)))


def _numbers(report: Any) -> list[int]:
    """Numbers of 64 bits at most: of longer ones many may share a hash, and a set of them takes their square."""
    # The traced program shares a process with the tracer, and may have sent anything in its place.
    is_plain = isinstance(report, list) and all(type(number) is int and abs(number) < 2**63 for number in report)
    return report if is_plain else []


def _steps(flat: list[int]) -> Iterator[Step]:
    position = 0
    while position + 1 < len(flat):
        line, count = flat[position], max(flat[position + 1], 0)
        yield Step(line=line, values=tuple(flat[position + 2 : position + 2 + count]))
        position += 2 + count


def _request(test: TestCase) -> tuple[str, Any]:
    if isinstance(test, CallTest):
        return "call", [list(test.args), dict(test.kwargs)]
    if isinstance(test, StdioTest):
        return "run", test.stdin
    return "script", test.source


@cache
def _tracer() -> str:
    return Path(__file__).with_name("tracer.py").read_text(encoding="utf-8")
