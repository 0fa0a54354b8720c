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
from agents.scoring.costs import CostSettings, NoCosts, inputs_of, measured_costs
from codegym import Judge, Problem
from codegym.errors import InvalidSettingError
from codegym.program import Program
from codegym.store import Store

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
    store: Store = field(default_factory=Store)
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
            problems: The problems, with the tests of today.
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
        costs = measured_costs(
            problem, list(programs.values()), inputs_of(problem), self.judge, self.settings, self.store
        )
        if isinstance(costs, NoCosts):
            return costs
        seconds = dict(zip(programs, costs.seconds, strict=True))
        old, new = (np.median([seconds[source] for source in own], axis=0) for own in (before, after))
        return CostRatios(old / new)


def solved_by_both(
    problems: Sequence[Problem], before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> list[Problem]:
    """Returns the problems for which both runs have a program that passed."""
    return [problem for problem in problems if before.get(problem.task_id) and after.get(problem.task_id)]
