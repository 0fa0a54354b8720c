"""What programs of one problem cost: measured from outside, beside each other, on inputs large enough to tell."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agents.scoring.problem_key import ordered
from agents.settings import SettingsRecord
from codegym.judge import Judge
from codegym.problem import CallTest, Problem, ScriptTest, StdioTest
from codegym.program import Program
from codegym.sandbox.execution import Execution, Observation, Status
from codegym.sandbox.job import CallAction, Job, RunAction
from codegym.sandbox.limits import Limits
from codegym.store import Store, content_key

FloatArray: TypeAlias = NDArray[np.float64]
Input: TypeAlias = CallAction | RunAction

# Inputs grow until a program fails or is slow: a low limit ends that quickly.
_LIMITS = Limits(cpu_seconds=1.0, program_cpu_seconds=2.0, wall_seconds=6.0)
# Texts are taken, in order, as long as the slowest program answers them in this time: well below the limit.
_TEXTS_SECONDS = 0.5
# Published tests have inputs of a few items, on which programs differ by less than a process varies.
_SCALES = (1, 8, 64, 512, 4096)
_LARGEST = 200_000  # items that a scaled argument may have
_LEAST = 1e-6  # seconds that a program costs at least
_METHOD = 1  # raise it when costs are measured in another way: those in stores are then measured anew
_CANDIDATE = "candidate"  # what the tests of HumanEval's form call the entry point


class NoCosts(StrEnum):
    """Why programs were not measured."""

    NOT_CREDIBLE = "not_credible"
    """No test is passed by the best programs."""
    ONE_PROGRAM = "one_program"
    """Fewer than two different programs pass the credible tests."""
    NO_CALL = "no_call"
    """No test has an input, as literals or as text, on which the programs agree."""
    UNSTABLE = "unstable"
    """The machine failed, or a program did not answer every time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Costs:
    """What programs of a problem cost.

    Attributes:
        programs: Indices of the programs among those that there are; distinct texts.
        seconds: ``[programs, repetitions]`` CPU seconds of all inputs together, without loading the program (of one
            that reads a text, without starting an empty script); what is less than that varies (the middle half of its
            runs) counts as that much, so that noise never looks like a difference.
        scale: How many times larger than in the tests the inputs were.
        calls: How many inputs there were.
    """

    programs: tuple[int, ...]
    seconds: FloatArray
    scale: int = 1
    calls: int = 1

    @property
    def typical(self) -> FloatArray:
        """``[programs]``: the median cost of each."""
        return np.asarray(np.median(self.seconds, axis=1))

    def to_row(self) -> dict[str, Any]:
        """Returns it as plain data."""
        return {**vars(self), "seconds": self.seconds.tolist()}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Makes it from :meth:`to_row`'s data."""
        return cls(
            programs=tuple(row["programs"]),
            seconds=np.array(row["seconds"], dtype=np.float64),
            scale=row["scale"],
            calls=row["calls"],
        )


@dataclass(frozen=True)
class CostSettings(SettingsRecord):
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
        super().__post_init__()
        self.require_at_least(5, "repetitions")  # fewer tell no two programs apart
        self.require_at_least(2, "most_programs")
        self.require_above(0, "target_seconds")


class CostMeter:
    """Measures what some programs of a problem cost, on calls of growing size or on texts as they are.

    Args:
        problem: The problem; its tests and limits do not count.
        programs: Programs that answer alike.
        judge: Runs the programs, one at a time.
        settings: How they are measured.
    """

    def __init__(self, problem: Problem, programs: Sequence[Program], judge: Judge, settings: CostSettings) -> None:
        self.judge, self.settings = judge, settings
        self.problem = replace(problem, tests=(), limits=_LIMITS, one_process=False)
        self.loads = [replace(judge.job(self.problem, program), actions=(), settle=None) for program in programs]

    def measure(self, inputs: Sequence[Input]) -> Costs | NoCosts:
        """Finds the size of the inputs, then measures again and again.

        Args:
            inputs: What the programs are measured on; those on which they disagree are left out.
        """
        if not inputs:
            return NoCosts.NO_CALL
        scale, used = 1, list[Input]()
        nothing = [_seconds(execution) for execution in self.judge.run_many(self._without(inputs))]
        for factor in _SCALES:
            # Larger inputs that fewer calls survive would compare less than the smaller ones did.
            agreed, tried = self._tried(scaled(inputs, factor))
            if not agreed or len(agreed) < len(used):
                break
            scale, used = factor, agreed
            # Texts have a format that nobody here knows: they are taken as they are, and not grown.
            if isinstance(used[0], RunAction):
                used = used[: max(1, int(np.sum(tried.max(axis=0).cumsum() <= _TEXTS_SECONDS)))]
                break
            if np.min(tried.sum(axis=1) - nothing) >= self.settings.target_seconds:
                break
        if not used:
            return NoCosts.NO_CALL
        seconds = self._repeated(used)
        if seconds is None:
            return NoCosts.UNSTABLE
        return Costs(
            programs=tuple(range(len(seconds))),
            seconds=seconds,
            scale=scale,
            calls=len(used),
        )

    def _jobs(self, inputs: Sequence[Input]) -> list[Job]:
        return [replace(load, actions=tuple(inputs)) for load in self.loads]

    def _without(self, inputs: Sequence[Input]) -> list[Job]:
        """What a run of each program takes before it does anything: of a script that reads a text, an empty script."""
        if isinstance(inputs[0], RunAction):
            return [replace(load, source="", context="", actions=tuple(inputs)) for load in self.loads]
        return self.loads

    def _tried(self, inputs: Sequence[Input]) -> tuple[list[Input], FloatArray]:
        """Runs every program once.

        Returns:
            The inputs that all answered alike, and CPU seconds ``[programs, inputs]``, loading in the first.
        """
        seen = [run.observations for run in self.judge.run_many(self._jobs(inputs))]
        agreed = [index for index, one in enumerate(inputs) if _agree(one, [own[index] for own in seen])]
        seconds = np.array([[own[index].cpu_seconds for index in agreed] for own in seen])
        return [inputs[index] for index in agreed], seconds

    def _repeated(self, inputs: Sequence[Input]) -> FloatArray | None:
        """``[programs, repetitions]`` of seconds.

        The programs take turns, there and back, so that what slows the machine hits all, and run one at a time: beside
        others a program takes up to twice as long, and its neighbour would always be the same one.
        """
        jobs = list(zip(self._without(inputs), self._jobs(inputs), strict=True))
        # Each run beside an empty one: what slows the machine at that moment hits both.
        seconds = np.empty((self.settings.repetitions, len(jobs), 2))
        for turn in range(self.settings.repetitions):
            for index in range(len(jobs))[:: -1 if turn % 2 else 1]:
                for half, job in enumerate(jobs[index]):
                    (execution,) = self.judge.run_many([job])
                    if any(one.status is not Status.OK for one in execution.observations):
                        return None
                    seconds[turn, index, half] = _seconds(execution)
        nothing = np.median(seconds[..., 0], axis=0)
        low, high = np.percentile(seconds[..., 0] - nothing, (25, 75))
        costs = np.clip(seconds[..., 1] - nothing, max(high - low, _LEAST), None)
        return np.asarray(costs.T.round(9))


def _seconds(execution: Execution) -> float:
    return sum(observation.cpu_seconds for observation in execution.observations)


def _agree(one: Input, observations: Sequence[Observation]) -> bool:
    """Whether all answered, and gave the same value; what was printed is compared by a test, and not grown here."""
    first = observations[0]
    try:
        return all(
            seen.status is Status.OK and (isinstance(one, RunAction) or bool(seen.value == first.value))
            for seen in observations
        )
    except (ArithmeticError, RecursionError, TypeError, ValueError):
        return False


def measured_costs(
    problem: Problem,
    programs: Sequence[Program],
    inputs: Sequence[Input],
    judge: Judge,
    settings: CostSettings,
    store: Store,
) -> Costs | NoCosts:
    """Measures what programs cost, or takes it from the store; only costs that were measured together compare.

    Args:
        problem: The problem; its tests and limits do not count.
        programs: Programs that answer alike.
        inputs: What they are measured on; those on which they disagree are left out.
        judge: Runs the programs, one at a time.
        settings: How they are measured.
        store: Keeps the costs, by content.
    """
    subject = (problem.entry_point, problem.context, [program.source for program in programs], list(inputs))
    key = content_key("costs", _METHOD, judge.settings.verdict_key(), ordered(vars(settings)), ordered(subject))
    row = store.get(key)
    if row is not None:
        return NoCosts(row["reason"]) if "reason" in row else Costs.from_row(row)
    found = CostMeter(problem, programs, judge, settings).measure(inputs)
    if found is not NoCosts.UNSTABLE:  # the machine may do better next time
        store.put({key: {"reason": str(found)} if isinstance(found, NoCosts) else found.to_row()})
    return found


def inputs_of(problem: Problem) -> list[Input]:
    """Returns what a problem's tests give to a program: texts, or else calls (a script's, where they are literals)."""
    texts: list[Input] = [RunAction(stdin=test.stdin) for test in problem.tests if isinstance(test, StdioTest)]
    if texts:
        return texts
    calls: list[Input] = []
    for test in problem.tests:
        if isinstance(test, CallTest):
            calls.append(CallAction(args=tuple(test.args), kwargs=dict(test.kwargs)))
        elif isinstance(test, ScriptTest):
            calls += literal_calls(test.source, problem.entry_point or "", _CANDIDATE)
    return calls


def literal_calls(test: str, *names: str) -> list[CallAction]:
    """Returns the calls in a test's code whose arguments are literals.

    Args:
        test: The code; none are found in what is no Python.
        names: What the entry point is called there.
    """
    calls = []
    try:
        nodes = list(ast.walk(ast.parse(test)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    for node in nodes:
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
            try:
                args = tuple(ast.literal_eval(argument) for argument in node.args)
                kwargs = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords if word.arg}
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                continue
            # Fewer means `**something`, whose value is not known here.
            if len(kwargs) == len(node.keywords):
                calls.append(CallAction(args=args, kwargs=kwargs))
    return calls


def scaled(inputs: Sequence[Input], factor: int) -> list[Input]:
    """Makes calls larger: texts and collections repeat themselves; numbers grow where there is nothing else."""
    # Numbers grow only where there is no text or collection: a count beside a list is often its length.
    if factor == 1:
        return list(inputs)
    calls = [one for one in inputs if isinstance(one, CallAction)]
    repeats = any(_has_length(value) for call in calls for value in (*call.args, *(call.kwargs or {}).values()))
    return [_larger(one, factor, repeats) if isinstance(one, CallAction) else one for one in inputs]


def _larger(call: CallAction, factor: int, repeats: bool) -> CallAction:
    return CallAction(
        args=tuple(_grown(value, factor, repeats) for value in call.args),
        kwargs={name: _grown(value, factor, repeats) for name, value in (call.kwargs or {}).items()},
    )


def _has_length(value: Any) -> bool:
    return isinstance(value, str | bytes | list | tuple) and len(value) > 0


def _grown(value: Any, factor: int, repeats: bool) -> Any:
    if repeats:
        return value * min(factor, max(1, _LARGEST // len(value))) if _has_length(value) else value
    return value * factor if type(value) is int else value
