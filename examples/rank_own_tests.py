"""Rank a model's programs by a model's tests, as CodeDPO does: programs and tests score each other.

Run: python examples/rank_own_tests.py
"""

from __future__ import annotations

import gymnasium as gym
import numpy as np

import codegym  # noqa: F401  registers CodeSynthesis-v0
from agents import LMPolicy
from agents.codedpo.data.sampling import TaskSampler
from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.rollout.episodes import make_episodes
from agents.rollout.sampler import Sampler
from agents.scoring.matrix import MatrixJudge
from agents.scoring.ranking import Ranking, rank
from codegym import Judge
from envs_registry import load_suite


def main() -> None:
    """Lets the small built-in model write programs and tests, ranks both, and compares with the problems' tests."""
    policy = LMPolicy.load("nano", max_new_tokens=96, seed=0)
    suite = load_suite("core", split="test").filter(difficulties=["easy"])[:12]
    picked, average = [], []
    with Judge() as judge, gym.make("CodeSynthesis-v0", suite=suite, judge=judge) as env:
        settings = SamplingSettings(programs=12, test_texts=8, temperature=0.8)
        sampler = Sampler(policy=policy, sampling=settings.sampling(policy))
        tasks = TaskSampler(episodes=make_episodes(env), sampler=sampler, judge=judge, settings=settings)
        for matrix in MatrixJudge(judge).fill(list(tasks.sample())):
            problem = suite.by_id(matrix.samples.task_id)
            verdicts = judge.judge_many([(problem, program) for program in matrix.samples.completions])
            right = np.array([feedback.is_success for feedback in verdicts])
            scores = rank(matrix.link, Ranking.SELF_VALIDATION)
            average.append(right.mean())
            picked.append(right[scores.best()].mean())
            tests = (
                f"{len(matrix.tests)} tests, best: {matrix.tests[scores.tests.argmax()]}" if matrix.tests else "none"
            )
            print(f"{problem.task_id}: {right.sum():2} of {right.size} right; first: {picked[-1]:4.0%}; {tests}")
    print(f"right: {np.mean(average):.0%} of all programs, {np.mean(picked):.0%} of those ranked first")


if __name__ == "__main__":
    main()
