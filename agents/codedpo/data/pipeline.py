"""All steps from problems to pairs, in a run folder: each can be run alone, and goes on where it was."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from agents.codedpo.data.data_card import write_data_card
from agents.codedpo.data.efficiency import task_costs
from agents.codedpo.data.error_spans import with_error_spans
from agents.codedpo.data.pairing import PairRules, PairSet, make_pairs, score
from agents.codedpo.data.pairs import PairKind, read_pairs, write_pairs
from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.scoring.costs import Costs, CostSettings, NoCosts
from agents.scoring.matrix import MATRIX_LIMITS, Matrix, MatrixJudge
from agents.scoring.task_samples import TaskSamples
from codegym import json_lines
from codegym.judge import Judge
from codegym.problem import Problem
from codegym.sandbox.limits import Limits
from codegym.store import Store

if TYPE_CHECKING:  # ranking samples that are in a file needs no torch
    from agents.policy.policy import LMPolicy
    from agents.rollout.episodes import Episodes

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Called with the step's name, the tasks that are done, and all tasks."""

SAMPLES, PAIRS, CACHE = "samples.jsonl", "pairs.jsonl", "cache.sqlite"
"""Names in a run folder."""
_OLD_CACHES = ("matrix", "costs.jsonl")  # what earlier versions kept cells and costs in


@dataclass(frozen=True, kw_only=True)
class PipelineSettings:
    """How pairs come about, step by step."""

    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    rules: PairRules = field(default_factory=PairRules)
    costs: CostSettings = field(default_factory=CostSettings)
    limits: Limits = MATRIX_LIMITS
    """Limits of one program against all tests of its task."""


@dataclass(frozen=True)
class PairPipeline:
    """Makes pairs and keeps what each step did in a folder.

    Args:
        folder: The run's folder; None keeps nothing.
        judge: Runs the programs.
        settings: How pairs come about.
        progress: Called with a step's progress.
    """

    folder: Path | None
    judge: Judge
    settings: PipelineSettings = field(default_factory=PipelineSettings)
    progress: Progress = lambda step, done, total: None

    def samples(
        self,
        episodes: Episodes,
        policy: LMPolicy,
        problems: Sequence[Problem] | None = None,
        *,
        seed: int = 0,
        source: str = "policy",
    ) -> list[TaskSamples]:
        """Lets a policy write programs and tests for an environment's problems, and makes the samples file.

        Args:
            episodes: Says what the policy is shown of each problem.
            policy: Writes the programs and the tests.
            problems: The problems to sample; all of the environment's without any.
            seed: Seed of the sampling.
            source: Name of the policy in the samples.
        """
        from agents.codedpo.data.sampling import TaskSampler
        from agents.rollout.sampler import Sampler

        chosen = episodes.problems if problems is None else problems
        settings = self.settings.sampling
        with self._store() as store:
            sampler = Sampler(policy=policy, sampling=settings.sampling(policy), seed=seed, store=store)
            tasks = TaskSampler(episodes=episodes, sampler=sampler, judge=self.judge, settings=settings, source=source)
            found = self._followed("sampling", tasks.sample(chosen), len(chosen))
        if self.folder is not None:
            json_lines.write(self.folder / SAMPLES, (task.to_row() for task in found))
        return found

    def from_samples(self, samples: Sequence[TaskSamples]) -> PairSet:
        """Judges samples and makes pairs of them; writes the pairs, their card and their picture."""
        return self.from_matrices(self.matrices(samples))

    def from_matrices(self, matrices: Sequence[Matrix]) -> PairSet:
        """Makes pairs of judged samples; writes the pairs, their card and their picture."""
        # Only these pairs read costs, for which programs run one at a time.
        costs = self.costs(matrices) if PairKind.EFFICIENCY in self.settings.rules.kinds else ()
        made = make_pairs(matrices, self.settings.rules, costs)
        # What the folder has already says where programs failed that are not run again for it.
        file = None if self.folder is None else self.folder / PAIRS
        known = read_pairs(file) if file is not None and file.exists() else ()
        pairs = with_error_spans(made.pairs, matrices, self.judge, self.settings.limits, known)
        made = replace(made, pairs=pairs)
        if self.folder is not None:
            write_pairs(self.folder / PAIRS, made.pairs)
            write_data_card(self.folder, made, matrices, self.settings.rules)
        return made

    def matrices(self, samples: Sequence[TaskSamples]) -> list[Matrix]:
        """Judges every program against every test of its task."""
        with self._store() as store:
            found = MatrixJudge(self.judge, store, self.settings.limits).fill(samples)
            return self._followed("matrix", found, len(samples))

    def costs(self, matrices: Sequence[Matrix]) -> list[Costs | NoCosts]:
        """Measures what the credible programs of each matrix cost, or says why not."""
        settings = self.settings
        with self._store() as store:
            found = (
                task_costs(matrix, score(matrix, settings.rules), self.judge, settings.costs, store)
                for matrix in matrices
            )
            return self._followed("costs", found, len(matrices))

    def _store(self) -> Store:
        if self.folder is None:
            return Store()
        old = [name for name in _OLD_CACHES if (self.folder / name).exists()]
        if old and not (self.folder / CACHE).exists():
            warnings.warn(
                f"{self.folder} holds {' and '.join(old)} of an earlier version, which this one does not read: it goes "
                "on from the samples and pairs, and judges and measures anew. Delete them when you like.",
                stacklevel=3,
            )
        return Store(self.folder / CACHE)

    def _followed(self, step: str, made: Iterable[T], total: int) -> list[T]:
        found: list[T] = []
        for one in made:
            found.append(one)
            self.progress(step, len(found), total)
        return found


def draw_problems(problems: Sequence[Problem], number: int, seed: int) -> Sequence[Problem]:
    """Draws some of the problems, in their order; the same ones for the same seed.

    Args:
        problems: All of them.
        number: How many; 0, or more than there are, takes all.
        seed: Seed of the draw.
    """
    if not 0 < number < len(problems):
        return problems
    # Sorted: a run reads its problems in the suite's order, as a run on all of them does.
    indices = np.random.default_rng(seed).choice(len(problems), number, replace=False)
    return [problems[index] for index in sorted(indices.tolist())]
