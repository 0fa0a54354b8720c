"""PPO of Stable-Baselines3 writes expressions token by token: an action is one of 16 tokens, a program has up to 12.

Run: python examples/ppo_tokens.py
"""

from __future__ import annotations

import random

import gymnasium as gym
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

import codegym  # noqa: F401  registers CodeSynthesis-v0
from codegym import CallTest, Judge, Problem
from codegym.wrappers import TokenByToken, Vocabulary

TOKENS = Vocabulary(
    ["a", "b", "1", " + ", " - ", " * ", "max(", "min(", "abs(", ",", ")", "sum", "gap", "most", "next"]
)
MEANT = {"sum": lambda a, b: a + b, "gap": lambda a, b: abs(a - b), "most": max, "next": lambda a, b: a + 1}
EPISODES, STEPS = 120, 12_288


def problem(word: str) -> Problem:
    """Returns a problem whose prompt is one word: the name of a function."""
    rng = random.Random(word)
    pairs = [(rng.randint(-9, 9), rng.randint(-9, 9)) for _ in range(6)]
    tests = [CallTest(args=pair, expected=MEANT[word](*pair)) for pair in pairs]
    return Problem(task_id=word, prompt=word, entry_point="f", tests=tests)


def main() -> None:
    """Trains PPO and compares its mean reward with that of random tokens."""
    with Judge(workers=1) as judge:

        def make() -> gym.Env:
            env = gym.make("CodeSynthesis-v0", suite=[problem(word) for word in MEANT], judge=judge)
            whole = gym.wrappers.TransformAction(env, lambda text: f"def f(a, b):\n    return {text}", env.action_space)
            return TokenByToken(whole, TOKENS, prompt_tokens=1, completion_tokens=12)

        envs = make_vec_env(make, n_envs=16, seed=0)
        agent = PPO(
            "MlpPolicy",
            envs,
            n_steps=96,
            batch_size=256,
            n_epochs=6,
            ent_coef=0.02,
            gamma=1.0,
            learning_rate=1e-3,
            seed=0,
        )
        before = rewards(make(), None)
        agent.learn(STEPS)
        after = rewards(make(), agent)
        envs.close()
    margin = 1.96 * before.std() / len(before) ** 0.5
    print(
        f"random tokens: mean reward {before.mean():+.2f} [{before.mean() - margin:.2f}, {before.mean() + margin:.2f}]"
    )
    print(f"PPO:           mean reward {after.mean():+.2f}")
    assert after.mean() > before.mean() + margin


def rewards(env: gym.Env, agent: PPO | None) -> np.ndarray:
    """Runs some episodes with the agent's tokens, or with random ones, and returns their rewards."""
    env.action_space.seed(1)
    paid = []
    for episode in range(EPISODES):
        observation, _ = env.reset(seed=episode)
        done = False
        while not done:
            action = env.action_space.sample() if agent is None else agent.predict(observation)[0]
            observation, reward, ended, cut, _ = env.step(action)
            done = ended or cut
        paid.append(float(reward))
    return np.array(paid)


if __name__ == "__main__":
    main()
