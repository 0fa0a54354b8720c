"""Evaluate programs that were written elsewhere: a samples file in HumanEval's format.

Run: python examples/evaluate_samples.py
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

from agents import evaluate
from envs_registry import load_suite

SAMPLES = 10


def main(path: Path) -> None:
    """Writes ten programs for each problem, right and wrong ones, and prints pass@k with intervals."""
    suite = load_suite("core", split="test")[:60]
    rng = random.Random(0)
    with path.open("w") as file:
        for problem in suite[:-2]:  # the last two have no programs
            for _ in range(SAMPLES):
                program = rng.choice([*problem.solutions, *problem.mutants, "def f(:"])
                file.write(json.dumps({"task_id": problem.task_id, "completion": program}) + "\n")
    result = evaluate(path, suite, k=(1, 5, 10))
    for k, interval in result.pass_at.items():
        print(f"pass@{k:<2} {interval}")
    for difficulty, estimates in result.by_difficulty.items():
        print(f"{difficulty:>8}: pass@1 {estimates[1]}")
    print("kinds:", dict(list(result.kinds.items())[:4]))
    print("missing, and not counted as failures:", result.missing)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder) / "samples.jsonl")
