"""Episodes side by side: ours are played directly, third-party environments through Gymnasium's interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker

from codegym.env import CodeSynthesisEnv
from codegym.episode import Episode
from codegym.errors import InfrastructureError
from codegym.feedback.feedback import Feedback
from codegym.problem import Problem
from codegym.rules import Rules
from codegym.vector import CodeSynthesisVectorEnv

Observation = dict[str, Any]


@dataclass(frozen=True)
class StepResult:
    """The result of one turn of one episode, as ``env.step`` gives it."""

    observation: Observation
    reward: float
    done: bool
    """True if the episode has terminated or was truncated."""
    info: dict[str, Any]


class Episodes(Protocol):
    """Episodes that are played side by side, each known by its index in the last ``reset``."""

    size: int
    """The largest number of episodes."""
    problems: Sequence[Problem]
    """The problems that may be asked; empty where the environment does not say."""

    def reset(self, task_ids: Sequence[str | None]) -> list[Observation]:
        """Starts one episode for each of at most ``size`` tasks (None: the environment chooses)."""

    def submit(self, index: int, completion: str) -> None:
        """Hands in the completion of one episode; judging may begin at once."""

    def step(self) -> dict[int, StepResult]:
        """Returns the results of the completions that were submitted since the last step, by index."""

    def abandon(self) -> None:
        """Forgets the completions that were submitted since the last step; those not yet judged never are."""


def make_episodes(env: gym.Env[Any, Any] | VectorEnv[Any, Any, Any]) -> Episodes:
    """Returns the episodes of an environment.

    A ``CodeSynthesisEnv``, single or batch, lends its problems, judge and reward to as many episodes as are asked for.
    Every other environment, one of ours in wrappers of yours included, is stepped as it is.

    Raises:
        TypeError: If it is no Gymnasium environment.
    """
    if isinstance(env, VectorEnv):
        core = env.unwrapped
        return (
            EpisodeBatch(core.rules)
            if env is core and isinstance(core, CodeSynthesisVectorEnv)
            else VectorEpisodes(env)
        )
    if isinstance(env, gym.Env):
        inner: gym.Env[Any, Any] = env
        while isinstance(inner, OrderEnforcing | PassiveEnvChecker):  # what gym.make adds: they change nothing
            inner = inner.env
        return EpisodeBatch(inner.rules) if isinstance(inner, CodeSynthesisEnv) else SingleEpisodes(env)
    raise TypeError(
        f"expected a gymnasium.Env or VectorEnv, such as gym.make('CodeSynthesis-v0'), got {type(env).__name__}."
    )


class EpisodeBatch:
    """Episodes of our own environment, played without it.

    A completion is judged as soon as it is submitted, while the policy writes others. Equal completions of a problem
    that are submitted for the same step are judged once.

    Args:
        rules: The environment's problems, judge, reward and number of turns.
    """

    # Episodes of ours are small records; the policy's memory bounds a batch long before this does.
    size = 1 << 16

    def __init__(self, rules: Rules) -> None:
        self.problems: Sequence[Problem] = rules.problems
        self._rules = rules
        # Judges of users may have been written before `submit` was asked of them: they judge a step at once.
        self._may_submit = hasattr(rules.judge, "submit")
        self._generator = np.random.default_rng()
        self._episodes: list[Episode] = []
        self._submitted: dict[int, str] = {}
        self._judging: dict[tuple[str, str], Future[Feedback]] = {}

    def reset(self, task_ids: Sequence[str | None]) -> list[Observation]:
        """Starts as many episodes as there are tasks."""
        self.abandon()
        problems = [self._rules.choose(self._generator, task_id) for task_id in task_ids]
        self._episodes = [self._rules.start(problem) for problem in problems]
        return [episode.observation() for episode in self._episodes]

    def submit(self, index: int, completion: str) -> None:
        """Begins to judge a completion."""
        problem = self._episodes[index].problem
        key = (problem.task_id, completion)
        if self._may_submit and key not in self._judging:
            self._judging[key] = self._rules.judge.submit(problem, completion)
        self._submitted[index] = completion

    def step(self) -> dict[int, StepResult]:
        """Waits for the verdicts of the submitted completions."""
        try:
            feedbacks = self._feedbacks()
        finally:
            self.abandon()
        return {index: self._after(index, feedback) for index, feedback in feedbacks.items()}

    def abandon(self) -> None:
        """Cancels what is not judged yet, so that nothing of an interrupted rollout occupies the workers."""
        for future in self._judging.values():
            future.cancel()
        self._submitted, self._judging = {}, {}

    def _feedbacks(self) -> dict[int, Feedback]:
        pairs = [(self._episodes[index].problem, text) for index, text in sorted(self._submitted.items())]
        if self._may_submit:
            judged = [self._judging[problem.task_id, text].result() for problem, text in pairs]
        else:
            judged = self._rules.judge.judge_many(pairs)
        return dict(zip(sorted(self._submitted), judged, strict=True))

    def _after(self, index: int, feedback: Feedback) -> StepResult:
        before = self._episodes[index]
        episode = before.after(feedback, self._rules.pay(before.problem, feedback))
        self._episodes[index] = episode
        return StepResult(episode.observation(), episode.reward, episode.over, episode.info())


class _SteppedEpisodes:
    """Keeps what is submitted until the environment is stepped: nothing can be judged before."""

    def __init__(self) -> None:
        self._submitted: dict[int, str] = {}

    def submit(self, index: int, completion: str) -> None:
        """Keeps a completion for the next step."""
        self._submitted[index] = completion

    def abandon(self) -> None:
        """Forgets what was submitted."""
        self._submitted = {}

    def _taken(self) -> dict[int, str]:
        submitted, self._submitted = self._submitted, {}
        return submitted


class VectorEpisodes(_SteppedEpisodes):
    """The sub-environments of a vector environment, which is stepped as it is.

    Those whose episode is over, or that have no task, are stepped with empty completions for the others' sake.

    Args:
        envs: A vector environment, wrapped or not.
    """

    def __init__(self, envs: VectorEnv[Any, Any, Any]) -> None:
        super().__init__()
        self.size = envs.num_envs
        self.problems: Sequence[Problem] = getattr(envs.unwrapped, "problems", ())
        self._envs = envs
        self._by_mask = envs.metadata.get("autoreset_mode") == AutoresetMode.DISABLED
        self._over = np.zeros(envs.num_envs, bool)

    def reset(self, task_ids: Sequence[str | None]) -> list[Observation]:
        """Starts all sub-environments."""
        self.abandon()
        # A vector environment has a fixed width: the rest of the last portion plays problems of its own choice.
        tasks = [*task_ids, *[None] * (self.size - len(task_ids))]
        observations, _ = self._envs.reset(options={"task_id": tasks} if self.problems else None)
        self._over = np.arange(self.size) >= len(task_ids)
        return [_row(observations, index) for index in range(len(task_ids))]

    def step(self) -> dict[int, StepResult]:
        """Steps all sub-environments at once."""
        submitted = self._taken()
        # Without autoreset an ended sub-environment refuses the step that the others still need.
        if self._by_mask and self._over.any():
            self._envs.reset(options={"reset_mask": self._over.copy()})
        actions = [submitted.get(index, "") for index in range(self.size)]
        observations, rewards, terminations, truncations, infos = self._envs.step(actions)
        results = {}
        for index in submitted:
            done = bool(terminations[index] or truncations[index])
            # With autoreset in the same step the arrays are of the next episode already.
            is_final = done and "final_info" in infos and bool(infos["_final_info"][index])
            results[index] = StepResult(
                dict(infos["final_obs"][index]) if is_final else _row(observations, index),
                float(rewards[index]),
                done,
                _info(infos["final_info"] if is_final else infos, index),
            )
            self._over[index] = done
        return results


class SingleEpisodes(_SteppedEpisodes):
    """A single environment, which is stepped as it is: one episode at a time.

    Args:
        env: A single environment, wrapped or not.
    """

    size = 1

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__()
        self.problems: Sequence[Problem] = getattr(env.unwrapped, "problems", ())
        self._env = env

    def reset(self, task_ids: Sequence[str | None]) -> list[Observation]:
        """Starts the one episode."""
        self.abandon()
        (task_id,) = task_ids
        # An environment that does not say which problems it has may refuse options that it does not know.
        observation, _ = self._env.reset(options={"task_id": task_id} if self.problems and task_id else None)
        return [observation]

    def step(self) -> dict[int, StepResult]:
        """Steps the environment; where the machine fails, the episode ends and its info says so."""
        submitted = self._taken()
        return {index: self._step(completion) for index, completion in submitted.items()}

    def _step(self, completion: str) -> StepResult:
        try:
            observation, reward, terminated, truncated, info = self._env.step(completion)
        except InfrastructureError:
            return StepResult({}, float("nan"), True, {"infra_error": True})
        return StepResult(observation, float(reward), terminated or truncated, info)


def _row(batch: Mapping[str, Any], index: int) -> Observation:
    return {name: _plain(values[index]) for name, values in batch.items()}


def _info(infos: Mapping[str, Any], index: int) -> dict[str, Any]:
    """One sub-environment's info out of Gymnasium's aggregate, in which ``_name`` says who has ``name`` at all."""
    row = {}
    for name, values in infos.items():
        owners = infos.get(f"_{name}")
        if not name.startswith("_") and (owners is None or owners[index]):
            row[name] = _info(values, index) if isinstance(values, dict) else _plain(values[index])
    return row


def _plain(value: Any) -> Any:
    # numpy's numbers would not survive JSON, nor equal what a single environment gives.
    return value.item() if isinstance(value, np.generic) else value
