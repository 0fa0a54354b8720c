"""A judge that looks closer: static analysis of every program, suspected lines of those that answer wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from codegym.errors import InvalidRewardError
from codegym.feedback.feedback import Feedback
from codegym.feedback.localization import with_suspects
from codegym.feedback.static_analysis import analyze, with_analysis
from codegym.feedback.tracing import Trace, trace_job, traces_of
from codegym.feedback.verdict import Verdict
from codegym.judge import Judge
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

    def judge(self, problem: Problem, completion: str) -> Feedback:
        """Returns what one completion is worth."""
        return self.judge_many([(problem, completion)])[0]

    def judge_many(self, pairs: Iterable[tuple[Problem, str]]) -> list[Feedback]:
        """Judges pairs of problem and completion; the feedback comes in their order."""
        pairs = list(pairs)
        problems, feedback = [problem for problem, _ in pairs], self.inner.judge_many(pairs)
        if self.static_analysis:
            programs, contexts = [fb.program for fb in feedback], [problem.context for problem in problems]
            analyses = analyze(programs, contexts, python=self.inner.settings.python)
            feedback = [with_analysis(fb, analysis) for fb, analysis in zip(feedback, analyses, strict=True)]
        if self.suspects or self.coverage:
            feedback = self._traced(problems, feedback)
        return feedback

    def _traced(self, problems: Sequence[Problem], feedback: Sequence[Feedback]) -> list[Feedback]:
        wrong = [self.suspects and fb.verdict is Verdict.FAIL for fb in feedback]
        chosen = [i for i, fb in enumerate(feedback) if wrong[i] or (self.coverage and not fb.kind.is_syntax)]
        compared = [i for i in chosen if wrong[i] and self.references and problems[i].solutions]
        with_values = set(compared)
        traces = self._traces([(problems[i], feedback[i].program.source, i in with_values) for i in chosen])
        references = self._traces([(problems[i], problems[i].solutions[0], True) for i in compared])
        reference_of = dict(zip(compared, references, strict=True))
        looked = list(feedback)
        for i, trace in zip(chosen, traces, strict=True):
            looked[i] = with_suspects(feedback[i], trace, reference_of.get(i))
        return looked

    def _traces(self, asked: Sequence[tuple[Problem, str, bool]]) -> list[tuple[Trace, ...]]:
        jobs = [
            trace_job(problem, source, problem.limits or self.inner.settings.limits, values=values)
            for problem, source, values in asked
        ]
        return [traces_of(execution) for execution in self.inner.run_many(jobs)]


def judge_for(reward: Reward, judge: AnyJudge) -> AnyJudge | DiagnosingJudge:
    """Returns a judge that finds what a reward pays for: a plain one is made to analyse programs where that costs.

    Args:
        reward: One with ``static_penalty`` among its ``parts`` needs static analysis.
        judge: A judge of any kind; what another class than ours finds is not known and is trusted.

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
    return DiagnosingJudge(judge, suspects=False) if isinstance(judge, Judge) else judge
