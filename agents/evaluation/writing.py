"""Programs that a policy writes for an evaluation: portion by portion, each with a generator of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from agents.evaluation.model_tests import ModelTests
from agents.evaluation.refine import refined_samples
from agents.evaluation.repair import repaired_samples
from agents.evaluation.samples import ProgramSample
from agents.policy.prompt_template import Task
from agents.rollout.sampler import MOST_AT_ONCE, Sampler
from agents.scoring.asserts import opening_of
from agents.scoring.problem_key import problem_key
from codegym import Judge, Problem

_PROGRAMS, _TESTS = 0, 1
"""Told apart in a portion's generator, so that programs do not depend on whether tests are written, too."""


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Lets a policy write n programs for each problem.

    What is written for a portion depends on the seed, on the portion's own prompts and on its index alone: a portion
    that is in the store is taken from there, and those after it stay what they would have been.
    """

    sampler: Sampler
    n: int
    turns: int = 1
    """Programs of an episode at most: above 1 public tests decide which programs are written anew."""
    rounds: int = 1
    """Rounds of writing: above 1 public tests decide which programs are gone on from and which are written anew."""
    judge: Judge | None = field(default=None, repr=False)
    """Runs the public tests; needed for more than one turn or round."""

    def programs(self, problems: Sequence[Problem]) -> Iterator[ProgramSample]:
        """Yields the programs problem by problem."""
        # More programs of one problem than fit at once: they are written in parts, one problem after another.
        if self.n > MOST_AT_ONCE:
            for problem in problems:
                for start in range(0, self.n, MOST_AT_ONCE):
                    yield from self._portion([problem], min(MOST_AT_ONCE, self.n - start), start)
            return
        size = max(1, MOST_AT_ONCE // self.n)
        for index, start in enumerate(range(0, len(problems), size)):
            yield from self._portion(problems[start : start + size], self.n, index)

    def tests(self, problems: Sequence[Problem], n: int) -> dict[str, ModelTests]:
        """Returns n texts with tests for each problem, by task."""
        size = max(1, MOST_AT_ONCE // n)
        found: dict[str, ModelTests] = {}
        for start in range(0, len(problems), size):
            portion = problems[start : start + size]
            prompts = [self.sampler.policy.task_text(Task.TESTS, problem.prompt) for problem in portion]
            # The draw names the portion: tests of other problems do not change when one is added at the end.
            (texts,) = self.sampler.write((prompts, n), draw=(start, _TESTS))
            for problem, prompt, own in zip(portion, prompts, texts, strict=True):
                found[problem.task_id] = ModelTests(texts=own, opening=opening_of(prompt))
        return found

    def _portion(self, problems: Sequence[Problem], n: int, index: int) -> Iterator[ProgramSample]:
        prompts = [self.sampler.policy.prompt_text(observation(problem)) for problem in problems]
        draw = (index, _PROGRAMS)
        if max(self.turns, self.rounds) == 1:
            (texts,) = self.sampler.write((prompts, n), draw=draw)
            for problem, own in zip(problems, texts, strict=True):
                yield from (ProgramSample(problem.task_id, text) for text in own)
            return
        settings = getattr(self.judge, "settings", None)
        if self.sampler.store is None or settings is None:  # only a plain judge says what its verdicts depend on
            yield from self._better(problems, n, self.sampler.generator(draw))
            return
        # What is repaired, and how, hangs on the verdicts.
        verdicts = (settings.verdict_key(), [problem_key(problem) for problem in problems])
        rows: list[Any] = self.sampler.kept(
            lambda: [
                [sample.task_id, sample.completion, sample.turn, sample.is_final]
                for sample in self._better(problems, n, self.sampler.generator(draw))
            ],
            *("repaired", self.turns, self.rounds, n, draw, prompts, verdicts),
        )
        for task_id, text, turn, is_final in rows:
            yield ProgramSample(task_id, text, turn=turn, is_final=is_final)

    def _better(self, problems: Sequence[Problem], n: int, generator: torch.Generator) -> list[ProgramSample]:
        policy, sampling, judge = self.sampler.policy, self.sampler.sampling, self.judge
        assert judge is not None, "repairing needs a judge"
        if self.rounds > 1:
            return refined_samples(
                policy, problems, judge, n=n, rounds=self.rounds, sampling=sampling, generator=generator
            )
        return repaired_samples(policy, problems, judge, n=n, turns=self.turns, sampling=sampling, generator=generator)


def observation(problem: Problem) -> dict[str, Any]:
    """What an agent sees of a problem before its first program."""
    return {"prompt": problem.prompt, "feedback": "", "turn": 0}
