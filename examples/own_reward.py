"""Bring your own reward: a function of the problem and the feedback that returns named parts.

Run: python examples/own_reward.py
"""

from __future__ import annotations

import gymnasium as gym

from codegym import Feedback, Problem

ATTEMPTS = {
    "right and short": "def {name}({args}):\n    return {body}\n",
    "right, with an idle loop": "def {name}({args}):\n    for _ in range(3):\n        pass\n    return {body}\n",
    "does not parse": "def {name}({args}:\n    return {body}\n",
}


def short_and_right(problem: Problem, feedback: Feedback) -> dict[str, float]:
    """Returns the pass rate, less a hundredth for every line beyond the second of a program that passes.

    The parts add up to the reward and show in ``info["reward_components"]``; their names must always be the same.
    """
    lines = len(feedback.program.source.splitlines())
    return {
        "tests": feedback.pass_rate,
        "length": -0.01 * max(0, lines - 2) if feedback.is_success else 0.0,
    }


def main() -> None:
    """Judges three programs for one problem under the reward above."""
    from codegym import CallTest

    problem = Problem(
        task_id="mine/add",
        prompt="Write add(a, b): their sum.",
        entry_point="add",
        tests=tuple(CallTest(args=(a, b), expected=a + b) for a, b in [(1, 2), (0, 0), (-4, 9)]),
    )
    with gym.make("codegym:CodeSynthesis-v0", suite=[problem], reward=short_and_right) as env:
        for name, template in ATTEMPTS.items():
            env.reset(seed=0)
            program = template.format(name="add", args="a, b", body="a + b")
            _, reward, _, _, info = env.step(program)
            print(f"{name:<25} {info['verdict']:<6} reward {reward:+.2f} = {info['reward_components']}")


if __name__ == "__main__":
    main()
