"""What the passing programs of two runs cost, measured beside each other.

The costs that the runs themselves saw are of the machine as it was then: between two days, or two quarters of an hour,
it changes by more than programs do, and no interval over problems knows of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from agents.evaluation.efficiency import CostRatios
from agents.evaluation.store import Store, content_key, judge_key, problem_key
from agents.scoring.costs import CostMeter, Costs, CostSettings, NoCosts, inputs_of, method_key
from codegym import Judge, Problem
from codegym.errors import InvalidSettingError
from codegym.program import Program

_LEAST_ROUNDS = 7
"""That so many say the same has a chance of 1 in 128."""


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Measures programs of two runs that solve the same problem.

    A program that both runs wrote is measured once and counts for both, so that equal runs come out equal.

    Raises:
        InvalidSettingError: If there are too few rounds to tell anything from chance.
    """

    judge: Judge
    store: Store | None = None
    """Costs of other times, by content: only those that were measured together."""
    settings: CostSettings = field(default_factory=lambda: CostSettings(repetitions=_LEAST_ROUNDS))
    most_programs: int = 2
    """Distinct programs of each run, for each problem."""

    def __post_init__(self) -> None:
        if self.settings.repetitions < _LEAST_ROUNDS:
            raise InvalidSettingError(
                f"SideBySide needs at least {_LEAST_ROUNDS} repetitions, got {self.settings.repetitions}: fewer rounds "
                "may all say the same by chance."
            )

    def measure(
        self, problems: Sequence[Problem], before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[str, CostRatios | NoCosts]]:
        """Yields what the programs cost of each problem that was solved by both, or why that is not known.

        Args:
            problems: As they are judged now.
            before: Completions of the one run that passed, by task.
            after: Those of the other.
        """
        for problem in solved_by_both(problems, before, after):
            sides = [self._distinct(problem, passing[problem.task_id]) for passing in (before, after)]
            yield problem.task_id, self._ratios(problem, *sides)

    def _distinct(self, problem: Problem, completions: Sequence[str]) -> dict[str, Program]:
        """The first programs that differ, by source."""
        found = {p.source: p for p in (Program.from_completion(completion, problem) for completion in completions)}
        return dict(islice(found.items(), self.most_programs))

    def _ratios(
        self, problem: Problem, before: Mapping[str, Program], after: Mapping[str, Program]
    ) -> CostRatios | NoCosts:
        """The programs of a run count as one, their median in each round."""
        if before.keys() == after.keys():
            return CostRatios(np.ones(self.settings.repetitions))
        programs = {**before, **after}
        costs = self._costs(problem, list(programs.values()))
        if isinstance(costs, NoCosts):
            return costs
        seconds = dict(zip(programs, costs.seconds, strict=True))
        old, new = (np.median([seconds[source] for source in own], axis=0) for own in (before, after))
        return CostRatios(old / new)

    def _costs(self, problem: Problem, programs: Sequence[Program]) -> Costs | NoCosts:
        if self.store is None:
            return self._measured(problem, programs)
        sources = [program.source for program in programs]
        method = (method_key(), judge_key(self.judge), vars(self.settings))
        key = content_key("costs", method, problem_key(problem), sources)
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
