"""What Stable-Baselines3 does with an environment works on this one: texts in object arrays, statistics, evaluation."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stable_baselines3.common.callbacks import EvalCallback
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.logger import KVWriter, Logger
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from codegym import Problem
from codegym.env import CodeSynthesisEnv


class Recorder(KVWriter):
    """Keeps the scalars that are logged."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        self.values.update(key_values)


class Author:
    """As much of an SB3 model as evaluation asks for; it solves the problems that its knowledge names."""

    def __init__(self, *knows: str) -> None:
        self.knows = knows
        self.num_timesteps = 0

    def predict(self, observation: dict[str, np.ndarray], **_: Any) -> tuple[np.ndarray, None]:
        prompts = observation["prompt"]
        assert prompts.dtype == object
        texts = ["pass é" if any(word in prompt for word in self.knows) else "\ud800" for prompt in prompts]
        return np.array(texts, dtype=object), None


@pytest.fixture
def vec_env(fake_judge: Any, problems: tuple[Problem, ...]) -> DummyVecEnv:
    return DummyVecEnv([lambda: Monitor(CodeSynthesisEnv(problems, judge=fake_judge, max_turns=2))] * 3)


def test_dummy_vec_env_and_vec_monitor(fake_judge: Any, problems: tuple[Problem, ...]) -> None:
    plain = DummyVecEnv([lambda: CodeSynthesisEnv(problems, judge=fake_judge, max_turns=2)] * 3)
    envs = VecMonitor(plain, info_keywords=("is_success",))
    envs.seed(0)
    observations: Any = envs.reset()
    assert observations["prompt"].shape == (3,)
    assert observations["turn"].tolist() == [0, 0, 0]
    actions = np.array(["pass", "fail", "\ud800"], dtype=object)
    observations, rewards, dones, infos = envs.step(actions)
    assert dones.tolist() == [True, False, False]
    assert observations["turn"].tolist() == [0, 1, 1]
    assert infos[0]["terminal_observation"]["turn"] == 1
    assert infos[0]["episode"]["r"] == pytest.approx(float(rewards[0]))
    assert not infos[0]["TimeLimit.truncated"]
    assert observations["feedback"][1]


def test_monitor_writes_its_table(fake_judge: Any, problems: tuple[Problem, ...], tmp_path: Path) -> None:
    env = Monitor(CodeSynthesisEnv(problems, judge=fake_judge), str(tmp_path / "run"), info_keywords=("is_success",))
    env.reset(seed=0)
    env.step("pass")
    env.close()
    lines = (tmp_path / "run.monitor.csv").read_text().splitlines()[1:]
    assert next(csv.DictReader(lines))["is_success"] == "True"


def test_evaluate_policy(vec_env: DummyVecEnv) -> None:
    vec_env.seed(0)
    best, spread = evaluate_policy(Author("Return"), vec_env, n_eval_episodes=9)  # type: ignore[arg-type]
    worst, _ = evaluate_policy(Author(), vec_env, n_eval_episodes=9)  # type: ignore[arg-type]
    assert spread == 0
    assert best > worst


def test_eval_callback_logs_the_success_rate(vec_env: DummyVecEnv, tmp_path: Path) -> None:
    vec_env.seed(0)
    recorder = Recorder()
    logger = Logger(str(tmp_path), [recorder])
    author = Author("Return 1", "Return 2")
    author.__dict__.update(logger=logger, get_env=lambda: vec_env, get_vec_normalize_env=lambda: None)
    callback = EvalCallback(vec_env, n_eval_episodes=60, eval_freq=1, verbose=0, log_path=str(tmp_path))
    callback.init_callback(author)  # type: ignore[arg-type]
    callback.on_training_start({}, {})
    callback.on_step()
    assert 0.1 < recorder.values["eval/success_rate"] < 0.8
    assert recorder.values["eval/mean_ep_length"] > 1
