"""Bring your own problems: any sequence of `Problem` is a suite.

Run: python examples/own_problems.py
"""

from __future__ import annotations

import gymnasium as gym

from codegym import CallTest, Problem, StdioTest

PROBLEMS = [
    Problem(
        task_id="mine/last",
        prompt="Write last(xs): the last item of a list, or None if the list is empty.",
        entry_point="last",
        tests=(
            CallTest(args=([1, 2, 3],), expected=3, public=True),  # public tests may be shown to the agent
            CallTest(args=([],), expected=None),  # private ones only pay reward
            CallTest(args=(["a"],), expected="a"),
        ),
        solutions=("def last(xs):\n    return xs[-1] if xs else None\n",),
    ),
    Problem(
        task_id="mine/echo",
        prompt="Read one line and print it in capitals.",
        tests=(
            StdioTest(stdin="abc\n", expected_stdout="ABC\n", public=True),
            StdioTest(stdin="\n", expected_stdout="\n"),
        ),
        solutions=("print(input().upper())\n",),
    ),
]


def main() -> None:
    """Tries two answers to the first problem and the reference solution of the second."""
    with gym.make("codegym:CodeSynthesis-v0", suite=PROBLEMS, render_mode="ansi", max_turns=2) as env:
        observation, _ = env.reset(seed=0, options={"task_id": "mine/last"})
        print(observation["prompt"])
        for attempt in ("def last(xs):\n    return xs[-1]\n", "def last(xs):\n    return xs[-1] if xs else None\n"):
            observation, reward, terminated, _truncated, info = env.step(attempt)
            print(env.render())
            print(f"reward {reward:+.2f}, {info['tests_passed']}/{info['tests_total']} tests, terminated: {terminated}")
        env.reset(options={"task_id": "mine/echo"})
        print(env.step(PROBLEMS[1].solutions[0])[4]["verdict"])


if __name__ == "__main__":
    main()
