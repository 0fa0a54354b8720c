"""Programs and tests from a policy: programs through the environment, tests straight from the policy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.policy.policy import LMPolicy
from agents.policy.prompt_template import Task
from agents.rollout.episodes import Episodes
from agents.rollout.experience import Experience
from agents.rollout.rollout import Rollout
from agents.scoring.asserts import opening_of
from agents.scoring.journal import Journal
from agents.scoring.task_samples import TaskSamples, task_samples_of
from agents.training.checkpoint import open_checkpoint
from codegym.errors import DataError, InvalidSettingError
from codegym.problem import Problem

_AT_ONCE = 256
"""Completions written at a time: the most that a kill can take away."""


class Sampler:
    """Lets a policy write programs and tests for an environment's problems.

    The tasks go in portions; a portion's chance depends on the seed and the portion alone, so that a run that was
    killed goes on with what it would have written anyway.

    Args:
        stage: Where programs are handed in.
        policy: Who writes.
        settings: How much.
        path: A journal that keeps what was written; None keeps nothing.
        seed: Of everything that is drawn.
        source: Names the policy and its version; another name asks it anew.

    Raises:
        InvalidSettingError: If the environment does not say what its problems are.
    """

    def __init__(
        self,
        stage: Episodes,
        policy: LMPolicy,
        settings: SamplingSettings | None = None,
        *,
        path: str | Path | None = None,
        seed: int = 0,
        source: str = "policy",
    ) -> None:
        if not stage.problems:
            raise InvalidSettingError(
                "CodeDPO needs an environment that names its problems, such as gym.make('CodeSynthesis-v0'); "
                "for another one, sample yourself and give the pairs: CodeDPO(..., pairs=...)."
            )
        self.stage, self.policy, self.settings = stage, policy, settings or SamplingSettings()
        self.seed, self.source = seed, source
        self._journal = None if path is None else Journal(path)
        self._known = {row["key"]: row for row in self._journal.rows()} if self._journal is not None else {}

    def sample(self, problems: Sequence[Problem] | None = None) -> Iterator[TaskSamples]:
        """Yields what was written for each problem (all of the environment's without any), in order."""
        problems = self.stage.problems if problems is None else problems
        size = max(1, _AT_ONCE // max(self.settings.programs, self.settings.test_texts))
        for start in range(0, len(problems), size):
            yield from self._portion(problems[start : start + size])
        if self._journal is not None:
            self._journal.close()

    def with_tests(self, tasks: Sequence[TaskSamples], problems: Iterable[Problem]) -> list[TaskSamples]:
        """Adds tests to programs that come from elsewhere.

        Args:
            tasks: The programs.
            problems: Of those tasks.
        """
        by_id = {problem.task_id: problem for problem in problems}
        texts, opening = self._tests([by_id[task.task_id] for task in tasks], self._generator(["tests"]))
        return [
            replace(task, test_texts=own, test_opening=begun)
            for task, own, begun in zip(tasks, texts, opening, strict=True)
        ]

    def _portion(self, problems: Sequence[Problem]) -> list[TaskSamples]:
        task_ids = [problem.task_id for problem in problems]
        keys = [self._key(task_ids, task_id) for task_id in task_ids]
        if not all(key in self._known for key in keys):
            for key, task in zip(keys, self._written(problems, self._generator(task_ids)), strict=True):
                if key not in self._known:
                    self._known[key] = {"key": key, **task.to_row()}
                    if self._journal is not None:
                        self._journal.append(self._known[key])
        return [task_samples_of(self._known[key]) for key in keys]

    def _written(self, problems: Sequence[Problem], generator: torch.Generator) -> Iterator[TaskSamples]:
        rollout = Rollout(self.stage, self.policy, generator)
        asked = [problem.task_id for problem in problems for _ in range(self.settings.programs)]
        experiences = rollout.collect(asked, self.settings.sampling(self.policy), version=0)
        texts, openings = self._tests(problems, generator)
        for problem, own, opening in zip(problems, texts, openings, strict=True):
            written = [one for one in experiences if one.task_id == problem.task_id]
            yield replace(programs_of(problem, written, self.source), test_texts=own, test_opening=opening)

    def _tests(
        self, problems: Sequence[Problem], generator: torch.Generator
    ) -> tuple[list[tuple[str, ...]], list[str]]:
        prompts = [self.policy.task_text(Task.TESTS, problem.prompt) for problem in problems]
        number = self.settings.test_texts
        sampling = self.settings.sampling(self.policy)
        repeated = [prompt for prompt in prompts for _ in range(number)]
        written = dict(self.policy.stream(repeated, sampling, generator))
        texts = [written[place].text for place in range(len(repeated))]
        own = [tuple(texts[start : start + number]) for start in range(0, len(texts), number)]
        return own, [opening_of(prompt) for prompt in prompts]

    def _key(self, task_ids: Sequence[str], task_id: str) -> str:
        parts = [self.source, self.seed, asdict(self.settings), self.policy.max_new_tokens, list(task_ids), task_id]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]

    def _generator(self, names: Sequence[str]) -> torch.Generator:
        digest = hashlib.sha256(json.dumps(list(names)).encode()).digest()
        chance = np.random.SeedSequence([self.seed, int.from_bytes(digest[:8], "big")]).generate_state(1)[0]
        return torch.Generator().manual_seed(int(chance))


def programs_of(problem: Problem, experiences: Iterable[Experience], source: str) -> TaskSamples:
    """Returns the first turns' programs of one problem; what the machine failed to judge is left out.

    Whether a program is right comes from the environment's own tests; it is kept as a label, for studies.
    """
    kept = [one for one in experiences if one.turn == 0 and not one.infra_error]
    return TaskSamples(
        task_id=problem.task_id,
        prompt=kept[0].completion.prompt if kept else problem.prompt,
        completions=tuple(one.completion.text for one in kept),
        entry_point=problem.entry_point,
        starter_code=problem.starter_code,
        context=problem.context,
        labels=tuple(one.is_success for one in kept) if problem.tests else (),
        source=source,
    )


def rollout_samples(checkpoint: str | Path, problems: Iterable[Problem]) -> list[TaskSamples]:
    """Returns the programs that lie in an RLTF run's buffer, by task; they have no tests yet.

    Args:
        checkpoint: What ``RLTF.save`` wrote.
        problems: Of the run's environment.

    Raises:
        FileNotFoundError: If there is no such file.
        DataError: If it is no checkpoint of an RLTF run, or none of its programs belongs to these problems.
    """
    with open_checkpoint(checkpoint) as opened:
        if "buffer" not in opened.state:
            raise DataError(f"{checkpoint} holds a {opened.record.get('agent')} without a buffer of programs.")
        experiences = [Experience.from_dict(values) for values in opened.state["buffer"]]
    by_task: dict[str, list[Experience]] = {}
    for experience in experiences:
        by_task.setdefault(experience.task_id, []).append(experience)
    found = [
        programs_of(problem, by_task[problem.task_id], f"{checkpoint}")
        for problem in problems
        if problem.task_id in by_task
    ]
    if not found:
        raise DataError(f"{checkpoint} holds {len(experiences)} programs, none of them for the problems given.")
    return found
