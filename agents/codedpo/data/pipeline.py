"""All stages from problems to pairs, in a run folder: each can be run alone, and goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from agents.codedpo.data.data_card import write_data_card
from agents.codedpo.data.efficiency import CostStore
from agents.codedpo.data.error_spans import with_error_places
from agents.codedpo.data.pairing import PairRules, PairSet, make_pairs, score
from agents.codedpo.data.pairs import PairKind, Preference, read_pairs, write_pairs
from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.scoring.costs import Costs, CostSettings, NoCosts
from agents.scoring.matrix import MATRIX_LIMITS, Matrix, MatrixStore
from agents.scoring.task_samples import TaskSamples
from codegym.judge import Judge
from codegym.problem import Problem
from codegym.sandbox.limits import Limits

if TYPE_CHECKING:  # ranking samples that are in a file needs no torch
    from agents.policy.policy import LMPolicy
    from agents.rollout.episodes import Episodes

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, the tasks that are done, and all tasks."""

SAMPLES, MATRIX, COSTS, PAIRS = "samples.jsonl", "matrix", "costs.jsonl", "pairs.jsonl"
"""Names in a run folder."""


@dataclass(frozen=True, kw_only=True)
class PreparationSettings:
    """How pairs come about, stage by stage."""

    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    rules: PairRules = field(default_factory=PairRules)
    costs: CostSettings = field(default_factory=CostSettings)
    limits: Limits = MATRIX_LIMITS
    """Of one program against all tests of its task."""


@dataclass(frozen=True)
class Preparation:
    """Makes pairs and keeps what each stage did in a folder.

    Args:
        folder: Of the run; None keeps nothing.
        judge: Runs the programs.
        settings: How pairs come about.
        progress: Is told how far it is.
    """

    folder: Path | None
    judge: Judge
    settings: PreparationSettings = field(default_factory=PreparationSettings)
    progress: Progress = lambda stage, done, total: None

    def from_policy(
        self,
        stage: Episodes,
        policy: LMPolicy,
        problems: Sequence[Problem] | None = None,
        *,
        seed: int = 0,
        source: str = "policy",
    ) -> PairSet:
        """Lets a policy write programs and tests for an environment's problems, and makes pairs of them.

        Args:
            stage: Where programs are handed in.
            policy: Who writes.
            problems: Which; all of the environment's without any.
            seed: Of everything that is drawn.
            source: Names the policy and its version in the folder's files; another name asks it anew.
        """
        return self.from_samples(self.samples(stage, policy, problems, seed=seed, source=source))

    def samples(
        self,
        stage: Episodes,
        policy: LMPolicy,
        problems: Sequence[Problem] | None = None,
        *,
        seed: int = 0,
        source: str = "policy",
    ) -> list[TaskSamples]:
        """Lets a policy write programs and tests; arguments as in :meth:`from_policy`."""
        from agents.codedpo.data.sampling import Sampler

        chosen = stage.problems if problems is None else problems
        sampler = Sampler(stage, policy, self.settings.sampling, path=self._place(SAMPLES), seed=seed, source=source)
        return self._followed("sampling", sampler.sample(chosen), len(chosen))

    def from_samples(self, samples: Sequence[TaskSamples]) -> PairSet:
        """Judges samples and makes pairs of them; writes the pairs, their card and their picture."""
        return self.from_matrices(self.matrices(samples))

    def from_matrices(self, matrices: Sequence[Matrix]) -> PairSet:
        """Makes pairs of judged samples; writes the pairs, their card and their picture."""
        costs = self.costs(matrices) if PairKind.EFFICIENCY in self.settings.rules.kinds else ()
        made = make_pairs(matrices, self.settings.rules, costs)
        pairs = with_error_places(made.pairs, matrices, self.judge, self.settings.limits, self._pairs_before())
        made = replace(made, pairs=pairs)
        if self.folder is not None:
            write_pairs(self.folder / PAIRS, made.pairs)
            write_data_card(self.folder, made, matrices, self.settings.rules)
        return made

    def matrices(self, samples: Sequence[TaskSamples]) -> list[Matrix]:
        """Judges every program against every test of its task."""
        store = MatrixStore(self._place(MATRIX), self.judge, self.settings.limits)
        return self._followed("matrix", store.fill(samples), len(samples))

    def costs(self, matrices: Sequence[Matrix]) -> list[Costs | NoCosts]:
        """Measures what the credible programs of each matrix cost, or says why not."""
        store = CostStore(self._place(COSTS), self.judge, self.settings.costs)
        judged = [(matrix, score(matrix, self.settings.rules)) for matrix in matrices]
        return [costs for _, costs in self._followed("costs", store.measure(judged), len(judged))]

    def _followed(self, stage: str, made: Iterable[T], total: int) -> list[T]:
        found: list[T] = []
        for one in made:
            found.append(one)
            self.progress(stage, len(found), total)
        return found

    def _pairs_before(self) -> list[Preference]:
        """The pairs that the folder holds already: nothing is done twice."""
        file = self._place(PAIRS)
        return [] if file is None or not file.exists() else read_pairs(file)

    def _place(self, name: str) -> Path | None:
        return None if self.folder is None else self.folder / name


def draw_problems(problems: Sequence[Problem], number: int, seed: int) -> Sequence[Problem]:
    """Draws some of the problems, in their order; the same ones for the same seed.

    Args:
        problems: All of them.
        number: How many; 0, or more than there are, takes all.
        seed: Of the draw.
    """
    if not 0 < number < len(problems):
        return problems
    places = np.random.default_rng(seed).choice(len(problems), number, replace=False)
    return [problems[place] for place in sorted(places.tolist())]
