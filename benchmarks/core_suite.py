"""Judges the whole suite ``core``: solutions, mutants, empty and spoilt programs, and what programs cost.

python benchmarks/core_suite.py [--workers 2] [--spoilt 3] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codegym.judge import Judge
from codegym.problem import Problem
from codegym.sandbox.limits import Limits
from tools.core_suite import SPLITS, Corruption, Draft, corrupt, drafts

RESULTS = Path(__file__).parent / "results"


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the figures; returns 1 where a reference solution fails or a wrong program passes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--spoilt", type=int, default=3, help="spoilt programs for each problem")
    parser.add_argument("--out", type=Path, default=RESULTS / "core_suite.json", help="where the figures are written")
    options = parser.parse_args(argv)
    everything = [exercise for split in SPLITS for exercise in drafts(split)]
    with Judge(workers=options.workers) as judge:
        report = {
            "problems": _census(),
            "solutions": _verdicts(judge, everything, lambda exercise: exercise.problem.solutions, "pass"),
            "mutants": _verdicts(judge, everything, lambda exercise: exercise.problem.mutants, ""),
            "empty": _verdicts(judge, everything, lambda exercise: ("",), ""),
            "spoilt": _spoilt(judge, everything, options.spoilt),
            "costs": _costs(judge, everything),
        }
    text = json.dumps(report, indent=2)
    options.out.write_text(text + "\n")
    print(text)
    return int(bool(report["solutions"]["at_fault"] or report["mutants"]["at_fault"] or report["empty"]["at_fault"]))


def _census() -> dict[str, dict[str, int]]:
    """Returns the number of problems for each family and difficulty, and split."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for split in SPLITS:
        for exercise in drafts(split):
            table[split][f"{exercise.family}/{exercise.problem.difficulty}"] += 1
            table[split]["all"] += 1
    return {split: dict(sorted(row.items())) for split, row in table.items()}


def _verdicts(judge: Judge, everything: list[Draft], programs: Any, right: str) -> dict[str, Any]:
    """Judges programs that should all pass (``right`` is "pass"), or all fail (``right`` is empty)."""
    pairs: list[tuple[Problem, str]] = [(e.problem, program) for e in everything for program in programs(e)]
    start = time.perf_counter()
    feedback = judge.judge_many(pairs)
    seconds = time.perf_counter() - start
    print(f"{len(pairs):,} programs judged in {seconds:.0f} s", file=sys.stderr, flush=True)
    at_fault = [
        {"task_id": problem.task_id, "program": program, "verdict": str(found.verdict), "kind": str(found.kind)}
        for (problem, program), found in zip(pairs, feedback, strict=True)
        if found.is_success is not bool(right) or found.verdict == "infra_error"
    ]
    return {"programs": len(pairs), "seconds": round(seconds, 1), "at_fault": at_fault}


def _spoilt(judge: Judge, everything: list[Draft], count: int) -> dict[str, Any]:
    """Judges spoilt programs and returns for each kind of corruption the share that the tests let pass."""
    rng = random.Random(0)
    pairs, kinds = [], []
    for exercise in everything:
        for _ in range(count):
            order = rng.sample(list(Corruption), len(Corruption))
            for kind in order:
                try:
                    spoilt = corrupt(rng.choice(exercise.problem.solutions), rng, (kind,))
                except ValueError:
                    continue
                pairs.append((exercise.problem, spoilt))
                kinds.append(kind.value)
                break
    passed, all_kinds, verdicts = Counter[str](), Counter(kinds), Counter[str]()
    for name, found in zip(kinds, judge.judge_many(pairs), strict=True):
        passed[name] += found.is_success
        verdicts[f"{found.verdict}/{found.kind}"] += 1
    return {
        "programs": len(pairs),
        "share_passed": round(passed.total() / len(pairs), 4),
        "share_passed_by_kind": {kind: round(passed[kind] / n, 3) for kind, n in all_kinds.most_common()},
        "verdicts": dict(verdicts.most_common()),
    }


def _costs(judge: Judge, everything: list[Draft], size: int = 1000, sample: int = 150) -> dict[str, Any]:
    """Returns the ratio of CPU seconds of the slowest to the fastest reference solution on a large input."""
    rng = random.Random(0)
    ratios = []
    for exercise in rng.sample(everything, sample):
        problem = exercise.problem
        large = Problem(
            task_id=problem.task_id,
            prompt=problem.prompt,
            entry_point=problem.entry_point,
            tests=(exercise.recipe.workload(size),),
            limits=Limits(cpu_seconds=5, program_cpu_seconds=5),
        )
        found = [judge.judge(large, solution) for solution in problem.solutions]
        times = [feedback.cpu_seconds for feedback in found if feedback.is_success]
        if len(times) > 1 and min(times) > 0:
            ratios.append(max(times) / min(times))
    ratios.sort(reverse=True)
    return {
        "measured": len(ratios),
        "median_ratio": round(statistics.median(ratios), 2),
        "share_above_1.5": round(sum(ratio > 1.5 for ratio in ratios) / len(ratios), 3),
        "share_above_3": round(sum(ratio > 3 for ratio in ratios) / len(ratios), 3),
        "largest": [round(ratio, 1) for ratio in ratios[:5]],
    }


if __name__ == "__main__":
    sys.exit(main())
