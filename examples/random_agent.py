"""The smallest agent: it writes one of a problem's known programs, right or wrong, at random.

Run: python examples/random_agent.py
"""

from __future__ import annotations

import gymnasium as gym
import numpy as np


def main() -> None:
    """Plays 20 episodes on the embedded suite and prints the result of each answer."""
    rng = np.random.default_rng(0)
    with gym.make("codegym:CodeSynthesis-v0", suite="core", split="validation") as env:
        observation, info = env.reset(seed=0)
        for _ in range(20):
            problem = env.unwrapped.problem
            action = rng.choice([*problem.solutions, *problem.mutants, "", "def f(:"])
            observation, reward, terminated, truncated, info = env.step(str(action))
            print(
                f"{info['task_id']:<14} {info['verdict']:<6} {info['kind']:<14} {info['pass_rate']:4.0%} {reward:+.2f}"
            )
            if terminated or truncated:
                observation, info = env.reset()
        print("The last prompt was:", observation["prompt"], sep="\n")


if __name__ == "__main__":
    main()
