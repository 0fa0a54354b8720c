"""What the passing programs of two runs cost, measured beside each other, and how much cheaper they have become.

The costs that the runs themselves saw are of the machine as it was then: between two days, or two quarters of an hour,
it changes by more than programs do, and no interval over problems knows of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self

import numpy as np

from agents.evaluation.bootstrap import Interval, bootstrap_mean
from agents.scoring.costs import CostSettings, FloatArray, NoCosts, inputs_of, measured_costs
from codegym import Judge, Problem
from codegym.errors import InvalidSettingError
from codegym.program import Program
from codegym.store import Store

_LEAST_ROUNDS = 7  # seven fair coins agree by chance once in 128: fewer rounds prove nothing
CHEAPER = 0.9
"""A program counts as cheaper at this share of the cost, or below: at least 10 % are saved."""
# With seven rounds only a unanimous result passes (1/128 is below 0.01, 8/128 is not).
LEVEL = 0.01
"""Significance level of the one-sided exact sign test on the rounds: a saving that noise often shows is none."""


@dataclass(frozen=True, eq=False)
class CostRatios:
    """A problem's programs before, compared with those after."""

    rounds: FloatArray
    """float[R], cost before / cost after: in a round all ran right after each other, and what slowed one slowed all."""

    @property
    def speed_up(self) -> float:
        """The median over rounds."""
        return float(np.median(self.rounds))

    @property
    def is_cheaper(self) -> bool:
        """Whether at least 10 % are saved, and not by chance: of seven rounds, that all say so."""
        # SciPy takes half a second to load, which the help of a command need not wait for.
        from scipy.stats import binomtest

        cheaper = int(np.sum(self.rounds > 1.0))
        p_value = float(binomtest(cheaper, len(self.rounds), 0.5, alternative="greater").pvalue)
        return self.speed_up >= 1.0 / CHEAPER and p_value <= LEVEL


@dataclass(frozen=True, kw_only=True)
class Efficiency:
    """Costs after, compared with costs before."""

    problems: int
    """Solved in both runs and measured."""
    speed_up: Interval
    """Geometric mean over problems of cost before / cost after: 1.25 is a quarter more work in the same time."""
    share_cheaper: Interval
    """Share of the problems where at least 10 % are saved, and not by chance."""

    @classmethod
    def of(cls, costs: Sequence[CostRatios], seed: int = 0) -> Self | None:
        """Sums up problems.

        Args:
            costs: Cost ratios of each problem.
            seed: Seed of the bootstrap.

        Returns:
            The comparison; None without problems.
        """
        if not costs:
            return None
        # A mean of logarithms: twice as fast on one problem and half as fast on another cancel out.
        logs = bootstrap_mean(np.log([one.speed_up for one in costs]), seed=seed)
        speed_up = Interval(*(float(np.exp(value)) for value in (logs.estimate, logs.low, logs.high)))
        cheaper = bootstrap_mean([one.is_cheaper for one in costs], seed=seed)
        return cls(problems=len(costs), speed_up=speed_up, share_cheaper=cheaper)

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain data."""
        intervals: Mapping[str, Interval] = {"speed_up": self.speed_up, "share_cheaper": self.share_cheaper}
        return {"problems": self.problems, **{name: vars(interval) for name, interval in intervals.items()}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes it from :meth:`to_dict`'s data."""
        speed_up, share_cheaper = (Interval(**values[name]) for name in ("speed_up", "share_cheaper"))
        return cls(problems=values["problems"], speed_up=speed_up, share_cheaper=share_cheaper)


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
        # The same programs cost the same; measuring them would only add noise around 1.
        if before.keys() == after.keys():
            return CostRatios(np.ones(self.settings.repetitions))
        programs = {**before, **after}
        costs = measured_costs(
            problem, list(programs.values()), inputs_of(problem), self.judge, self.settings, self.store
        )
        if isinstance(costs, NoCosts):
            return costs
        seconds = dict(zip(programs, costs.seconds, strict=True))
        # One median for each round and side, since rounds are compared with each other and sides may differ in size.
        old, new = (np.median([seconds[source] for source in own], axis=0) for own in (before, after))
        return CostRatios(old / new)


def solved_by_both(
    problems: Sequence[Problem], before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> list[Problem]:
    """Returns the problems for which both runs have a program that passed."""
    return [problem for problem in problems if before.get(problem.task_id) and after.get(problem.task_id)]
