"""Repair over several turns: the agent reads the public tests' feedback on its program and writes a better one.

Run: python examples/repair.py
"""

from __future__ import annotations

from collections import Counter

import gymnasium as gym

import codegym  # noqa: F401  registers CodeSynthesis-v0
from agents import LMPolicy
from envs_registry import load_suite

TURNS, PROBLEMS = 3, 30


def main() -> None:
    """Lets the small built-in model try each problem up to three times, and counts what each turn solved."""
    policy = LMPolicy.load("nano", max_new_tokens=96, seed=0)
    suite = load_suite("core", split="test")[:PROBLEMS]
    solved: Counter[int] = Counter()
    repaired = ""
    with gym.make("CodeSynthesis-v0", suite=suite, max_turns=TURNS, render_mode="ansi") as env:
        for task_id in suite.task_ids:
            observation, _ = env.reset(seed=0, options={"task_id": task_id})
            for turn in range(1, TURNS + 1):
                prompt = policy.prompt_text(observation)  # from the second turn on it holds the feedback
                (completion,) = policy.generate([prompt], temperature=1.0)
                feedback = observation["feedback"]
                observation, _, terminated, truncated, info = env.step(completion.text)
                if info["is_success"]:
                    solved[turn] += 1
                    repaired = repaired or (f"{feedback}\n--- and then ---\n{env.render()}" if turn > 1 else "")
                if terminated or truncated:
                    break
    for turn in range(1, TURNS + 1):
        right = sum(solved[earlier] for earlier in range(1, turn + 1))
        print(f"solved after turn {turn}: {right} of {len(suite)}")
    print(repaired or "No program was repaired this time.")


if __name__ == "__main__":
    main()
