"""Programs that a policy writes for an evaluation: portion by portion, each with chance of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
import torch

from agents.engines.sampling import Sampling
from agents.evaluation.model_tests import ModelTests
from agents.evaluation.refine import refined_samples
from agents.evaluation.repair import repaired_samples
from agents.evaluation.samples import ProgramSample
from agents.evaluation.store import Store, content_key, judge_key, problem_key
from agents.policy.policy import LMPolicy
from agents.policy.prompt_template import Task
from agents.scoring.asserts import opening_of
from codegym import Judge, Problem

_AT_ONCE = 256
"""Programs (or episodes) written at a time: the most that a kill can take away."""


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Lets a policy write n programs for each problem.

    A portion's chance depends on the seed, on the portion's own prompts and on its place alone: a portion that is in
    the store is taken from there, and those after it stay what they would have been.
    """

    policy: LMPolicy
    sampling: Sampling
    n: int
    seed: int = 0
    store: Store | None = None
    turns: int = 1
    """Programs of an episode at most: above 1 public tests decide which programs are written anew."""
    rounds: int = 1
    """Rounds of writing: above 1 public tests decide which programs are gone on from and which are written anew."""
    judge: Judge | None = field(default=None, repr=False)
    """Runs the public tests; needed for more than one turn or round."""

    def programs(self, problems: Sequence[Problem]) -> Iterator[ProgramSample]:
        """Yields the programs problem by problem."""
        per_portion = max(1, _AT_ONCE // self.n)
        if self.n > _AT_ONCE:
            for problem in problems:
                for start in range(0, self.n, _AT_ONCE):
                    yield from self._portion([problem], min(_AT_ONCE, self.n - start), start)
            return
        remaining = iter(problems)
        place = 0
        while portion := list(islice(remaining, per_portion)):
            yield from self._portion(portion, self.n, place)
            place += 1

    def tests(self, problems: Sequence[Problem], n: int) -> dict[str, ModelTests]:
        """Returns n texts with tests for each problem, by task."""
        per_portion = max(1, _AT_ONCE // n)
        found: dict[str, ModelTests] = {}
        for start in range(0, len(problems), per_portion):
            portion = problems[start : start + per_portion]
            prompts = [self.policy.task_text(Task.TESTS, problem.prompt) for problem in portion]
            texts = self._kept(("tests", n, start, prompts), lambda p=prompts, s=start: self._texts(p, n, s))  # type: ignore[misc]
            for place, (problem, prompt) in enumerate(zip(portion, prompts, strict=True)):
                own = tuple(texts[place * n : (place + 1) * n])
                found[problem.task_id] = ModelTests(texts=own, opening=opening_of(prompt))
        return found

    def _texts(self, prompts: Sequence[str], n: int, place: int) -> list[str]:
        repeated = [prompt for prompt in prompts for _ in range(n)]
        written = dict(self.policy.stream(repeated, self.sampling, self._chance(place, 1)))
        return [written[index].text for index in range(len(repeated))]

    def _portion(self, problems: Sequence[Problem], n: int, place: int) -> Iterable[ProgramSample]:
        prompts = [self.policy.prompt_text(observation(problem)) for problem in problems]
        parts: tuple[Any, ...] = ("programs", n, place, [p.task_id for p in problems], prompts)
        if self.rounds > 1:
            parts += ("rounds", self.rounds)
        if max(self.turns, self.rounds) > 1 and self.judge is not None:  # what is repaired, and how, hangs on verdicts
            parts += (judge_key(self.judge), [problem_key(problem) for problem in problems])
        rows = self._kept(
            parts,
            lambda: [
                [sample.task_id, sample.completion, sample.turn, sample.is_final]
                for sample in self._written(problems, prompts, n, self._chance(place, 0))
            ],
        )
        return [ProgramSample(task_id, text, turn=turn, is_final=final) for task_id, text, turn, final in rows]

    def _written(
        self, problems: Sequence[Problem], prompts: Sequence[str], n: int, generator: torch.Generator
    ) -> Iterator[ProgramSample]:
        chance: dict[str, Any] = {"n": n, "sampling": self.sampling, "generator": generator}
        if self.rounds > 1:
            assert self.judge is not None
            yield from refined_samples(self.policy, problems, self.judge, rounds=self.rounds, **chance)
            return
        if self.turns > 1:
            assert self.judge is not None
            yield from repaired_samples(self.policy, problems, self.judge, turns=self.turns, **chance)
            return
        asked = [(problem.task_id, prompt) for problem, prompt in zip(problems, prompts, strict=True) for _ in range(n)]
        completions = dict(self.policy.stream([prompt for _, prompt in asked], self.sampling, generator))
        for place, (task_id, _) in enumerate(asked):
            yield ProgramSample(task_id, completions[place].text)

    def _kept(self, parts: tuple[Any, ...], write: Callable[[], list[Any]]) -> list[Any]:
        """What is in the store under these parts; else what is written now, and put there."""
        if self.store is None:
            return write()
        key = content_key(self._key, *parts)
        rows: list[Any] | None = self.store.get(key)
        if rows is None:
            rows = write()
            self.store.put({key: rows})
        return rows

    def _chance(self, place: int, what: int) -> torch.Generator:
        """A portion's own source of chance."""
        seed = np.random.SeedSequence([self.seed, place, what]).generate_state(1)[0]
        return torch.Generator().manual_seed(int(seed))

    @cached_property
    def _key(self) -> str:
        fingerprint = "" if self.store is None else self.policy.fingerprint()
        return content_key(fingerprint, sorted(asdict(self.sampling).items()), self.seed, self.turns)


def observation(problem: Problem) -> dict[str, Any]:
    """What an agent sees of a problem before its first program."""
    return {"prompt": problem.prompt, "feedback": "", "turn": 0}
