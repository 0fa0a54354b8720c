"""Judge many programs at once, with every core, without an environment.

Run: python examples/batch_judging.py
"""

from __future__ import annotations

import time
from collections import Counter

from codegym import Judge
from envs_registry import load_suite


def main() -> None:
    """Judges every reference solution and every mutant of the embedded suite's test split."""
    problems = load_suite("core", split="test")
    pairs = [(problem, program) for problem in problems for program in (*problem.solutions, *problem.mutants)]
    with Judge() as judge:
        started = time.perf_counter()
        feedbacks = judge.judge_many(pairs)
        seconds = time.perf_counter() - started
    print(f"{len(pairs)} programs in {seconds:.1f} s: {len(pairs) / seconds:.0f} programs/s")
    for what, count in Counter((feedback.verdict.value, feedback.kind.value) for feedback in feedbacks).most_common():
        print(f"{count:6}  {what[0]:<8} {what[1]}")


if __name__ == "__main__":
    main()
