"""What every agent has: the interface of Stable-Baselines3 around a language model that learns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import time_ns
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback, CallbackList, ConvertCallback
from stable_baselines3.common.logger import Logger

from agents.policy.policy import LMPolicy
from agents.policy.tuning import Tuning, recomputes
from agents.rollout.experience import Experience
from agents.training.actor import Actor, Env
from agents.training.callbacks import ProgressBar
from agents.training.checkpoint import Checkpoint, open_checkpoint, write_checkpoint
from agents.training.gradient_step import GradientStep
from agents.training.optimizer import make_optimizer, restore_optimizer, set_learning_rate
from agents.training.run_log import log_settings, open_run_log
from agents.training.run_record import RunRecord
from agents.training.settings import LearnerConfig
from agents.training.tensorboard_layout import ONLINE, Layout
from codegym.errors import DataError, InvalidSettingError, UnknownNameError

Callback = BaseCallback | Sequence[BaseCallback] | Any
C = TypeVar("C", bound=LearnerConfig)


class Agent(Actor, Generic[C]):
    """An actor that learns: with settings, an optimizer, a logger and checkpoints.

    Args:
        policy: ``"LMPolicy"`` or an :class:`LMPolicy`.
        env: A Gymnasium environment, single or batch, or an id for ``gym.make``; None for an agent that only predicts.
        config: How to learn; without it, the defaults.
        policy_kwargs: Arguments of ``LMPolicy.load``, such as ``{"model": "tiny"}``.
        tensorboard_log: Folder for TensorBoard and CSV files; None writes none.
        verbose: 1 prints the log as a table.
        device: Device of the policy, such as ``"cpu"``; ``"auto"`` takes a GPU where there is one.
        seed: Seed of all that is random. The same seed gives the same numbers on a CPU; None draws one.
        **changes: Settings of the config by name, such as ``learning_rate=1e-4``.

    Raises:
        UnknownNameError: If there is no such policy or setting, or the policy takes no such argument.
        InvalidSettingError: If no model is named, or a setting makes no sense.
        TypeError: If the environment is no Gymnasium environment.
    """

    config_type: type[C]
    """The record of settings of this kind of agent."""
    metrics: ClassVar[tuple[str, ...]] = ()
    """Keys of the log that TensorBoard's table of runs shows beside the settings."""
    timestep_unit: ClassVar[str] = "programs"
    """What a timestep is, in the plural."""
    tensorboard_layout: ClassVar[Layout] = ONLINE
    """Charts of TensorBoard's page of custom scalars."""

    def __init__(
        self,
        policy: str | LMPolicy,
        env: Env | str | None = None,
        config: C | None = None,
        *,
        policy_kwargs: Mapping[str, Any] | None = None,
        tensorboard_log: str | Path | None = None,
        verbose: int = 0,
        device: str = "auto",
        seed: int | None = None,
        **changes: Any,
    ) -> None:
        self.config = (config or self.config_type()).changed(changes)
        super().__init__(policy, env, policy_kwargs=policy_kwargs, device=device, seed=seed)
        self.tensorboard_log = None if tensorboard_log is None else str(tensorboard_log)
        self.verbose = verbose
        self.num_timesteps = 0
        """Completions (CodeDPO: pairs) learned from so far."""
        self.n_updates = 0
        """Optimizer steps so far: the version of the policy."""
        self.start_time = 0
        self._num_timesteps_at_start = 0
        self._total_timesteps = 0
        self._logger: Logger | None = None
        self._custom_logger = False
        model = self.policy.model
        self.optimizer = make_optimizer(model, self.config.learning_rate, self.config.norm_lr_multiplier)
        micro_batch_size = min(self.config.micro_batch_size, self.config.batch)
        self._gradient_step = GradientStep(model, self.optimizer, self.config.max_grad_norm, micro_batch_size)
        self._set_up()

    def _set_up(self) -> None:
        """Makes what a kind of agent has besides, at the end of the constructor."""

    # ---- learning

    def credit_of(self, experiences: Sequence[Experience]) -> list[NDArray[np.float32]]:
        """The credit of each token of some completions, for people to look at; float [T] each."""
        return [np.full(experience.length, experience.advantage, np.float32) for experience in experiences]

    def learn(
        self,
        total_timesteps: int | None = None,
        callback: Callback = None,
        log_interval: int | None = 1,
        tb_log_name: str | None = None,
        reset_num_timesteps: bool = True,
        progress_bar: bool = False,
    ) -> Self:
        """Learns from this many programs (CodeDPO: pairs).

        Args:
            total_timesteps: How many; the last collection or batch may go beyond. Only CodeDPO has a default, the
                ``epochs`` of its config.
            callback: Stable-Baselines3 callbacks. ``on_step`` is called after each collection and the optimizer steps
                on it (CodeDPO: after each optimizer step).
            log_interval: Calls of ``on_step`` between two writings of the log; None writes none.
            tb_log_name: Name of the run's folder; None takes the name of the agent's class.
            reset_num_timesteps: False continues counting, and so resumes a loaded agent.
            progress_bar: Whether to show a progress bar.

        Returns:
            The agent.

        Raises:
            InvalidSettingError: If ``total_timesteps`` is missing or below zero.
            ValueError: If there is nothing to learn from.
        """
        if (total_timesteps or 0) < 0:
            raise InvalidSettingError(
                f"total_timesteps must be a number of {self.timestep_unit} to learn from, 0 or more, "
                f"got {total_timesteps!r}."
            )
        self._prepare()
        if total_timesteps is None:
            total_timesteps = self.default_timesteps
        total_timesteps, calls = self._setup_learn(
            total_timesteps, callback, reset_num_timesteps, tb_log_name or type(self).__name__, progress_bar
        )
        try:
            log_settings(self.logger, asdict(self.config), self.metrics)
            self._on_log_opened()
            calls.on_training_start(locals(), globals())
            self._loop(calls, log_interval)
            calls.on_training_end()
        # A run that raised keeps its log: files are closed whatever happens.
        finally:
            self._close_log()
        return self

    @property
    def default_timesteps(self) -> int:
        """How much ``learn`` learns from where it is not told.

        Raises:
            InvalidSettingError: If the agent has no default.
        """
        raise InvalidSettingError(f"say how many {self.timestep_unit} to learn from: learn(total_timesteps).")

    def _prepare(self) -> None:
        """Gets ready what is learned from, or raises where there is nothing."""
        if self.episodes is None:
            raise ValueError(
                f"{type(self).__name__} needs an environment to learn: set_env(env), or load(path, env=env)."
            )

    def _on_log_opened(self) -> None:
        """Logs what is known before the first step."""

    @abstractmethod
    def _loop(self, calls: BaseCallback, log_interval: int | None) -> None:
        """Learns until ``num_timesteps`` reaches ``_total_timesteps``, or a callback ends it."""

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
        self.start_time = time_ns()
        if reset_num_timesteps:
            self.num_timesteps = 0
        else:
            total_timesteps += self.num_timesteps
        self._num_timesteps_at_start, self._total_timesteps = self.num_timesteps, total_timesteps
        if not self._custom_logger:
            self._logger = open_run_log(
                self.tensorboard_log, tb_log_name, self.verbose, self.num_timesteps, self.tensorboard_layout
            )
        return total_timesteps, self._init_callback(callback, progress_bar)

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
        """Writes all that is needed to go on into one file, atomically.

        It holds the policy, the optimizer, what is learned from, the generators and the counters.
        """
        record = {
            "agent": type(self).__name__,
            "seed": self.seed,
            "config": asdict(self.config),
            "num_timesteps": self.num_timesteps,
            "n_updates": self.n_updates,
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
            "optimizer": self.optimizer.state_dict(),
            **self._state(),
        }
        write_checkpoint(path, record=record, state=state, policy=self.policy)

    @classmethod
    def load(cls, path: str | Path, env: Env | str | None = None, device: str = "auto", **changes: Any) -> Self:
        """Reads an agent; learning goes on as if it had never stopped.

        Args:
            path: What ``save`` wrote.
            env: To learn from; None for an agent that only predicts.
            device: Device of the policy.
            **changes: Arguments of the constructor that shall be other than they were.

        Raises:
            FileNotFoundError: If there is no such file.
            DataError: If it is no checkpoint of this kind of agent, or one with settings that there are no more.
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
                # Adapters are part of the saved model; only this switch is not in its files.
                tuning=Tuning(gradient_checkpointing=record.get("gradient_checkpointing", False)),
            )
            arguments = {"seed": record["seed"], "tensorboard_log": record["tensorboard_log"], **changes}
            agent = cls(policy, env, _config(cls.config_type, record["config"], path), **arguments)
            agent.num_timesteps, agent.n_updates = record["num_timesteps"], record["n_updates"]
            # The checkpoint's learning rate comes along with the moments, so today's is set after them.
            restore_optimizer(agent.optimizer, checkpoint.state["optimizer"])
            set_learning_rate(agent.optimizer, agent.config.learning_rate)
            # After the constructor, which seeds them: they continue where they were, and do not begin again.
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
            device: Device that a file's policy is read to, before its weights are copied into the agent's own.

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
        # Stable-Baselines3 raises the same type of error here.
        if not set(found) <= known or (exact_match and set(found) != known):
            raise ValueError(f"parameters do not match: expected {sorted(known)}, got {sorted(found)}.")
        if "policy" in found:
            self.policy.model.load_state_dict(found["policy"], strict=exact_match)
        if "optimizer" in found:
            self.optimizer.load_state_dict(found["optimizer"])

    def _record(self) -> dict[str, Any]:
        """JSON-safe data of a checkpoint that ``_restore`` needs."""
        return {}

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """Tensors and plain data of a checkpoint that ``_restore`` needs."""

    @abstractmethod
    def _restore(self, checkpoint: Checkpoint) -> None:
        """Puts back the data of ``_record`` and ``_state``."""


def _config(kind: type[C], values: Mapping[str, Any], path: str | Path) -> C:
    """The settings of a checkpoint, which an earlier version may have written."""
    try:
        return kind.of(values)
    except (InvalidSettingError, UnknownNameError) as error:
        raise DataError(
            f"{path} was written with settings that this version does not have: {error} To go on from its weights, "
            "unzip it and give its folder policy/ as the model of a new agent."
        ) from error
