"""Watch and control a training run: with Stable-Baselines3's callbacks, codegym's, and one of your own.

Run: python examples/callbacks.py
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import gymnasium as gym
from stable_baselines3.common.callbacks import BaseCallback, CheckpointCallback

import codegym  # noqa: F401  registers CodeSynthesis-v0
from agents import RLTF
from agents.training.callbacks import LearningCurve, StopAfter


class Kinds(BaseCallback):
    """Counts what went wrong in each learning step, and logs it as a table of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Counter[str]] = []

    def _on_step(self) -> bool:
        kinds = Counter(str(experience.kind) for experience in self.locals["collected"])
        self.steps.append(kinds)
        self.logger.record("own/most_common_is_a_pass", float(kinds.most_common(1)[0][0] == "none"))
        return True  # False ends the training


def main(folder: Path) -> None:
    """Trains for a few steps under four callbacks."""
    kinds, curve = Kinds(), LearningCurve()
    envs = gym.make_vec("CodeSynthesis-v0", num_envs=64, suite="core", split="train")
    agent = RLTF("LMPolicy", envs, policy_kwargs={"model": "nano"}, seed=0)
    checkpoints = CheckpointCallback(save_freq=2, save_path=str(folder), name_prefix="agent")
    agent.learn(total_timesteps=64 * 4, callback=[kinds, curve, checkpoints, StopAfter(seconds=40)])
    for timesteps, passed, counts in zip(curve.timesteps, curve.passed, kinds.steps, strict=True):
        print(f"{timesteps:5} programs: {passed:4.0%} passed; {dict(counts.most_common(3))}")
    print("checkpoints:", sorted(file.name for file in folder.iterdir()))
    envs.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))
