"""The judge: from a problem and a completion to feedback that the program cannot forge."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Protocol, Self, runtime_checkable

from codegym.answers import answer_bytes
from codegym.errors import InvalidSettingError
from codegym.extraction import parsed, root_name, tail_start
from codegym.feedback.feedback import Feedback
from codegym.feedback.interpretation import Settling, interpret
from codegym.feedback.kind import KINDS, KindTable
from codegym.judge_settings import JudgeSettings
from codegym.problem import CallTest, Problem, StdioTest, TestCase
from codegym.program import Program
from codegym.sandbox.execution import Execution, Failure, Status
from codegym.sandbox.futures import MappedFuture, results, results_as_they_end
from codegym.sandbox.isolation import Isolation
from codegym.sandbox.job import Action, CallAction, Job, RunAction, ScriptAction
from codegym.sandbox.limits import Limits
from codegym.sandbox.packages import package_names
from codegym.sandbox.pool import Sandbox

# A collection asks a few dozen problems; the plans of all problems of a large suite would stay for ever.
_MOST_PLANS = 128


@runtime_checkable
class JudgeProtocol(Protocol):
    """What the environment and the agents need of a judge; :class:`Judge` is one."""

    @property
    def settings(self) -> JudgeSettings:
        """How the programs are run, and under which key verdicts may be kept."""

    def judge(self, problem: Problem, completion: str) -> Feedback:
        """Judges one completion."""

    def judge_many(self, pairs: Iterable[tuple[Problem, str]]) -> list[Feedback]:
        """Judges many, in order; a machine's failure is an ``infra_error`` verdict of the pair that it hit."""

    def submit(self, problem: Problem, completion: str) -> Future[Feedback]:
        """Begins to judge one completion."""


class Judge:
    r"""Judges completions. Thread-safe; a copy of it is the same judge; pickles as its configuration.

    Args:
        workers: Number of programs that run at the same time; None takes one for each processor.
        isolation: ``"strict"``, ``"auto"`` or ``"none"``; see :class:`codegym.sandbox.pool.Sandbox`.
        packages: Names of packages that programs may import beyond the standard library.
        python: The interpreter that runs the programs.
        limits: Limits of problems that bring none of their own.
        kinds: The tables from exceptions to kinds and scopes.
        strict_extraction: Run completions that are Python only in part as they stand, and blame a program for example
            calls behind its entry point; see :func:`codegym.extraction.extract`.
        stop_early: End a program's tests with the first that it does not pass, public tests first. Whether it passes is
            the same as without; the verdict and its kind are those of that test, and later ones are ``not_run``.

    Raises:
        InvalidSettingError: If ``limits`` are none, or ``workers`` or ``packages`` make no sense.

    Example:
        >>> with Judge(workers=1) as judge:
        ...     feedback = judge.judge(problem, "def f(x):\\n    return x + 1\\n")
    """

    def __init__(
        self,
        workers: int | None = None,
        isolation: str = "auto",
        packages: Iterable[str] = (),
        python: str = sys.executable,
        limits: Limits | None = None,
        kinds: KindTable = KINDS,
        strict_extraction: bool = False,
        stop_early: bool = False,
    ) -> None:
        if limits is not None and not isinstance(limits, Limits):
            raise InvalidSettingError(f"limits must be Limits(...) or None, got {limits!r}.")
        self._open(
            JudgeSettings(
                workers=workers,
                isolation=isolation,
                packages=package_names(packages),
                python=python,
                limits=limits or Limits(),
                kinds=kinds,
                strict_extraction=strict_extraction,
                stop_early=stop_early,
            )
        )

    @classmethod
    def of(cls, settings: JudgeSettings) -> Self:
        """Returns a new judge with these settings."""
        judge = cls.__new__(cls)
        judge._open(settings)
        return judge

    def _open(self, settings: JudgeSettings) -> None:
        self.settings = settings
        self._plans: dict[int, _ProblemPlan] = {}
        self._sandbox = Sandbox(
            settings.workers, settings.isolation, settings.packages, settings.python, settings.without
        )

    @property
    def limits(self) -> Limits:
        """The limits of problems that bring none of their own."""
        return self.settings.limits

    @property
    def isolation(self) -> Isolation:
        """What stands between a program and this machine: one record for each layer."""
        return self._sandbox.isolation

    def submit(self, problem: Problem, completion: str) -> Future[Feedback]:
        """Begins to judge one completion, on the next free worker.

        A program's failure is data; a machine's failure is a feedback with the verdict ``infra_error``. A checker of
        the problem runs in one of the judge's threads.

        Returns:
            The future feedback. Cancelling it before a worker is free spares the work.

        Raises:
            TypeError: If they are no problem or no text.
        """
        # Here, in the caller's thread, so that the traceback leads to the mistake.
        _check_pair(problem, completion)
        # What is Python as it stands needs no second look, and most programs are: only what does not load gets one.
        program = Program.from_completion(completion, problem, strict=True)
        may_shorten = not self.settings.strict_extraction and problem.entry_point is not None
        return self._submit(problem, program, may_shorten=may_shorten)

    def judge(self, problem: Problem, completion: str) -> Feedback:
        """Judges one completion; see :meth:`submit`."""
        return self.judge_many([(problem, completion)])[0]

    def judge_many(self, pairs: Iterable[tuple[Problem, str]]) -> list[Feedback]:
        """Judges pairs of problem and completion on all workers; the feedback comes in their order."""
        return results(self.submit(problem, completion) for problem, completion in pairs)

    def judge_as_they_end(self, pairs: Iterable[tuple[Problem, str]]) -> Iterator[tuple[int, Feedback]]:
        """Judges pairs on all workers and yields each one's index and feedback as soon as it is there."""
        return results_as_they_end(self.submit(problem, completion) for problem, completion in pairs)

    def _submit(self, problem: Problem, program: Program, *, may_shorten: bool) -> Future[Feedback]:
        job = self._job(problem, program, stop_early=self.settings.stop_early)
        return MappedFuture(self._sandbox.submit(job), partial(self._read, problem, program, may_shorten=may_shorten))

    def _read(
        self, problem: Problem, program: Program, execution: Execution, *, may_shorten: bool
    ) -> Feedback | Future[Feedback]:
        failure = _failure_of_loading(execution) if may_shorten else None
        if failure is not None:
            valid = Program.from_completion(program.completion, problem)
            if valid.source != program.source:
                return self._submit(problem, valid, may_shorten=True)
            outermost = failure.frames[0] if failure.frames else failure.place
            entry = root_name(problem.entry_point)
            end = tail_start(program.source, entry, outermost.start_line) if outermost else None
            if end is not None:
                # Once only: what is left has been loaded before.
                return self._submit(problem, program.until(end), may_shorten=False)
        # Back into the problem's order; a program that did not load has fewer observations than there are tests.
        observed = dict(zip(self._plan(problem).order, execution.observations, strict=False))
        observations = tuple(observed[number] for number in sorted(observed))
        return interpret(problem, program, replace(execution, observations=observations), kinds=self.settings.kinds)

    def run_many(self, jobs: Iterable[Job]) -> list[Execution]:
        """Runs jobs that are no tests (traces, say) on the same workers, in order."""
        return self._sandbox.run_many(list(jobs))

    def run_as_they_end(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Execution]]:
        """Runs jobs on the same workers and yields each one's index and execution as soon as it is there."""
        return self._sandbox.run_as_they_end(jobs)

    def job(self, problem: Problem, program: Program) -> Job:
        """Returns the job for the sandbox, with all tests; nothing that a test expects is in it, except in scripts.

        Public tests come first: what a program remembers of a private one cannot show in a public one's outcome.
        """
        return self._job(problem, program, stop_early=False)

    def _job(self, problem: Problem, program: Program, *, stop_early: bool) -> Job:
        plan = self._plan(problem)
        return Job(
            source=program.source,
            actions=plan.actions,
            entry_point=problem.entry_point,
            context=problem.context,
            script_context=plan.script_context,
            limits=_with_room(problem.limits or self.settings.limits, plan.answer_bytes),
            one_process=problem.one_process,
            opaque_results=problem.opaque_results,
            shown_actions=plan.shown,
            stop_early=stop_early,
            settle=Settling(problem, plan.order),
        )

    def _plan(self, problem: Problem) -> _ProblemPlan:
        """Returns the plan of a problem; kept, as many programs are judged on one problem in a row."""
        # By identity: problems hold lists and cannot be hashed. The plan holds its problem, so no other has that id.
        plan = self._plans.get(id(problem))
        if plan is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[id(problem)] = _ProblemPlan.of(problem)
        return plan

    def close(self) -> None:
        """Ends every process of the judge. Closing twice is fine."""
        self._sandbox.close()

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # `gym.make` copies its arguments deeply: a copied judge must not start another set of workers.
    def __copy__(self) -> Judge:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Judge:
        return self

    def __reduce__(self) -> tuple[Callable[[JudgeSettings], Judge], tuple[JudgeSettings]]:
        return type(self).of, (self.settings,)


@dataclass(frozen=True, eq=False)
class _ProblemPlan:
    """The part of a job that is the same for every program of a problem.

    Attributes:
        problem: The problem itself, which keeps its ``id`` from being used again.
        order: Indices of its tests in the order in which they run.
        actions: The tests' actions, in that order.
        script_context: Code that scripts find defined.
        answer_bytes: Size of the largest expected answer.
        shown: Number of public tests.
    """

    problem: Problem
    order: tuple[int, ...]
    actions: tuple[Action, ...]
    script_context: str
    answer_bytes: int
    shown: int

    @classmethod
    def of(cls, problem: Problem) -> _ProblemPlan:
        """Returns the plan of a problem."""
        order = tuple(_order(problem))
        return cls(
            problem=problem,
            order=order,
            answer_bytes=max(map(_answer_bytes, problem.tests), default=0),
            shown=len(problem.public_tests),
            actions=tuple(_action(problem.tests[index]) for index in order if problem.tests),
            script_context=_given_definitions(problem.starter_code, problem.entry_point),
        )


def _failure_of_loading(execution: Execution) -> Failure | None:
    """Returns why a program did not load; None where it did."""
    failure = next((seen.failure for seen in execution.observations if seen.status is not Status.NOT_RUN), None)
    return failure if failure is not None and failure.loading else None


def _check_pair(problem: object, completion: object) -> None:
    if not isinstance(problem, Problem):
        raise TypeError(f"a judge takes a Problem and a completion, got {type(problem).__name__} for the problem.")
    if not isinstance(completion, str):
        raise TypeError(f"{problem.task_id}: a completion is a text, got {type(completion).__name__}.")


def _order(problem: Problem) -> list[int]:
    """Returns the tests' indices in the order in which they run; without tests there is one observation, of loading."""
    return sorted(range(len(problem.tests)), key=lambda index: not problem.tests[index].public) or [0]


def _answer_bytes(test: TestCase) -> int:
    if isinstance(test, StdioTest):
        return len(test.expected_stdout.encode("utf-8", "surrogatepass"))
    if isinstance(test, CallTest):
        return answer_bytes(test.expected) + answer_bytes(test.expected_args)
    return 0


def _with_room(limits: Limits, needed: int) -> Limits:
    """Returns limits under which a program may print, or return, what is expected, and as much again."""
    # A limit below the expected answer would refuse every right program.
    return limits if needed <= limits.output_bytes // 2 else replace(limits, output_bytes=2 * needed)


def _action(test: TestCase) -> Action:
    if isinstance(test, CallTest):
        return CallAction(args=tuple(test.args), kwargs=dict(test.kwargs))
    if isinstance(test, StdioTest):
        return RunAction(stdin=test.stdin)
    return ScriptAction(source=test.source)


@lru_cache(maxsize=4096)
def _given_definitions(starter_code: str, entry_point: str | None) -> str:
    """Returns the starter code's definitions besides the entry point: scripts may name them (HumanEval/32, 38, 50)."""
    if not starter_code or not entry_point:
        return ""
    # Starter code may end with a signature that has no body yet, of a function or of a method.
    for body in ("", "\n    pass\n", "\n        pass\n"):
        tree = parsed(starter_code + body, longest=math.inf)
        if tree is not None:
            tree.body = [node for node in tree.body if getattr(node, "name", None) != entry_point.partition("(")[0]]
            return ast.unparse(tree)
    return ""
