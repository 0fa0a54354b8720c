"""Where episodes are played: any Gymnasium environment, seen as a number of episodes side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker

from agents.rollout.async_judge import EagerJudge
from codegym.diagnosis import DiagnosingJudge
from codegym.env import CodeSynthesisEnv
from codegym.errors import InfrastructureError
from codegym.feedback.feedback import Feedback
from codegym.judge import Judge
from codegym.problem import Problem
from codegym.rules import JudgeProtocol
from codegym.vector import CodeSynthesisVectorEnv

Observation = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What one step of one episode gave."""

    observation: Observation
    reward: float
    done: bool
    info: dict[str, Any]
    feedback: Feedback | None = field(default=None, compare=False)
    """Everything that the judge said, where the environment is one of ours: measured times and executed lines too."""


class Stage(Protocol):
    """Episodes side by side."""

    size: int
    """How many at most."""
    problems: Sequence[Problem]
    """What may be asked, empty where the environment does not say."""

    def reset(self, task_ids: Sequence[str | None]) -> list[Observation]:
        """Starts one episode for each of at most ``size`` tasks (None: the environment chooses)."""
        ...

    def announce(self, place: int, completion: str) -> None:
        """Says what the next step will hand in at this place, so that judging may begin."""
        ...

    def step(self, completions: Mapping[int, str]) -> dict[int, Outcome]:
        """Hands in the completions of some of the episodes that are not over, by their place."""
        ...


def make_stage(env: gym.Env[Any, Any] | VectorEnv[Any, Any, Any]) -> Stage:
    """Sees an environment as a stage.

    A ``CodeSynthesisEnv``, single or batch, becomes a batch of whatever size is asked for that shares its problems,
    judge and reward. Every other environment, one of ours in wrappers of yours included, is stepped as it is.

    Raises:
        TypeError: If it is no Gymnasium environment.
    """
    if isinstance(env, VectorEnv):
        core = env.unwrapped
        return BatchStage(core) if env is core and isinstance(core, CodeSynthesisVectorEnv) else VectorStage(env)
    if isinstance(env, gym.Env):
        inner: gym.Env[Any, Any] = env
        while isinstance(inner, OrderEnforcing | PassiveEnvChecker):  # what gym.make adds: they change nothing
            inner = inner.env
        return BatchStage(inner) if isinstance(inner, CodeSynthesisEnv) else SingleStage(env)
    raise TypeError(
        f"expected a gymnasium.Env or VectorEnv, such as gym.make('CodeSynthesis-v0'), got {type(env).__name__}."
    )


class VectorStage:
    """A vector environment, stepped as it is; episodes that are over wait with empty completions for the rest."""

    def __init__(self, envs: VectorEnv[Any, Any, Any]) -> None:
        self.size = envs.num_envs
        self.problems: Sequence[Problem] = getattr(envs.unwrapped, "problems", ())
        self._envs = envs
        self._by_mask = envs.metadata.get("autoreset_mode") == AutoresetMode.DISABLED
        self._over = np.zeros(envs.num_envs, bool)

    def reset(self, task_ids: Sequence[str | None]) -> list[Observation]:
        """Starts all sub-environments; those beyond the tasks are never stepped with anything."""
        tasks = [*task_ids, *[None] * (self.size - len(task_ids))]
        observations, _ = self._envs.reset(options={"task_id": tasks} if self.problems else None)
        self._over = np.arange(self.size) >= len(task_ids)
        return [_row(observations, place) for place in range(len(task_ids))]

    def announce(self, place: int, completion: str) -> None:
        """Does nothing: the environment is only ever stepped."""

    def step(self, completions: Mapping[int, str]) -> dict[int, Outcome]:
        """Judges the completions together."""
        if self._by_mask and self._over.any():
            self._envs.reset(options={"reset_mask": self._over.copy()})
        actions = [completions.get(place, "") for place in range(self.size)]
        observations, rewards, ended, cut, infos = self._envs.step(actions)
        core = self._envs.unwrapped
        feedback = core.last_feedback if isinstance(core, CodeSynthesisVectorEnv) else (None,) * self.size
        outcomes = {}
        for place in completions:
            done = bool(ended[place] or cut[place])
            final = done and "final_info" in infos and bool(infos["_final_info"][place])
            outcomes[place] = Outcome(
                _row(observations, place) if not final else dict(infos["final_obs"][place]),
                float(rewards[place]),
                done,
                _info(infos["final_info"] if final else infos, place),
                feedback[place],
            )
            self._over[place] = done
        return outcomes


class BatchStage:
    """A batch of any size with the problems, the judge and the reward of an environment."""

    size = 1 << 16

    def __init__(self, env: CodeSynthesisEnv | CodeSynthesisVectorEnv) -> None:
        self.problems: Sequence[Problem] = env.problems
        self._env = env
        self._eager, self._judge = _eager(env.judge)
        self._batches: dict[int, CodeSynthesisVectorEnv] = {}
        self._batch: CodeSynthesisVectorEnv | None = None
        self._stage: VectorStage | None = None

    def reset(self, task_ids: Sequence[str | None]) -> list[Observation]:
        """Starts as many episodes as there are tasks."""
        number, env = len(task_ids), self._env
        if number not in self._batches:
            self._batches[number] = CodeSynthesisVectorEnv(
                env.problems,
                number,
                max_turns=env.max_turns,
                reward=env.reward,
                judge=self._judge,
                autoreset_mode=AutoresetMode.DISABLED,
            )
        self._batch = self._batches[number]
        self._stage = VectorStage(self._batch)
        return self._stage.reset(task_ids)

    def announce(self, place: int, completion: str) -> None:
        """Begins to judge."""
        if self._eager is not None and self._batch is not None:
            self._eager.begin(self._batch.current_problems[place], completion)

    def step(self, completions: Mapping[int, str]) -> dict[int, Outcome]:
        """Judges the completions together."""
        assert self._stage is not None, "step before reset"
        return self._stage.step(completions)


class SingleStage:
    """A single environment, stepped as it is: one episode at a time."""

    size = 1

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        self.problems: Sequence[Problem] = getattr(env.unwrapped, "problems", ())
        self._env = env

    def reset(self, task_ids: Sequence[str | None]) -> list[Observation]:
        """Starts the one episode."""
        (task_id,) = task_ids
        observation, _ = self._env.reset(options={"task_id": task_id} if self.problems and task_id else None)
        return [observation]

    def announce(self, place: int, completion: str) -> None:
        """Does nothing: the environment is only ever stepped."""

    def step(self, completions: Mapping[int, str]) -> dict[int, Outcome]:
        """Judges the one completion; where the machine fails, the episode ends and says so."""
        try:
            observation, reward, ended, cut, info = self._env.step(completions[0])
        except InfrastructureError:
            return {0: Outcome({}, float("nan"), True, {"infra_error": True})}
        core = self._env.unwrapped
        feedback = core.last_feedback if isinstance(core, CodeSynthesisEnv) else None
        return {0: Outcome(observation, float(reward), ended or cut, info, feedback)}


def _eager(judge: JudgeProtocol) -> tuple[EagerJudge | None, JudgeProtocol]:
    """Returns who may begin early, and a judge that waits for it; one that looks closer does so afterwards."""
    if isinstance(judge, Judge):
        eager = EagerJudge(judge)
        return eager, eager
    if isinstance(judge, DiagnosingJudge) and isinstance(judge.inner, Judge):
        eager, looking = EagerJudge(judge.inner), copy(judge)
        looking.inner = cast(Judge, eager)
        return eager, looking
    return None, judge


def _row(batch: Mapping[str, Any], place: int) -> Observation:
    return {name: _plain(values[place]) for name, values in batch.items()}


def _info(infos: Mapping[str, Any], place: int) -> dict[str, Any]:
    """One sub-environment's info out of Gymnasium's aggregate, in which ``_name`` says who has ``name`` at all."""
    row = {}
    for name, values in infos.items():
        owners = infos.get(f"_{name}")
        if not name.startswith("_") and (owners is None or owners[place]):
            row[name] = _info(values, place) if isinstance(values, dict) else _plain(values[place])
    return row


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
