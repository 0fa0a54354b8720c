"""Which problems to ask next: those of the difficulties at which some programs pass and some fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from agents.rollout.experience import Experience
from codegym.problem import Problem

_MEMORY = 0.9
"""How much of a difficulty's success rate is kept when a collection brings new programs of it."""
_FLOOR = 0.02
"""Weight of a difficulty at which everything passes, or nothing: it is asked now and then, since that changes."""


class Curriculum:
    """Draws problems with a weight of ``p (1 - p)``, p the success rate at the problem's difficulty.

    A group of programs that all pass, or all fail, teaches nothing by comparison; p (1 - p) is what a comparison can
    teach. Rates belong to difficulties and not to problems: a large suite asks most of its problems only once.

    Args:
        problems: What may be asked.
        is_uniform: Draw every problem alike instead.
    """

    def __init__(self, problems: Sequence[Problem], is_uniform: bool = False) -> None:
        self._task_ids = [problem.task_id for problem in problems]
        self._difficulty = {problem.task_id: problem.difficulty or "" for problem in problems}
        self._is_uniform = is_uniform
        self.rates: dict[str, float] = {}
        """Success rate by difficulty; one that was never asked counts as a half."""

    def choose(self, number: int, rng: np.random.Generator) -> list[str]:
        """Draws distinct tasks, or with repetition when there are not enough."""
        weights = np.array([self._weight(self._difficulty[task_id]) for task_id in self._task_ids])
        size = len(self._task_ids)
        chosen = rng.choice(size, size=number, replace=number > size, p=weights / weights.sum())
        return [self._task_ids[place] for place in chosen.tolist()]

    def learn(self, experiences: Sequence[Experience]) -> None:
        """Takes note of how a collection went."""
        passed: dict[str, list[bool]] = {}
        for experience in experiences:
            if experience.task_id in self._difficulty and not experience.infra_error and experience.turn == 0:
                passed.setdefault(self._difficulty[experience.task_id], []).append(experience.is_success)
        for difficulty, flags in passed.items():
            rate = float(np.mean(flags))
            before = self.rates.get(difficulty)
            self.rates[difficulty] = rate if before is None else _MEMORY * before + (1 - _MEMORY) * rate

    def restore(self, rates: Mapping[str, float]) -> None:
        """Goes on with rates that were learned before."""
        self.rates = dict(rates)

    def _weight(self, difficulty: str) -> float:
        if self._is_uniform:
            return 1.0
        rate = self.rates.get(difficulty, 0.5)
        return rate * (1 - rate) + _FLOOR
