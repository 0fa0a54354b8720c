"""A language model that acts in an environment: the half of an agent that needs no optimizer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from inspect import signature
from typing import Any, cast

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import VectorEnv
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from agents.policy.policy import LMPolicy
from agents.rollout.episodes import Episodes, make_episodes
from codegym.env import CodeSynthesisEnv
from codegym.errors import InvalidSettingError, UnknownNameError
from codegym.vector import CodeSynthesisVectorEnv

Env = gym.Env[Any, Any] | VectorEnv[Any, Any, Any]


class Actor(ABC):
    """A policy, an environment and one seed; the arguments are those of :class:`agents.training.agent.Agent`."""

    def __init__(
        self,
        policy: str | LMPolicy,
        env: Env | str | None,
        *,
        policy_kwargs: Mapping[str, Any] | None,
        device: str,
        seed: int | None,
    ) -> None:
        if isinstance(policy, str):
            if policy != "LMPolicy":
                raise UnknownNameError("policy", policy, ["LMPolicy"])
            policy = LMPolicy.load(**{"device": device, "seed": seed or 0, **_loading(policy_kwargs or {})})
        self.policy = policy
        self.env: Env | None = None
        self.episodes: Episodes | None = None
        self._sb3_env: VecEnv | None = None
        self.set_random_seed(seed)
        if env is not None:
            self.set_env(env)

    # ---- the environment

    def set_env(self, env: Env | str) -> None:
        """Learns from this environment from now on."""
        self.env = gym.make(env) if isinstance(env, str) else env
        self.episodes = make_episodes(self.env)
        self._sb3_env = None

    def get_env(self) -> VecEnv | None:
        """The environment as Stable-Baselines3 sees it, for its callbacks and ``evaluate_policy``.

        Ours becomes as many single environments as a learning step has completions; they share problems, judge and
        reward.
        """
        if self._sb3_env is None and self.env is not None:
            core = self.env.unwrapped
            if isinstance(core, CodeSynthesisEnv | CodeSynthesisVectorEnv):
                self._sb3_env = DummyVecEnv([lambda: _single(core)] * self.completions_per_step)
            else:
                env = cast("gym.Env[Any, Any]", self.env)
                self._sb3_env = DummyVecEnv([lambda: env])
        return self._sb3_env

    def get_vec_normalize_env(self) -> None:  # noqa: B027  # nothing to do, for every agent
        """Texts are not normalised; Stable-Baselines3's callbacks ask."""

    @property
    @abstractmethod
    def completions_per_step(self) -> int:
        """Completions between two calls of the callbacks."""

    # ---- acting

    def predict(
        self,
        observation: Mapping[str, Any],
        state: tuple[np.ndarray, ...] | None = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[Any, tuple[np.ndarray, ...] | None]:
        """Writes a completion for an observation, or one each for a batch of them.

        Args:
            observation: A dict of texts, or of arrays of texts.
            state: Returned as it is: a language model reads its past in the observation.
            episode_start: Ignored, for the same reason.
            deterministic: Take the most probable token each time instead of drawing.

        Returns:
            A text, or an object array of texts, and the state.
        """
        batched = np.ndim(observation["prompt"]) > 0
        rows = [dict(observation)]
        if batched:
            number = len(observation["prompt"])
            rows = [{name: values[index] for name, values in observation.items()} for index in range(number)]
        prompts = [self.policy.prompt_text(row) for row in rows]
        written = self.policy.generate(prompts, greedy=deterministic, generator=self._acting)
        texts = np.array([*(completion.text for completion in written), None], dtype=object)[:-1]
        return (texts if batched else texts[0]), state

    # ---- randomness

    def set_random_seed(self, seed: int | None = None) -> None:
        """Starts the agent's three generators anew: of sampling, of choosing problems or pairs, and of ``predict``."""
        self.seed = int(np.random.SeedSequence(seed).generate_state(1)[0]) if seed is None else seed
        sampling, choosing, acting = np.random.SeedSequence(self.seed).spawn(3)
        self.generator = torch.Generator().manual_seed(int(sampling.generate_state(1)[0]))
        self.rng = np.random.default_rng(choosing)
        # Of its own: an evaluation between two learning steps must not change what is sampled next.
        self._acting = torch.Generator().manual_seed(int(acting.generate_state(1)[0]))


def _single(core: CodeSynthesisEnv | CodeSynthesisVectorEnv) -> gym.Env[Any, Any]:
    env = CodeSynthesisEnv(core.problems, max_turns=core.max_turns, reward=core.reward, judge=core.judge)
    return cast("gym.Env[Any, Any]", env)


def _loading(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the arguments if ``LMPolicy.load`` takes them."""
    known = tuple(signature(LMPolicy.load).parameters)
    for name in arguments:
        if name not in known:
            raise UnknownNameError("argument of policy_kwargs", name, known)
    if "model" not in arguments:
        raise InvalidSettingError('policy_kwargs must name a model, such as policy_kwargs={"model": "tiny"}: got none.')
    return arguments
