"""What the passing programs of two runs cost, measured beside each other.

The costs that the runs themselves saw are of the machine as it was then: between two days, or two quarters of an hour,
it changes by more than programs do, and no interval over problems knows of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from agents.costs import CostMeter, Costs, CostSettings, FloatArray, NoCosts, inputs_of
from agents.evaluation.efficiency import BothCosts
from agents.evaluation.store import Store, content_key, judge_key, problem_key
from codegym import Judge, Problem
from codegym.program import Program


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Measures programs of two runs that solve the same problem.

    A program that both runs wrote is measured once and counts for both, so that equal runs come out equal.
    """

    judge: Judge
    store: Store | None = None
    """Costs of other times, by content: only those that were measured together."""
    settings: CostSettings = field(default_factory=lambda: CostSettings(repetitions=7))
    most_programs: int = 2
    """Distinct programs of each run, for each problem."""

    def measure(
        self, problems: Sequence[Problem], before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[str, BothCosts | NoCosts]]:
        """Yields what the programs cost of each problem that was solved by both, or why that is not known.

        Args:
            problems: As they are judged now.
            before: Completions of the one run that passed, by task.
            after: Those of the other.
        """
        for problem in solved_by_both(problems, before, after):
            sides = [self._distinct(problem, passing[problem.task_id]) for passing in (before, after)]
            programs = list({program.source: program for side in sides for program in side}.values())
            found = self._costs(problem, programs)
            yield problem.task_id, found if isinstance(found, NoCosts) else _of_both(found, programs, *sides)

    def _distinct(self, problem: Problem, completions: Sequence[str]) -> list[Program]:
        """The first programs that differ."""
        found = (Program.from_completion(completion, problem) for completion in completions)
        return list({program.source: program for program in found}.values())[: self.most_programs]

    def _costs(self, problem: Problem, programs: Sequence[Program]) -> Costs | NoCosts:
        if self.store is None:
            return self._measured(problem, programs)
        sources = [program.source for program in programs]
        key = content_key("costs", judge_key(self.judge), problem_key(problem), sources, vars(self.settings))
        row = self.store.get(key)
        if row is not None:
            return NoCosts(row["reason"]) if "reason" in row else Costs.from_row(row)
        costs = self._measured(problem, programs)
        if costs is not NoCosts.UNSTABLE:
            self.store.put({key: {"reason": str(costs)} if isinstance(costs, NoCosts) else costs.to_row()})
        return costs

    def _measured(self, problem: Problem, programs: Sequence[Program]) -> Costs | NoCosts:
        return CostMeter(problem, programs, self.judge, self.settings).measure(inputs_of(problem))


def solved_by_both(
    problems: Sequence[Problem], before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> list[Problem]:
    """Returns the problems for which both runs have a program that passed."""
    return [problem for problem in problems if before.get(problem.task_id) and after.get(problem.task_id)]


def _of_both(
    costs: Costs, programs: Sequence[Program], before: Sequence[Program], after: Sequence[Program]
) -> BothCosts:
    """The programs of a run count as one, their median in each round."""
    place = {program.source: index for index, program in enumerate(programs)}

    def of_run(own: Sequence[Program]) -> FloatArray:
        return np.asarray(np.median(costs.seconds[[place[program.source] for program in own]], axis=0))

    return BothCosts(before=of_run(before), after=of_run(after))
