"""What every agent has: Stable-Baselines3's shape around a language model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from time import time_ns
from typing import Any, Self, cast

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback, CallbackList, ConvertCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from agents.policy.policy import LMPolicy
from agents.policy.tuning import Tuning, recomputes
from agents.rollout.episodes import Stage, make_stage
from agents.rollout.experience import Experience
from agents.training.callbacks import ProgressBar
from agents.training.checkpoint import Checkpoint, open_checkpoint, write_checkpoint
from agents.training.run_log import open_run_log
from agents.training.run_record import RunRecord
from agents.training.tensorboard_layout import ONLINE, Layout
from codegym.env import CodeSynthesisEnv
from codegym.errors import DataError, InvalidSettingError, UnknownNameError
from codegym.vector import CodeSynthesisVectorEnv

Env = gym.Env[Any, Any] | VectorEnv[Any, Any, Any]
Callback = BaseCallback | Sequence[BaseCallback] | Any


class Agent(ABC):
    """A policy, an environment, a logger and one seed.

    Args:
        policy: ``"LMPolicy"`` or an :class:`LMPolicy`.
        env: A Gymnasium environment, single or batch, or an id for ``gym.make``; None for an agent that only
            predicts.
        policy_kwargs: Arguments of ``LMPolicy.load``, such as ``{"model": "tiny"}``.
        tensorboard_log: Folder for TensorBoard and CSV files; None writes none.
        verbose: 1 prints the log as a table.
        device: Of the policy; ``"auto"`` takes a GPU where there is one.
        seed: Of everything that is drawn; None draws it.

    Raises:
        UnknownNameError: If there is no such policy, or it takes no such argument.
        InvalidSettingError: If no model is named.
        TypeError: If the environment is none.
    """

    timesteps_are = "programs"
    """What a timestep is, in the plural."""
    board_layout: Layout = ONLINE
    """Of its curves on TensorBoard's page of custom scalars."""

    def __init__(
        self,
        policy: str | LMPolicy,
        env: Env | str | None,
        *,
        policy_kwargs: Mapping[str, Any] | None = None,
        tensorboard_log: str | Path | None = None,
        verbose: int = 0,
        device: str = "auto",
        seed: int | None = None,
    ) -> None:
        if isinstance(policy, str):
            if policy != "LMPolicy":
                raise UnknownNameError("policy", policy, ["LMPolicy"])
            policy = LMPolicy.load(**{"device": device, "seed": seed or 0, **_loading(policy_kwargs or {})})
        self.policy = policy
        self.tensorboard_log = None if tensorboard_log is None else str(tensorboard_log)
        self.verbose = verbose
        self.num_timesteps = 0
        """Completions (CodeDPO: pairs of them) learned from so far."""
        self.start_time = 0
        self._num_timesteps_at_start = 0
        self._total_timesteps = 0
        self._logger: Logger | None = None
        self._custom_logger = False
        self.env: Env | None = None
        self.stage: Stage | None = None
        self._sb3_env: VecEnv | None = None
        self.set_random_seed(seed)
        if env is not None:
            self.set_env(env)

    # ---- the environment

    def set_env(self, env: Env | str) -> None:
        """Learns from this environment from now on."""
        self.env = gym.make(env) if isinstance(env, str) else env
        self.stage = make_stage(self.env)
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

    def get_vec_normalize_env(self) -> None:  # noqa: B027
        """Texts are not normalised; Stable-Baselines3's callbacks ask."""

    @property
    @abstractmethod
    def completions_per_step(self) -> int:
        """Completions between two calls of the callbacks."""

    def credit_of(self, experiences: Sequence[Experience]) -> list[NDArray[np.float32]]:
        """What each token of a completion gets of what was paid, for people to look at; float [T] each."""
        return [np.full(experience.length, experience.advantage, np.float32) for experience in experiences]

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
            episode_start: Ignored likewise.
            deterministic: Take the most probable token each time instead of drawing.

        Returns:
            A text, or an object array of texts, and the state.
        """
        batched = np.ndim(observation["prompt"]) > 0
        rows = [dict(observation)]
        if batched:
            number = len(observation["prompt"])
            rows = [{name: values[place] for name, values in observation.items()} for place in range(number)]
        prompts = [self.policy.prompt_text(row) for row in rows]
        written = self.policy.generate(prompts, greedy=deterministic, generator=self._acting)
        texts = np.array([*(completion.text for completion in written), None], dtype=object)[:-1]
        return (texts if batched else texts[0]), state

    # ---- chance

    def set_random_seed(self, seed: int | None = None) -> None:
        """Starts the agent's generators anew: of sampling, of choosing, and of ``predict``."""
        self.seed = int(np.random.SeedSequence(seed).generate_state(1)[0]) if seed is None else seed
        sampling, choosing, acting = np.random.SeedSequence(self.seed).spawn(3)
        self.generator = torch.Generator().manual_seed(int(sampling.generate_state(1)[0]))
        self.rng = np.random.default_rng(choosing)
        self._acting = torch.Generator().manual_seed(int(acting.generate_state(1)[0]))

    # ---- logging and callbacks

    @property
    def logger(self) -> Logger:
        """The logger; available while ``learn`` runs, or from ``set_logger`` on."""
        if self._logger is None:
            raise AttributeError("there is no logger outside of learn(), unless set_logger() gave one.")
        return self._logger

    def set_logger(self, logger: Logger) -> None:
        """Logs here instead of where ``tensorboard_log`` and ``verbose`` say."""
        self._logger, self._custom_logger = logger, True

    def dump_logs(self) -> None:
        """Writes what has been recorded since the last time."""
        seconds = max((time_ns() - self.start_time) / 1e9, 1e-9)
        self.logger.record("time/fps", int((self.num_timesteps - self._num_timesteps_at_start) / seconds))
        self.logger.record("time/time_elapsed", int(seconds), exclude="tensorboard")
        self.logger.record("time/total_timesteps", self.num_timesteps, exclude="tensorboard")
        self.logger.dump(step=self.num_timesteps)

    def _close_log(self) -> None:
        """Closes the files that ``learn`` opened; a logger of the user's own stays open."""
        if self._logger is not None and not self._custom_logger:
            self._logger.close()
            self._logger = None

    def _setup_learn(
        self, total_timesteps: int, callback: Callback, reset_num_timesteps: bool, tb_log_name: str, progress_bar: bool
    ) -> tuple[int, BaseCallback]:
        self._check_timesteps(total_timesteps)
        self._check_ready()
        self.start_time = time_ns()
        if reset_num_timesteps:
            self.num_timesteps = 0
        else:
            total_timesteps += self.num_timesteps
        self._num_timesteps_at_start, self._total_timesteps = self.num_timesteps, total_timesteps
        if not self._custom_logger:
            self._logger = open_run_log(
                self.tensorboard_log, tb_log_name, self.verbose, self.num_timesteps, self.board_layout
            )
        return total_timesteps, self._init_callback(callback, progress_bar)

    def _check_timesteps(self, total_timesteps: int) -> None:
        if total_timesteps < 0:
            raise InvalidSettingError(
                f"total_timesteps must be a number of {self.timesteps_are} to learn from, 0 or more, "
                f"got {total_timesteps!r}."
            )

    def _check_ready(self) -> None:
        """Raises where there is nothing to learn from."""
        if self.stage is None:
            raise ValueError(
                f"{type(self).__name__} needs an environment to learn: set_env(env), or load(path, env=env)."
            )

    def _init_callback(self, callback: Callback, progress_bar: bool) -> BaseCallback:
        if isinstance(callback, list | tuple):
            callback = CallbackList(list(callback))
        calls = callback if isinstance(callback, BaseCallback) else ConvertCallback(cast(Any, callback))
        if progress_bar:
            calls = CallbackList([calls, ProgressBar()])
        if self.logger.dir is not None:
            calls = CallbackList([RunRecord(), calls])
        calls.init_callback(cast(Any, self))
        return calls

    # ---- saving and loading

    def save(self, path: str | Path) -> None:
        """Writes all that is needed to go on into one file, atomically: policy, optimizer, buffer, chance, counts."""
        record = {
            "agent": type(self).__name__,
            "seed": self.seed,
            "num_timesteps": self.num_timesteps,
            "tensorboard_log": self.tensorboard_log,
            "max_new_tokens": self.policy.max_new_tokens,
            "dtype": str(self.policy.model.dtype).removeprefix("torch."),
            "gradient_checkpointing": recomputes(self.policy.model),
            **self._record(),
        }
        state = {
            "generator": self.generator.get_state(),
            "acting": self._acting.get_state(),
            "rng": self.rng.bit_generator.state,
            **self._state(),
        }
        write_checkpoint(path, record=record, state=state, policy=self.policy)

    @classmethod
    def load(cls, path: str | Path, env: Env | str | None = None, device: str = "auto", **changes: Any) -> Self:
        """Reads an agent; learning goes on as if it had never stopped.

        Args:
            path: What ``save`` wrote.
            env: To learn from; None for an agent that only predicts.
            device: Of the policy.
            **changes: Arguments of the constructor that shall be other than they were.

        Raises:
            FileNotFoundError: If there is no such file.
            DataError: If it is no checkpoint of this kind of agent.
            InvalidSettingError: If a change makes no sense, or does not fit what the checkpoint holds.
        """
        with open_checkpoint(path) as checkpoint:
            record = checkpoint.record
            if record["agent"] != cls.__name__:
                raise DataError(f"{path} holds a {record['agent']}, not a {cls.__name__}: use {record['agent']}.load.")
            policy = LMPolicy.load(
                checkpoint.policy,
                device=device,
                dtype=record["dtype"],
                max_new_tokens=record["max_new_tokens"],
                tuning=Tuning(gradient_checkpointing=record.get("gradient_checkpointing", False)),
            )
            arguments = {"seed": record["seed"], "tensorboard_log": record["tensorboard_log"], **changes}
            agent = cls._from_record(policy, env, record, arguments)
            agent.num_timesteps = record["num_timesteps"]
            agent.generator.set_state(checkpoint.state["generator"])
            agent._acting.set_state(checkpoint.state["acting"])
            agent.rng.bit_generator.state = checkpoint.state["rng"]
            agent._restore(checkpoint)
        return agent

    def get_parameters(self) -> dict[str, dict[str, Any]]:
        """The policy's weights and the optimizer's state, by name."""
        return {"policy": self.policy.model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def set_parameters(
        self, load_path_or_dict: str | Path | Mapping[str, Any], exact_match: bool = True, device: str = "cpu"
    ) -> None:
        """Takes weights over from a checkpoint or from ``get_parameters``.

        Args:
            load_path_or_dict: A file that ``save`` wrote, or a mapping with ``policy`` and ``optimizer`` or one of
                them.
            exact_match: Insist on both, and on every weight of the policy.
            device: Where to read a file's policy to, before its weights are copied into the agent's own.

        Raises:
            ValueError: If something is missing or unknown.
        """
        if isinstance(load_path_or_dict, str | Path):
            with open_checkpoint(load_path_or_dict) as checkpoint:
                weights = LMPolicy.load(checkpoint.policy, device=device, dtype=checkpoint.record["dtype"])
                found: Mapping[str, Any] = {
                    "policy": weights.model.state_dict(),
                    "optimizer": checkpoint.state["optimizer"],
                }
        else:
            found = load_path_or_dict
        known = {"policy", "optimizer"}
        if not set(found) <= known or (exact_match and set(found) != known):
            raise ValueError(f"parameters do not match: expected {sorted(known)}, got {sorted(found)}.")
        if "policy" in found:
            self.policy.model.load_state_dict(found["policy"], strict=exact_match)
        if "optimizer" in found:
            self.optimizer.load_state_dict(found["optimizer"])

    optimizer: torch.optim.Optimizer

    @abstractmethod
    def _record(self) -> dict[str, Any]:
        """JSON-safe data that ``_from_record`` needs."""

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """Tensors and plain data that ``_restore`` needs."""

    @classmethod
    @abstractmethod
    def _from_record(
        cls, policy: LMPolicy, env: Env | str | None, record: Mapping[str, Any], arguments: dict[str, Any]
    ) -> Self:
        """Makes an agent of ``_record``'s data."""

    @abstractmethod
    def _restore(self, checkpoint: Checkpoint) -> None:
        """Puts back ``_state``'s data."""


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
