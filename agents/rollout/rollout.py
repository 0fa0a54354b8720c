"""Play episodes: policy -> completions -> environment -> experiences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.engines.generation import Sampling
from agents.policy.completion import Completion
from agents.policy.policy import LMPolicy
from agents.rollout.episodes import Observation, Outcome, Stage
from agents.rollout.experience import Experience
from agents.rollout.unexecuted import unreached_tokens
from codegym.feedback.diagnostic import Source
from codegym.feedback.feedback import Feedback
from codegym.feedback.kind import Scope
from codegym.feedback.token_spans import token_spans


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


class Places(StrEnum):
    """Which places of the diagnostics count."""

    LINES = "lines"
    """Where an error certainly is, as whole lines (the paper's)."""
    CERTAIN = "certain"
    """Where an error certainly is, to the character."""
    SUSPECTED = "suspected"
    """Also the places that are suspected of a wrong answer, each by its score."""


@dataclass
class Rollout:
    """Collects experiences from a stage.

    Args:
        stage: Where episodes are played.
        policy: Who plays.
        generator: The source of chance.
        places: Which places of the diagnostics become an experience's span.
        coverage: Note which tokens no test ran; needs a judge that traces programs.
    """

    stage: Stage
    policy: LMPolicy
    generator: torch.Generator
    places: Places = Places.CERTAIN
    coverage: bool = False
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
            span=failing_span(info, completion, self.places),
            unreached=self._unreached(turn.outcome.feedback, completion),
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

    def _unreached(self, feedback: Feedback | None, completion: Completion) -> NDArray[np.bool_]:
        if not self.coverage or feedback is None:
            return np.zeros(0, np.bool_)
        return unreached_tokens(feedback, completion)


def failing_span(info: Mapping[str, Any], completion: Completion, places: Places) -> NDArray[np.float32]:
    """How much each token belongs to the failing place, as the environment's diagnostics say.

    Args:
        info: Of the step that judged the completion.
        completion: With its tokens' character offsets.
        places: Which of them count.

    Returns:
        float32[T]: ones where the whole program failed, zeros where there is no usable place.
    """
    placed = [d for d in info.get("diagnostics", ()) if d["scope"] == Scope.LINE and d["source"] != Source.LINT]
    suspected = [d for d in placed if d["source"] in (Source.SPECTRUM, Source.DIVERGENCE)]
    certain = [d for d in placed if d not in suspected and d["start"] >= 0]
    if info.get("scope") == Scope.GLOBAL or (suspected and not certain):  # a wrong answer: nobody certainly did it
        if places is Places.SUSPECTED and suspected:
            return token_spans(suspected, completion.offsets)
        return np.ones(len(completion), np.float32)
    return token_spans(certain, completion.offsets, completion.text if places is Places.LINES else None)
