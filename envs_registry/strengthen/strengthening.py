"""The procedure: mutants, survivors of the old tests, new inputs, and the few of them that kill the most."""

from __future__ import annotations

import ast
import random
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from codegym.feedback.feedback import Feedback, TestResult
from codegym.feedback.verdict import Verdict
from codegym.judge import Judge
from codegym.problem import CallTest, Problem, ScriptTest, TestCase
from codegym.sandbox.execution import Status
from codegym.sandbox.job import CallAction, Job
from codegym.sandbox.limits import Limits
from codegym.sandbox.pool import Sandbox
from envs_registry.strengthen.inputs import InputMutator
from envs_registry.strengthen.program_mutants import program_mutants
from envs_registry.suite import Suite
from envs_registry.writing import can_be_written

# Mutants often hang, and there are many of them: they get ten times what the reference takes, and a tenth of a second
# of CPU time at least. On a starved machine that little takes long, which the wall-clock limit allows for.
_LEAST_SECONDS, _TIMES_AS_LONG = 0.1, 10
# Seconds that a reference solution may take for all tests; with slower ones every mutant would cost many.
_SLOWEST = 0.5
# Characters of a new test's arguments or expected value.
_LONGEST = 2000


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How hard to try.

    Attributes:
        mutants: Wrong programs made from each reference solution's first, in addition to the problem's own.
        inputs: New inputs tried for each problem.
        keep: New tests kept for each problem at most.
        seed: Random seed; the same seed gives the same tests, except where a mutant is near a time limit.
    """

    mutants: int = 20
    inputs: int = 40
    keep: int = 5
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Strengthened:
    """What became of one problem.

    Attributes:
        problem: The problem with its new tests behind the old ones.
        mutants: Wrong programs tried.
        killed_before: How many of them the old tests refuse.
        killed_after: How many the old and new tests refuse.
        added: How many tests are new.
        skipped: Why nothing could be tried; empty otherwise.
    """

    problem: Problem
    mutants: int = 0
    killed_before: int = 0
    killed_after: int = 0
    added: int = 0
    skipped: str = ""


class Strengthener:
    """Adds private tests to problems. The expected values come from the reference solution.

    Args:
        judge: Judges mutants on tests.
        sandbox: Runs reference solutions on new inputs.
        effort: How hard to try.
    """

    def __init__(self, judge: Judge, sandbox: Sandbox, effort: Effort | None = None) -> None:
        self._judge, self._sandbox, self._effort = judge, sandbox, effort or Effort()

    def strengthen(
        self,
        suite: Suite,
        given: Mapping[str, Sequence[TestCase]] | None = None,
        threads: int = 2,
        progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[Strengthened]:
        """Yields every problem of a suite with its new tests, in order, as soon as it is there.

        Args:
            suite: The suite to strengthen.
            given: Tests by task id that someone else wrote (a model, say); they are tried instead of mutated inputs.
                One that the reference solution does not pass is left out.
            threads: How many problems are worked on at a time: one that waits for a mutant's endless loop delays no
                other. The judge and the sandbox have the workers.
            progress: Called with the number of problems done and their total.
        """

        def of_index(index: int) -> Strengthened:
            problem = suite[index]
            return self.strengthened(problem, None if given is None else tuple(given.get(problem.task_id, ())))

        with ThreadPoolExecutor(threads) as pool:
            try:
                for done, result in enumerate(pool.map(of_index, range(len(suite))), start=1):
                    yield result
                    if progress is not None:
                        progress(done, len(suite))
            finally:
                # A caller that stops early does not wait for what it no longer wants.
                pool.shutdown(wait=False, cancel_futures=True)

    def strengthened(self, problem: Problem, given: Sequence[TestCase] | None = None) -> Strengthened:
        """Returns one problem with the new tests that kill most mutants, and the count."""
        # hash() of a text differs between processes; the same seed must give the same tests.
        generator = random.Random(zlib.crc32(problem.task_id.encode()) + self._effort.seed)
        skipped = self._reason_to_skip(problem, given)
        if skipped:
            return Strengthened(problem=problem, skipped=skipped)
        made = program_mutants(problem.solutions[0], self._effort.mutants, generator)
        mutants = dict.fromkeys((*problem.mutants, *made))
        reference = self._judge.judge(problem, problem.solutions[0])
        if not reference.is_success or _cost(reference) > _SLOWEST:
            reason = "is too slow" if reference.is_success else f"does not pass ({reference.kind})"
            return Strengthened(problem=problem, skipped=f"its reference solution {reason}")
        limited = replace(problem, limits=_limits(reference))
        judged, survivors = _survivors(mutants, self._judged(limited, mutants))
        candidates = self._valued(limited, generator) if given is None else self._right(problem, given)
        kept = self._chosen(limited, candidates, survivors)
        now = replace(limited, tests=kept)
        _, alive = _survivors(survivors, self._judged(now, survivors)) if kept else (0, survivors)
        return Strengthened(
            problem=replace(problem, tests=(*problem.tests, *kept)),
            mutants=judged,
            killed_before=judged - len(survivors),
            killed_after=judged - len(alive),
            added=len(kept),
        )

    def _reason_to_skip(self, problem: Problem, given: Sequence[TestCase] | None) -> str:
        if not problem.solutions:
            return "it has no reference solution"
        if problem.entry_point is None:
            return "it has no function to call"
        if given is None and not any(isinstance(test, CallTest) for test in problem.tests):
            return "none of its tests is a plain call, so there are no inputs to start from"
        return ""

    def _judged(self, problem: Problem, programs: Iterable[str]) -> list[Feedback]:
        return self._judge.judge_many([(problem, program) for program in programs])

    def _valued(self, problem: Problem, generator: random.Random) -> list[CallTest]:
        """New inputs with what all reference solutions answer, alike and each time anew."""
        known = [test for test in problem.tests if isinstance(test, CallTest)]
        inputs = InputMutator(known, generator).inputs(self._effort.inputs)
        # The first solution runs twice: an answer that depends on time, order or randomness is no test.
        answers = [
            self._answers(problem, solution, inputs) for solution in (*problem.solutions[:3], problem.solutions[0])
        ]
        accepted: list[CallTest] = []
        for first, *others in zip(*answers, strict=True):
            if first is None or not _is_literal(first) or not all(_agree(problem, first, other) for other in others):
                continue
            if can_be_written(replace(problem, tests=(first,))):
                accepted.append(first)
        return accepted

    def _answers(self, problem: Problem, program: str, inputs: Sequence[CallTest]) -> list[CallTest | None]:
        job = Job(
            source=program,
            actions=tuple(CallAction(args=test.args, kwargs=dict(test.kwargs)) for test in inputs),
            entry_point=problem.entry_point,
            context=problem.context,
            limits=problem.limits or Limits(),
        )
        answers: list[CallTest | None] = []
        for test, seen in zip(inputs, self._sandbox.run(job).observations, strict=True):
            if seen.status is not Status.OK:
                answers.append(None)
            elif seen.value is None and seen.args is not None:
                answers.append(replace(test, expected_args=seen.args))
            else:
                answers.append(replace(test, expected=seen.value))
        return answers

    def _right(self, problem: Problem, given: Sequence[TestCase]) -> list[TestCase]:
        """Those of the given tests that the reference solution passes."""
        if not given:
            return []
        feedback = self._judge.judge(replace(problem, tests=tuple(given)), problem.solutions[0])
        return [test for test, result in zip(given, feedback.tests, strict=True) if result.status is Verdict.PASS]

    def _chosen(self, problem: Problem, candidates: Sequence[TestCase], survivors: list[str]) -> tuple[TestCase, ...]:
        """The tests that kill most of the survivors that are left, one after the other."""
        if not candidates or not survivors:
            return ()
        tried = replace(problem, tests=tuple(candidates))
        kills = [
            {index for index, test in enumerate(feedback.tests) if _kills(test)}
            for feedback in self._judged(tried, survivors)
        ]
        chosen: list[TestCase] = []
        # Mutants that no candidate kills are left out, or the loop would not end.
        alive = [killers for killers in kills if killers]
        while alive and len(chosen) < self._effort.keep:
            counts = [sum(index in killers for killers in alive) for index in range(len(candidates))]
            # Of those that kill as many the shortest: people read these tests.
            best = max(range(len(candidates)), key=lambda index: (counts[index], -_size(candidates[index]), -index))
            chosen.append(candidates[best])
            alive = [killers for killers in alive if best not in killers]
        return tuple(chosen)


def _cost(reference: Feedback) -> float:
    return sum(test.cpu_seconds for test in reference.tests)


def _limits(reference: Feedback) -> Limits:
    """What a mutant may take, from what the reference took."""
    slowest = max((test.cpu_seconds for test in reference.tests), default=0.0)
    seconds = max(_LEAST_SECONDS, _TIMES_AS_LONG * slowest)
    total = max(3 * seconds, _TIMES_AS_LONG * _cost(reference))
    return Limits(cpu_seconds=seconds, wall_seconds=20 + 20 * seconds, program_cpu_seconds=total)


def _survivors(programs: Iterable[str], verdicts: Sequence[Feedback]) -> tuple[int, list[str]]:
    """How many programs the machine could judge, and those of them that pass."""
    judged = sum(feedback.verdict is not Verdict.INFRA_ERROR for feedback in verdicts)
    return judged, [program for program, feedback in zip(programs, verdicts, strict=True) if feedback.is_success]


def _kills(test: TestResult) -> bool:
    """Whether a test refuses a program. One that earlier tests left no time for was never tried."""
    was_tried = test.cpu_seconds > 0 or test.seconds > 0
    return test.status in (Verdict.FAIL, Verdict.ERROR) or (test.status is Verdict.TIMEOUT and was_tried)


def _agree(problem: Problem, one: CallTest, other: CallTest | None) -> bool:
    if other is None or (one.expected_args is None) != (other.expected_args is None):
        return False
    accepts = problem.comparison.accepts
    if one.expected_args is not None and other.expected_args is not None:
        return accepts(one.args, one.expected_args, other.expected_args)
    return accepts(one.args, one.expected, other.expected) and accepts(one.args, one.expected, one.expected)


def _is_literal(test: CallTest) -> bool:
    """Whether a test can be written down, and is short enough that one would."""
    text = repr((test.args, dict(test.kwargs), test.expected, test.expected_args))
    try:
        return len(text) <= _LONGEST and repr(ast.literal_eval(text)) == text
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _size(test: TestCase) -> int:
    if isinstance(test, CallTest):
        return len(repr((test.args, dict(test.kwargs))))
    return len(test.source) if isinstance(test, ScriptTest) else len(test.stdin)
