"""Play episodes: policy -> completions -> environment -> experiences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isnan
from time import perf_counter

import torch

from agents.engines.sampling import Sampling
from agents.policy.completion import Completion
from agents.policy.policy import LMPolicy
from agents.rollout.episodes import Episodes, Observation, StepResult
from agents.rollout.experience import Experience


@dataclass
class Stopwatch:
    """Seconds that a collection spent on generation and on judging, and the number of tokens it wrote."""

    generation: float = 0.0
    judging: float = 0.0
    tokens: int = 0


@dataclass(frozen=True)
class _Turn:
    task_id: str | None
    number: int
    completion: Completion
    result: StepResult


@dataclass
class Rollout:
    """Plays episodes with a policy and collects the experiences.

    Args:
        episodes: The episodes to play.
        policy: The policy that writes the completions.
        generator: The generator that tokens are sampled with.
    """

    episodes: Episodes
    policy: LMPolicy
    generator: torch.Generator
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    def collect(self, task_ids: Sequence[str | None], sampling: Sampling, version: int) -> list[Experience]:
        """Plays one episode for each task, as many side by side as there may be.

        Args:
            task_ids: The problems, repeated for several completions of the same; None lets the environment choose.
            sampling: How completions are drawn.
            version: The policy's version, written into every experience.

        Returns:
            One experience for each turn of each episode, episode by episode.
        """
        experiences: list[Experience] = []
        size = self.episodes.size
        try:
            for start in range(0, len(task_ids), size):
                for turns in self._play(task_ids[start : start + size], sampling):
                    experiences += _experiences(turns, version, sampling.greedy)
        finally:
            # An interrupted rollout (Ctrl-C, no memory left) must not leave programs for the workers to run.
            self.episodes.abandon()
        return experiences

    def _play(self, task_ids: Sequence[str | None], sampling: Sampling) -> list[list[_Turn]]:
        observations = dict(enumerate(self.episodes.reset(task_ids)))
        turns: list[list[_Turn]] = [[] for _ in task_ids]
        while observations:
            written = self._write(observations, sampling)
            began = perf_counter()
            results = self.episodes.step()
            self.stopwatch.judging += perf_counter() - began
            # In the order of the observations: completions end in any order, and experiences must not depend on it.
            for index in observations:
                turn = _Turn(task_ids[index], len(turns[index]), written[index], results[index])
                turns[index].append(turn)
            observations = {i: results[i].observation for i in observations if not results[i].done}
        return turns

    def _write(self, observations: Mapping[int, Observation], sampling: Sampling) -> dict[int, Completion]:
        began = perf_counter()
        indices = list(observations)
        # All prompts of a turn in one call: equal ones go through the model once.
        prompts = [self.policy.prompt_text(observations[index]) for index in indices]
        written: dict[int, Completion] = {}
        # As each ends, not when all have: short completions are judged while long ones are still being written.
        for number, completion in self.policy.stream(prompts, sampling, self.generator):
            written[indices[number]] = completion
            self.episodes.submit(indices[number], completion.text)
        self.stopwatch.generation += perf_counter() - began
        self.stopwatch.tokens += sum(len(completion) for completion in written.values())
        return written


def _experiences(turns: Sequence[_Turn], version: int, greedy: bool) -> list[Experience]:
    experiences = [_experience(turn, version, greedy) for turn in turns]
    # From the last turn backwards: each turn is followed by the sum of the later rewards, NaN included.
    future = 0.0
    for number in reversed(range(len(experiences))):
        experiences[number] = replace(experiences[number], future=future)
        future += experiences[number].reward
    return experiences


def _experience(turn: _Turn, version: int, greedy: bool) -> Experience:
    """Reads the environment's ``info``, of which a third-party environment may give nothing."""
    info, completion, reward = turn.result.info, turn.completion, turn.result.reward
    infra_error = bool(info.get("infra_error", False)) or isnan(reward)
    # Where no problem is named the prompt stands for it, so that completions of one prompt are still a group.
    task_id = str(info.get("task_id", turn.task_id or completion.prompt))
    # Third-party environments pay a single unnamed reward.
    rewards: Mapping[str, float] = info.get("reward_components") or {"reward": reward}
    return Experience(
        completion=completion,
        task_id=task_id,
        turn=turn.number,
        version=version,
        group=f"{version}/{turn.number}/{task_id}",
        rewards={} if infra_error else dict(rewards),
        verdict=str(info.get("verdict", "")),
        kind=str(info.get("kind", "")),
        scope=str(info.get("scope", "")),
        pass_rate=float(info.get("pass_rate", 0.0)),
        passed=tuple(test["status"] == "pass" for test in info.get("tests", ())),
        is_success=bool(info.get("is_success", False)),
        infra_error=infra_error,
        is_greedy=greedy,
        feedback=str(turn.result.observation.get("feedback", "")),
        diagnostics=tuple(info.get("diagnostics", ())),
        tests=tuple(info.get("tests", ())),
    )
