"""Play episodes: policy -> completions -> environment -> experiences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np
import torch

from agents.engines.sampling import Sampling
from agents.policy.completion import Completion
from agents.policy.policy import LMPolicy
from agents.rollout.episodes import Observation, Outcome, Stage
from agents.rollout.experience import Experience


@dataclass
class Stopwatch:
    """Where a collection's time went, in seconds, and how many tokens it wrote."""

    generation: float = 0.0
    judging: float = 0.0
    tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class _Turn:
    task_id: str | None
    number: int
    completion: Completion
    outcome: Outcome


@dataclass
class Rollout:
    """Collects experiences from a stage.

    Args:
        stage: Where episodes are played.
        policy: Who plays.
        generator: The source of chance.
    """

    stage: Stage
    policy: LMPolicy
    generator: torch.Generator
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    def collect(self, task_ids: Sequence[str | None], sampling: Sampling, version: int) -> list[Experience]:
        """Plays one episode for each task, as many side by side as the stage holds.

        Args:
            task_ids: The problems, repeated for several completions of the same; None lets the environment choose.
            sampling: How completions are drawn.
            version: Of the policy, written into every experience.

        Returns:
            One experience for each turn of each episode, episode by episode.
        """
        experiences: list[Experience] = []
        for start in range(0, len(task_ids), self.stage.size):
            for episode in self._play(task_ids[start : start + self.stage.size], sampling):
                experiences += self._experiences(episode, version, sampling.greedy)
        return experiences

    def _play(self, task_ids: Sequence[str | None], sampling: Sampling) -> list[list[_Turn]]:
        observations = dict(enumerate(self.stage.reset(task_ids)))
        episodes: list[list[_Turn]] = [[] for _ in task_ids]
        while observations:
            written = self._write(observations, sampling)
            began = perf_counter()
            outcomes = self.stage.step({place: completion.text for place, completion in written.items()})
            self.stopwatch.judging += perf_counter() - began
            for place, outcome in outcomes.items():
                number = len(episodes[place])
                episodes[place].append(
                    _Turn(task_id=task_ids[place], number=number, completion=written[place], outcome=outcome)
                )
            observations = {place: outcome.observation for place, outcome in outcomes.items() if not outcome.done}
        return episodes

    def _write(self, observations: Mapping[int, Observation], sampling: Sampling) -> dict[int, Completion]:
        began = perf_counter()
        places = list(observations)
        prompts = [self.policy.prompt_text(observations[place]) for place in places]
        written: dict[int, Completion] = {}
        for index, completion in self.policy.stream(prompts, sampling, self.generator):
            written[places[index]] = completion
            self.stage.announce(places[index], completion.text)
        self.stopwatch.generation += perf_counter() - began
        self.stopwatch.tokens += sum(len(completion) for completion in written.values())
        return {place: written[place] for place in places}

    def _experiences(self, episode: Sequence[_Turn], version: int, greedy: bool) -> list[Experience]:
        experiences = [self._experience(turn, version, greedy) for turn in episode]
        future = 0.0
        for place in reversed(range(len(experiences))):
            experiences[place] = replace(experiences[place], future=future)
            future += experiences[place].reward
        return experiences

    def _experience(self, turn: _Turn, version: int, greedy: bool) -> Experience:
        """Everything comes from the environment's ``info``; an environment of another make pays one nameless reward."""
        info, completion = turn.outcome.info, turn.completion
        infra_error = bool(info.get("infra_error", False)) or bool(np.isnan(turn.outcome.reward))
        task_id = str(info.get("task_id", turn.task_id or completion.prompt))
        rewards: Mapping[str, float] = info.get("reward_components") or {"reward": turn.outcome.reward}
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
            feedback=str(turn.outcome.observation.get("feedback", "")),
            diagnostics=tuple(info.get("diagnostics", ())),
            tests=tuple(info.get("tests", ())),
        )
