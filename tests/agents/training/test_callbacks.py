"""Callbacks: when checkpoints are written, when training ends, and what progress is shown."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stable_baselines3.common.callbacks import BaseCallback, ConvertCallback

from agents.policy.policy import LMPolicy
from agents.progress import ProgressDisplay
from agents.rltf.rltf import RLTF
from agents.training.callbacks import LearningCurve, ProgressBar, SaveLatest, StopAfter, StopOnSignal
from codegym.env import CodeSynthesisEnv
from codegym.errors import InvalidSettingError

SMALL: dict[str, Any] = {"problems_per_step": 2, "samples_per_problem": 3}


@pytest.fixture
def agent(make_policy: Callable[[], LMPolicy], env: CodeSynthesisEnv) -> RLTF:
    """An agent that learns from six programs a step."""
    return RLTF(make_policy(), env, seed=0, **SMALL)


class At(BaseCallback):
    """Does something at one step."""

    def __init__(self, step: int, action: Callable[[], object]) -> None:
        super().__init__()
        self.step, self.action = step, action

    def _on_step(self) -> bool:
        if self.n_calls == self.step:
            self.action()
        return True


def test_the_latest_checkpoint_is_written_at_times_and_at_the_end(agent: RLTF, tmp_path: Path) -> None:
    saved: list[int] = []
    save = agent.save
    agent.save = lambda path: (saved.append(agent.num_timesteps), save(path))[1]  # type: ignore[method-assign]
    agent.learn(6 * 5, callback=SaveLatest(tmp_path / "latest.zip", every=2))
    assert saved == [12, 24, 30]
    assert RLTF.load(tmp_path / "latest").num_timesteps == 30


def test_a_checkpoint_must_be_written_at_some_time() -> None:
    with pytest.raises(InvalidSettingError, match="save_every must be at least 1, got 0"):
        SaveLatest("latest.zip", every=0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_training_after_the_running_step(agent: RLTF, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stop = StopOnSignal()
    agent.learn(6 * 5, callback=[At(2, lambda: os.kill(os.getpid(), number)), stop])
    assert (agent.num_timesteps, stop.signal) == (12, number)
    assert signal.getsignal(number) is before


def test_a_second_signal_interrupts_at_once(agent: RLTF) -> None:
    before = signal.getsignal(signal.SIGINT)

    def twice() -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    try:
        with pytest.raises(KeyboardInterrupt):
            agent.learn(6 * 5, callback=[StopOnSignal(), At(2, twice)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert agent.num_timesteps == 12


def test_time_that_has_passed_ends_training(agent: RLTF) -> None:
    agent.learn(1 << 40, callback=StopAfter(0.0))
    assert agent.num_timesteps == 6


def test_time_that_has_not_passed_does_not(agent: RLTF) -> None:
    agent.learn(12, callback=StopAfter(1e9))
    assert agent.num_timesteps == 12


def test_the_learning_curve_holds_the_share_of_each_collection(agent: RLTF) -> None:
    curve = LearningCurve()
    shares: list[float] = []

    def watch(variables: dict[str, Any], _: object) -> bool:
        shares.append(sum(experience.is_success for experience in variables["collected"]) / 6)
        return True

    agent.learn(18, callback=[curve, ConvertCallback(watch)])
    assert (curve.timesteps, curve.passed) == ([6, 12, 18], pytest.approx(shares))


def test_progress_is_shown_on_standard_error(agent: RLTF, capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar()
    bar._display = ProgressDisplay(every=0.0)  # by default a short job that writes to no terminal says nothing
    agent.learn(12, callback=bar)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "learning: 12 of 12, 12 programs, passed" in shown.err
