"""Judging while the policy still writes: a completion is judged as soon as it ends."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from codegym.feedback.feedback import Feedback
from codegym.judge import Judge
from codegym.judge_settings import JudgeSettings
from codegym.problem import Problem
from codegym.sandbox.execution import Execution
from codegym.sandbox.job import Job


class EagerJudge:
    """A judge that may be told beforehand what it will be asked. Equal programs for a problem are judged once.

    What was begun is kept until it is asked for; the verdicts are the same, only sooner.

    Args:
        judge: Who judges; it stays its owner's to close.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="eager-judge")
        self._begun: dict[tuple[str, str], Future[Feedback]] = {}

    @property
    def settings(self) -> JudgeSettings:
        """How the judge was made."""
        return self._judge.settings

    def run_many(self, jobs: Sequence[Job]) -> list[Execution]:
        """Runs jobs in the judge's sandbox, in order."""
        return self._judge.run_many(jobs)

    def begin(self, problem: Problem, completion: str) -> None:
        """Starts judging in the background."""
        key = (problem.task_id, completion)
        if key not in self._begun:
            self._begun[key] = self._threads.submit(self._judge.judge, problem, completion)

    def judge(self, problem: Problem, completion: str) -> Feedback:
        """Judges one completion."""
        return self.judge_many([(problem, completion)])[0]

    def judge_many(self, pairs: Sequence[tuple[Problem, str]]) -> list[Feedback]:
        """Judges many, in order; waits for those that were begun."""
        for problem, completion in pairs:
            self.begin(problem, completion)
        try:
            return [self._begun[problem.task_id, completion].result() for problem, completion in pairs]
        finally:
            self._begun = {}
