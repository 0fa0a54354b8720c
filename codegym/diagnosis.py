"""A judge that diagnoses too: static analysis of every program, suspected lines of those that answer wrongly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from codegym.errors import InvalidRewardError
from codegym.feedback.feedback import Feedback
from codegym.feedback.localization import with_suspects
from codegym.feedback.static_analysis import analyze, with_analysis
from codegym.feedback.tracing import Trace, trace_job, traces_of
from codegym.feedback.verdict import Verdict
from codegym.judge import Judge
from codegym.judge_settings import JudgeSettings
from codegym.problem import Problem
from codegym.rewards import Reward, static_penalty

AnyJudge = TypeVar("AnyJudge")


class DiagnosingJudge:
    """Adds diagnostics to another judge's feedback; verdicts, pass rates and kinds stay what they are.

    It costs time, so it is not the default: ruff takes about a millisecond a program in large batches, a trace runs
    every test of the program once more.

    Args:
        judge: Judges first, and lends its workers; it stays the caller's to close.
        static_analysis: Add all syntax errors and what ruff finds.
        suspects: Trace programs that answer wrongly and add the lines to be suspected.
        references: Compare with the problem's first solution too, where there is one.
        coverage: Trace every program, so that ``executed_lines`` is known for all.

    Example:
        >>> with Judge() as judge:
        ...     env = gym.make("CodeSynthesis-v0", suite="core", judge=DiagnosingJudge(judge))
    """

    def __init__(
        self,
        judge: Judge,
        *,
        static_analysis: bool = True,
        suspects: bool = True,
        references: bool = True,
        coverage: bool = False,
    ) -> None:
        self.inner = judge
        self.static_analysis, self.suspects = static_analysis, suspects
        self.references, self.coverage = references, coverage
        self._lock = threading.Lock()
        self._judged: list[_Judged] = []
        self._is_diagnosing = False

    @property
    def settings(self) -> JudgeSettings:
        """How the programs are run."""
        return self.inner.settings

    def submit(self, problem: Problem, completion: str) -> Future[Feedback]:
        """Begins to judge one completion; what is judged while others are diagnosed is diagnosed together."""
        future: Future[Feedback] = Future()
        judging = self.inner.submit(problem, completion)
        future.add_done_callback(lambda _: judging.cancel())
        judging.add_done_callback(lambda judged: self._add(_Judged(problem, judged, future)))
        return future

    def judge(self, problem: Problem, completion: str) -> Feedback:
        """Judges and diagnoses one completion."""
        return self.judge_many([(problem, completion)])[0]

    def judge_many(self, pairs: Iterable[tuple[Problem, str]]) -> list[Feedback]:
        """Judges pairs of problem and completion; the feedback comes in their order."""
        pairs = list(pairs)
        return self._diagnosed([problem for problem, _ in pairs], self.inner.judge_many(pairs))

    def __reduce__(self) -> tuple[Callable[..., DiagnosingJudge], tuple[Judge]]:
        names = ("static_analysis", "suspects", "references", "coverage")
        return partial(type(self), **{name: getattr(self, name) for name in names}), (self.inner,)

    def _add(self, judged: _Judged) -> None:
        # Called in a worker's thread, which has other programs to run: another thread diagnoses. It is made when there
        # is work and ends with it, so that there is nothing to close, and nothing that a fork would lack.
        with self._lock:
            self._judged.append(judged)
            if self._is_diagnosing:
                return
            self._is_diagnosing = True
        threading.Thread(target=self._diagnose_all, name="codegym-diagnosis", daemon=True).start()

    def _diagnose_all(self) -> None:
        while True:
            with self._lock:
                batch, self._judged = self._judged, []
                if not batch:
                    self._is_diagnosing = False
                    return
            self._settle(batch)

    def _settle(self, batch: Sequence[_Judged]) -> None:
        batch = [one for one in batch if one.is_wanted()]
        if not batch:
            return
        try:
            found = self._diagnosed([one.problem for one in batch], [one.judging.result() for one in batch])
        # Whatever is raised belongs to those who wait for the results: this thread has no caller.
        except BaseException as error:
            for one in batch:
                one.future.set_exception(error)
        else:
            for one, feedback in zip(batch, found, strict=True):
                one.future.set_result(feedback)

    def _diagnosed(self, problems: Sequence[Problem], feedback: Sequence[Feedback]) -> list[Feedback]:
        if self.static_analysis:
            # All in one call of ruff: starting it costs more than analysing a program.
            programs, contexts = [fb.program for fb in feedback], [problem.context for problem in problems]
            analyses = analyze(programs, contexts, python=self.settings.python)
            feedback = [with_analysis(fb, analysis) for fb, analysis in zip(feedback, analyses, strict=True)]
        if self.suspects or self.coverage:
            feedback = self._traced(problems, feedback)
        return list(feedback)

    def _traced(self, problems: Sequence[Problem], feedback: Sequence[Feedback]) -> list[Feedback]:
        wrong = [self.suspects and fb.verdict is Verdict.FAIL for fb in feedback]
        chosen = [i for i, fb in enumerate(feedback) if wrong[i] or (self.coverage and not fb.kind.is_syntax)]
        compared = [i for i in chosen if wrong[i] and self.references and problems[i].solutions]
        # Values of variables are needed only to find where a program leaves the reference's path; they cost time.
        with_values = set(compared)
        traces = self._traces([(problems[i], feedback[i].program.source, i in with_values) for i in chosen])
        references = self._traces([(problems[i], problems[i].solutions[0], True) for i in compared])
        reference_of = dict(zip(compared, references, strict=True))
        diagnosed = list(feedback)
        for i, trace in zip(chosen, traces, strict=True):
            diagnosed[i] = with_suspects(feedback[i], trace, reference_of.get(i))
        return diagnosed

    def _traces(self, wanted: Sequence[tuple[Problem, str, bool]]) -> list[tuple[Trace, ...]]:
        jobs = [
            trace_job(problem, source, problem.limits or self.settings.limits, values=values)
            for problem, source, values in wanted
        ]
        return [traces_of(execution) for execution in self.inner.run_many(jobs)]


@dataclass(frozen=True)
class _Judged:
    """A completion that was submitted, and judged since."""

    problem: Problem
    judging: Future[Feedback]
    future: Future[Feedback]

    def is_wanted(self) -> bool:
        """Returns whether it is to be diagnosed: it was judged, and not cancelled meanwhile."""
        if not self.future.set_running_or_notify_cancel():
            return False
        if error := self.judging.exception():
            self.future.set_exception(error)
        return error is None


def judge_for(reward: Reward, judge: AnyJudge) -> AnyJudge | DiagnosingJudge:
    """Returns a judge that finds what a reward pays for: a plain one is made to analyse programs where that costs.

    Args:
        reward: One with ``static_penalty`` among its ``parts`` needs static analysis.
        judge: Any judge; one of a class that is not ours is trusted to find what is paid for.

    Raises:
        InvalidRewardError: If the reward pays for findings that the judge was told not to look for.
    """
    if static_penalty not in getattr(reward, "parts", {}).values():
        return judge
    if isinstance(judge, DiagnosingJudge) and not judge.static_analysis:
        raise InvalidRewardError(
            "this reward has a part for what static analysis finds, but the judge is a DiagnosingJudge with "
            "static_analysis=False: the part would always be 0. Use static_analysis=True or another reward."
        )
    # Suspected lines are not paid for, and each costs another run of the program.
    return DiagnosingJudge(judge, suspects=False) if isinstance(judge, Judge) else judge
