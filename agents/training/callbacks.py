"""Callbacks of agents: progress, checkpoints, and reasons to stop. Those of Stable-Baselines3 work as well."""

from __future__ import annotations

import signal
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from agents.progress import ProgressDisplay
from codegym.errors import InvalidSettingError


class ProgressBar(BaseCallback):
    """Shows how far training is, and the share of the last completions that passed, on standard error.

    Args:
        seconds: Length of a training that ends by the clock; None for one that ends after some completions.
    """

    def __init__(self, seconds: float | None = None) -> None:
        super().__init__()
        self.seconds, self._began = seconds, monotonic()
        self._display = ProgressDisplay()

    def _on_training_start(self) -> None:
        self._began = monotonic()
        self._total = self.seconds or self.locals["total_timesteps"]
        self._display.start()

    def _on_step(self) -> bool:
        passed = [experience.is_success for experience in self.locals["collected"] if not experience.infra_error]
        # Programs that the machine failed on are left out: they say nothing about the policy.
        share = f", passed {100 * np.mean(passed):3.0f} %" if passed else ""
        timesteps = self.model.num_timesteps
        done = monotonic() - self._began if self.seconds else timesteps
        unit = getattr(self.model, "timestep_unit", "timesteps")
        self._display.follow("learning", int(done), int(self._total), f"{timesteps} {unit}{share}")
        return True

    def _on_training_end(self) -> None:
        self._display.stop()


class SaveLatest(BaseCallback):
    """Keeps one checkpoint, the latest: written atomically every so many learning steps, and at the end.

    Args:
        path: The checkpoint's file.
        every: Learning steps (collections) between two checkpoints.

    Raises:
        InvalidSettingError: If that is below 1.
    """

    def __init__(self, path: str | Path, every: int = 10) -> None:
        super().__init__()
        if every < 1:
            raise InvalidSettingError(f"save_every must be at least 1, got {every!r}.")
        self.path, self.every = Path(path), every

    def _on_step(self) -> bool:
        if self.n_calls % self.every == 0:
            self.model.save(self.path)
        return True

    def _on_training_end(self) -> None:
        self.model.save(self.path)


class StopOnSignal(BaseCallback):
    """Ends training after the running step at the first Ctrl-C (or SIGTERM); a second one interrupts at once."""

    def __init__(self) -> None:
        super().__init__()
        self.signal: int | None = None
        """The signal that came."""
        self._before: dict[int, Any] = {}

    def _on_training_start(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            # Handlers are put back at the end: a notebook's own Ctrl-C must work afterwards.
            self._before[number] = signal.signal(number, self._on_signal)

    def _on_step(self) -> bool:
        return self.signal is None

    def _on_training_end(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Whoever asks twice does not want to wait for the step; the checkpoint of an earlier step is whole.
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number


class StopAfter(BaseCallback):
    """Ends training when this many seconds have passed.

    Args:
        seconds: Wall-clock time from the start of training.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self._began = seconds, 0.0

    def _on_training_start(self) -> None:
        self._began = monotonic()

    def _on_step(self) -> bool:
        if monotonic() - self._began < self.seconds:
            return True
        # The time was the goal: without this the run's record would say that it was stopped early.
        self.model._total_timesteps = self.model.num_timesteps
        return False


class LearningCurve(BaseCallback):
    """Keeps the share of each collection's programs that passed.

    Attributes:
        timesteps: Completions learned from, after each collection.
        passed: The share of each collection's judged programs that passed every test.
    """

    def __init__(self) -> None:
        super().__init__()
        self.timesteps: list[int] = []
        self.passed: list[float] = []

    def _on_step(self) -> bool:
        judged = [experience.is_success for experience in self.locals["collected"] if not experience.infra_error]
        if judged:
            self.timesteps.append(self.model.num_timesteps)
            self.passed.append(float(np.mean(judged)))
        return True
