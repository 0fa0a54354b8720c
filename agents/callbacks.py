"""Callbacks of our own, beside Stable-Baselines3's, which all work too."""

from __future__ import annotations

import signal
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from stable_baselines3.common.callbacks import BaseCallback


class ProgressBar(BaseCallback):
    """Shows completions done, the share of the last ones that passed, and the time left, on standard error."""

    def __init__(self) -> None:
        super().__init__()
        columns = (BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f} completions"))
        words = (TextColumn("passed {task.fields[passed]}"), TimeElapsedColumn(), TimeRemainingColumn())
        self._progress = Progress(TextColumn("learning"), *columns, *words, console=Console(stderr=True))

    def _on_training_start(self) -> None:
        total, done = self.locals["total_timesteps"], self.model.num_timesteps
        self._task = self._progress.add_task("", total=total, completed=done, passed="  -")
        self._progress.start()

    def _on_step(self) -> bool:
        passed = [experience.is_success for experience in self.locals["collected"] if not experience.infra_error]
        share = f"{100 * np.mean(passed):3.0f} %" if passed else "  -"
        self._progress.update(self._task, completed=self.model.num_timesteps, passed=share)
        return True

    def _on_training_end(self) -> None:
        self._progress.stop()


class SaveLatest(BaseCallback):
    """Keeps one checkpoint, the latest: written atomically every so many learning steps, and at the end.

    Args:
        path: The file.
        every: Learning steps (collections) between two checkpoints.
    """

    def __init__(self, path: str | Path, every: int = 10) -> None:
        super().__init__()
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
            self._before[number] = signal.signal(number, self._on_signal)

    def _on_step(self) -> bool:
        return self.signal is None

    def _on_training_end(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number


class StopAfter(BaseCallback):
    """Ends training when this many seconds have passed.

    Args:
        seconds: Of wall-clock time, from the start of training.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self._began = seconds, 0.0

    def _on_training_start(self) -> None:
        self._began = monotonic()

    def _on_step(self) -> bool:
        return monotonic() - self._began < self.seconds
