"""What programs cost that pass the credible tests: measured from outside, on inputs large enough to tell."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from agents.codedpo.journal import Journal
from agents.codedpo.matrix import Matrix
from agents.codedpo.ranking import Scores
from agents.codedpo.task_samples import TaskSamples
from codegym.errors import InvalidSettingError
from codegym.judge import Judge
from codegym.program import Program
from codegym.sandbox.execution import Execution, Status
from codegym.sandbox.job import CallAction, Job
from codegym.sandbox.limits import Limits

FloatArray = NDArray[np.float64]

_LIMITS = Limits(cpu_seconds=1.0, program_cpu_seconds=2.0, wall_seconds=6.0)
_SCALES = (1, 8, 64, 512, 4096)
_LARGEST = 200_000
"""Items that a scaled argument may have."""
_LEAST = 1e-6
"""Seconds; what is cheaper than loading the program varies counts as this."""


class NoCosts(StrEnum):
    """Why a task's programs were not measured."""

    NOT_CREDIBLE = "not_credible"
    """No test is passed by the best programs."""
    ONE_PROGRAM = "one_program"
    """Fewer than two different programs pass the credible tests."""
    NO_CALL = "no_call"
    """No credible test calls the entry point with literal arguments on which the programs agree."""
    UNSTABLE = "unstable"
    """The machine failed, or a program did not answer every time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Costs:
    """What a task's credible programs cost.

    Attributes:
        task_id: The task.
        programs: Places of the completions; distinct texts.
        seconds: ``[programs, repetitions]`` CPU seconds of all calls together, without loading.
        scale: How many times larger than in the tests the inputs were.
        calls: How many calls there were.
    """

    task_id: str
    programs: tuple[int, ...]
    seconds: FloatArray
    scale: int = 1
    calls: int = 1

    @property
    def typical(self) -> FloatArray:
        """``[programs]``: the median cost of each."""
        return np.asarray(np.median(self.seconds, axis=1))


@dataclass(frozen=True)
class CostSettings:
    """How costs are measured.

    Raises:
        InvalidSettingError: If a value makes no sense.
    """

    repetitions: int = 9
    """Fresh processes for each program; 9 against 9 can tell apart at a level of 0.00002."""
    target_seconds: float = 0.005
    """Inputs grow until the cheapest program takes so long, or a program fails."""
    most_programs: int = 16
    """Programs of a task that are measured."""

    def __post_init__(self) -> None:
        for name, least in (("repetitions", 5), ("most_programs", 2)):
            if getattr(self, name) < least:
                raise InvalidSettingError(
                    f"CostSettings.{name} must be at least {least}, got {getattr(self, name)!r}: "
                    "fewer tell nothing apart."
                )
        if not self.target_seconds > 0:
            raise InvalidSettingError(f"CostSettings.target_seconds must be above 0, got {self.target_seconds!r}.")


def credible_tests(matrix: Matrix, scores: Scores) -> NDArray[np.intp]:
    """Returns the tests that all programs pass which share the first place."""
    link = matrix.link
    return np.flatnonzero(link[scores.best()].all(axis=0)) if scores.programs.any() else np.zeros(0, np.intp)


def credible_programs(matrix: Matrix, scores: Scores) -> list[int]:
    """Returns the places of distinct completions that pass every credible test."""
    tests = credible_tests(matrix, scores)
    passing: Iterable[int] = np.flatnonzero(matrix.link[:, tests].all(axis=1)) if len(tests) else ()
    first: dict[str, int] = {}
    for place in passing:
        first.setdefault(matrix.samples.completions[place].strip(), int(place))
    return list(first.values())


class CostStore:
    """Measures costs and keeps them, by content, in a journal.

    Args:
        path: The journal; None keeps nothing.
        judge: Runs the programs.
        settings: How they are measured.
    """

    def __init__(self, path: str | Path | None, judge: Judge, settings: CostSettings | None = None) -> None:
        self.judge, self.settings = judge, settings or CostSettings()
        self._journal = None if path is None else Journal(path)
        self._known = {row["key"]: row for row in self._journal.rows()} if self._journal is not None else {}

    def measure(self, judged: Iterable[tuple[Matrix, Scores]]) -> Iterator[tuple[str, Costs | NoCosts]]:
        """Yields each task's id and costs, in order."""
        for matrix, scores in judged:
            key = self._key(matrix, scores)
            if key not in self._known:
                row = {"key": key, "task_id": matrix.samples.task_id, **_row(self._measured(matrix, scores))}
                if row.get("reason") != NoCosts.UNSTABLE and self._journal is not None:
                    self._journal.append(row)
                self._known[key] = row
            yield matrix.samples.task_id, _costs(self._known[key])
        if self._journal is not None:
            self._journal.close()

    def _key(self, matrix: Matrix, scores: Scores) -> str:
        tests = [matrix.tests[place] for place in credible_tests(matrix, scores)]
        parts = [matrix.samples.to_row(), tests, vars(self.settings)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]

    def _measured(self, matrix: Matrix, scores: Scores) -> Costs | NoCosts:
        tests = [matrix.tests[place] for place in credible_tests(matrix, scores)]
        if not tests:
            return NoCosts.NOT_CREDIBLE
        places = credible_programs(matrix, scores)[: self.settings.most_programs]
        if len(places) < 2:
            return NoCosts.ONE_PROGRAM
        calls = [call for test in tests for call in literal_calls(test, matrix.samples.entry_point or "")]
        return CostMeter(matrix.samples, places, self.judge, self.settings).measure(calls)


class CostMeter:
    """Measures what some programs of a task cost, on calls of growing size.

    Args:
        samples: The task, with its programs.
        places: Which of them.
        judge: Runs them.
        settings: How they are measured.
    """

    def __init__(self, samples: TaskSamples, places: Sequence[int], judge: Judge, settings: CostSettings) -> None:
        self.task_id, self.places, self.judge, self.settings = samples.task_id, places, judge, settings
        problem = samples.problem((), _LIMITS)
        programs = [Program.from_completion(samples.completions[place], problem) for place in places]
        self.loads = [replace(judge.job(problem, program), actions=()) for program in programs]

    def measure(self, calls: Sequence[CallAction]) -> Costs | NoCosts:
        """Finds the size of the inputs, then measures again and again.

        Args:
            calls: What the programs are measured on; calls on which they disagree are left out.
        """
        scale, jobs = 1, list[Job]()
        for factor in _SCALES:
            agreed, cheapest = self._agreed(scaled(calls, factor))
            if not agreed or (jobs and len(agreed) < len(jobs[0].actions)):
                break
            scale, jobs = factor, [replace(load, actions=tuple(agreed)) for load in self.loads]
            if cheapest >= self.settings.target_seconds:
                break
        if not jobs:
            return NoCosts.NO_CALL
        seconds = self._repeated(jobs)
        if seconds is None:
            return NoCosts.UNSTABLE
        return Costs(
            task_id=self.task_id,
            programs=tuple(self.places),
            seconds=seconds,
            scale=scale,
            calls=len(jobs[0].actions),
        )

    def _agreed(self, calls: Sequence[CallAction]) -> tuple[list[CallAction], float]:
        """Returns the calls that all programs answer alike, and the seconds of the cheapest program."""
        if not calls:
            return [], 0.0
        seen = self.judge.run_many([*self.loads, *(replace(load, actions=tuple(calls)) for load in self.loads)])
        loads, runs = seen[: len(self.loads)], seen[len(self.loads) :]
        agreed = [call for place, call in enumerate(calls) if _agree([run.observations[place] for run in runs])]
        return agreed, min(_seconds(run) - _seconds(load) for load, run in zip(loads, runs, strict=True))

    def _repeated(self, jobs: Sequence[Job]) -> FloatArray | None:
        """``[programs, repetitions]`` of seconds; the programs take turns, so that what slows the machine hits all."""
        rounds = self.settings.repetitions
        order = [job for _ in range(rounds) for pair in zip(self.loads, jobs, strict=True) for job in pair]
        seen = self.judge.run_many(order)
        if any(one.status is not Status.OK for execution in seen for one in execution.observations):
            return None
        seconds = np.array([_seconds(execution) for execution in seen]).reshape(rounds, len(jobs), 2)
        return np.asarray(np.clip(seconds[..., 1] - np.median(seconds[..., 0], axis=0), _LEAST, None).T)


def _seconds(execution: Execution) -> float:
    return sum(observation.cpu_seconds for observation in execution.observations)


def _agree(observations: Sequence[Any]) -> bool:
    first = observations[0]
    try:
        return all(seen.status is Status.OK and bool(seen.value == first.value) for seen in observations)
    except (ArithmeticError, RecursionError, TypeError, ValueError):
        return False


def literal_calls(test: str, entry_point: str) -> list[CallAction]:
    """Returns the calls of the entry point in an assert whose arguments are literals."""
    calls = []
    for node in ast.walk(ast.parse(test)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == entry_point:
            try:
                args = tuple(ast.literal_eval(argument) for argument in node.args)
                kwargs = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords if word.arg}
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                continue
            if len(kwargs) == len(node.keywords):
                calls.append(CallAction(args=args, kwargs=kwargs))
    return calls


def scaled(calls: Sequence[CallAction], factor: int) -> list[CallAction]:
    """Makes inputs larger: texts and collections repeat themselves; numbers grow where there is nothing else."""
    if factor == 1:
        return list(calls)
    repeats = any(_has_length(value) for call in calls for value in _arguments(call))
    return [
        CallAction(
            args=tuple(_grown(value, factor, repeats) for value in call.args),
            kwargs={name: _grown(value, factor, repeats) for name, value in (call.kwargs or {}).items()},
        )
        for call in calls
    ]


def _arguments(call: CallAction) -> list[Any]:
    return [*call.args, *(call.kwargs or {}).values()]


def _has_length(value: Any) -> bool:
    return isinstance(value, str | bytes | list | tuple) and len(value) > 0


def _grown(value: Any, factor: int, repeats: bool) -> Any:
    if repeats:
        return value * min(factor, max(1, _LARGEST // len(value))) if _has_length(value) else value
    return value * factor if type(value) is int else value


def faster_than(cheap: FloatArray, dear: FloatArray, min_saving: float = 0.1, level: float = 0.01) -> bool:
    """Whether one program is cheaper than another: by enough, and not by chance.

    Args:
        cheap: Seconds of the one, ``[repetitions]``.
        dear: Seconds of the other, ``[repetitions]``.
        min_saving: The least share of the other's median that the one's saves.
        level: Of the one-sided exact Mann-Whitney test.
    """
    saving = 1.0 - float(np.median(cheap)) / float(np.median(dear))
    chance = float(mannwhitneyu(cheap, dear, alternative="less", method="exact").pvalue)
    return saving >= max(min_saving, 1e-9) and chance <= level


def _row(costs: Costs | NoCosts) -> Mapping[str, Any]:
    if isinstance(costs, NoCosts):
        return {"reason": str(costs)}
    return {**vars(costs), "seconds": np.round(costs.seconds, 9).tolist()}


def _costs(row: Mapping[str, Any]) -> Costs | NoCosts:
    if "reason" in row:
        return NoCosts(row["reason"])
    return Costs(
        task_id=row["task_id"],
        programs=tuple(row["programs"]),
        seconds=np.array(row["seconds"], dtype=np.float64),
        scale=row["scale"],
        calls=row["calls"],
    )
