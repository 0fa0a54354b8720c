"""The samples of tasks: programs and tests that a policy writes, or programs out of an RLTF run's buffer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.policy.prompt_template import Task
from agents.rollout.episodes import Episodes
from agents.rollout.experience import Experience
from agents.rollout.sampler import MOST_AT_ONCE, Sampler
from agents.scoring.asserts import opening_of
from agents.scoring.problem_key import problem_key
from agents.scoring.task_samples import TaskSamples
from agents.training.checkpoint import open_checkpoint
from codegym.errors import DataError, InvalidSettingError
from codegym.feedback.verdict import Verdict
from codegym.judge import Judge
from codegym.problem import Problem
from codegym.store import content_key


@dataclass(frozen=True, kw_only=True)
class TaskSampler:
    """Lets a policy write programs and tests for an environment's problems.

    Raises:
        InvalidSettingError: If the environment does not say what its problems are.
    """

    episodes: Episodes
    """Says what the policy is shown of each problem."""
    sampler: Sampler
    judge: Judge
    """Runs the problems' own tests, which label the programs: only studies of rankings look at these labels."""
    settings: SamplingSettings
    source: str = "policy"
    """Name of the policy in the samples."""

    def __post_init__(self) -> None:
        if not self.episodes.problems:
            raise InvalidSettingError(
                "CodeDPO needs an environment that names its problems, such as gym.make('CodeSynthesis-v0'); "
                "for another one, sample yourself and give the pairs: CodeDPO(..., pairs=...)."
            )

    def sample(self, problems: Sequence[Problem] | None = None) -> Iterator[TaskSamples]:
        """Yields what was written for each problem (all of the environment's without any), in order."""
        problems = self.episodes.problems if problems is None else problems
        size = max(1, MOST_AT_ONCE // max(self.settings.programs, self.settings.test_texts))
        for start in range(0, len(problems), size):
            yield from self._portion(problems[start : start + size])

    def with_tests(self, tasks: Sequence[TaskSamples], problems: Iterable[Problem]) -> list[TaskSamples]:
        """Adds tests to programs that come from elsewhere.

        Args:
            tasks: Programs of each task.
            problems: The problems of those tasks.
        """
        by_id = {problem.task_id: problem for problem in problems}
        prompts = self._test_prompts([by_id[task.task_id] for task in tasks])
        (tests,) = self.sampler.write((prompts, self.settings.test_texts), draw=_draw(["tests"]))
        return [
            replace(task, test_texts=texts, test_opening=opening_of(prompt))
            for task, texts, prompt in zip(tasks, tests, prompts, strict=True)
        ]

    def _portion(self, problems: Sequence[Problem]) -> Iterator[TaskSamples]:
        task_ids = [problem.task_id for problem in problems]
        prompts = [self.sampler.policy.prompt_text(shown) for shown in self._observations(task_ids)]
        test_prompts = self._test_prompts(problems)
        settings = self.settings
        programs, tests = self.sampler.write(
            (prompts, settings.programs), (test_prompts, settings.test_texts), draw=_draw(task_ids)
        )
        for problem, prompt, test_prompt, completions, texts, labels in zip(
            problems, prompts, test_prompts, programs, tests, self._labels(problems, programs), strict=True
        ):
            judged = [(text, label) for text, label in zip(completions, labels, strict=True) if label is not None]
            yield TaskSamples(
                task_id=problem.task_id,
                prompt=prompt,
                completions=tuple(text for text, _ in judged),
                test_texts=texts,
                test_opening=opening_of(test_prompt),
                entry_point=problem.entry_point,
                starter_code=problem.starter_code,
                context=problem.context,
                labels=tuple(label for _, label in judged) if problem.tests else (),
                source=self.source,
            )

    def _observations(self, task_ids: Sequence[str]) -> Iterator[dict[str, object]]:
        # The environment is asked, not the problem: a wrapper may show the policy something else.
        for start in range(0, len(task_ids), self.episodes.size):
            yield from self.episodes.reset(task_ids[start : start + self.episodes.size])

    def _test_prompts(self, problems: Sequence[Problem]) -> list[str]:
        return [self.sampler.policy.task_text(Task.TESTS, problem.prompt) for problem in problems]

    def _labels(self, problems: Sequence[Problem], programs: Sequence[Sequence[str]]) -> list[list[bool | None]]:
        """Whether each program is right; None where the machine failed: such a program is left out."""
        # Labels are kept for whole portions, under all that they depend on.
        key = content_key("labels", self.judge.settings.verdict_key(), list(map(problem_key, problems)), programs)
        store = self.sampler.store
        labels: list[list[bool | None]] | None = None if store is None else store.get(key)
        if labels is None:
            labels = list(self._judged(problems, programs))
            if store is not None and not any(None in own for own in labels):
                store.put({key: labels})
        return labels

    def _judged(self, problems: Sequence[Problem], programs: Sequence[Sequence[str]]) -> Iterator[list[bool | None]]:
        written = list(zip(problems, programs, strict=True))
        pairs = [(problem, text) for problem, own in written if problem.tests for text in own]
        verdicts = iter([feedback.verdict for feedback in self.judge.judge_many(pairs)])
        for problem, own in written:
            found = [next(verdicts) if problem.tests else Verdict.UNJUDGED for _ in own]
            yield [None if verdict is Verdict.INFRA_ERROR else verdict is Verdict.PASS for verdict in found]


def rollout_samples(checkpoint: str | Path, problems: Iterable[Problem]) -> list[TaskSamples]:
    """Returns the programs that lie in an RLTF run's buffer, by task; they have no tests yet.

    Args:
        checkpoint: What ``RLTF.save`` wrote.
        problems: The problems of the run's environment.

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
        _programs_of(problem, by_task[problem.task_id], f"{checkpoint}")
        for problem in problems
        if problem.task_id in by_task
    ]
    if not found:
        raise DataError(f"{checkpoint} holds {len(experiences)} programs, none of them for the problems given.")
    return found


def _programs_of(problem: Problem, experiences: Iterable[Experience], source: str) -> TaskSamples:
    """The first turns' programs of one problem; what the machine failed to judge is left out."""
    # Later turns answer another prompt, with feedback in it.
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


def _draw(names: Sequence[str]) -> tuple[int]:
    """The number of a portion's generator: that of its tasks, so that other tasks beside it change nothing."""
    digest = hashlib.sha256(json.dumps(list(names)).encode()).digest()
    return (int.from_bytes(digest[:8], "big"),)
