"""Train a language model with RLTF on the embedded suite, through Stable-Baselines3's familiar calls.

Run: python examples/train_rltf.py [FOLDER]      (then: tensorboard --logdir FOLDER)
"""

from __future__ import annotations

import sys
import tempfile

import gymnasium as gym

import codegym  # noqa: F401  registers CodeSynthesis-v0
from agents import RLTF, evaluate
from envs_registry import load_suite


def main(folder: str) -> None:
    """Learns for a few updates; a real run is `codegym demo` or `codegym train rltf`."""
    test = load_suite("core", split="test")[:40]
    envs = gym.make_vec("CodeSynthesis-v0", num_envs=64, suite="core", split="train")
    agent = RLTF("LMPolicy", envs, policy_kwargs={"model": "nano"}, tensorboard_log=folder, device="auto", seed=0)
    print("before:", evaluate(agent, test, k=(1,), n=4))
    agent.learn(total_timesteps=64 * 12, progress_bar=True)
    print("after: ", evaluate(agent, test, k=(1,), n=4))
    agent.save(f"{folder}/agent")
    envs.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="codegym-"))
