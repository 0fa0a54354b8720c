"""Mutants killed before and after strengthening, problem by problem, for MBPP's and LeetCode's train splits.

python benchmarks/suites_strengthen.py [--suites NAME:SPLIT ...] [--sample N] [--seed S] [--out FOLDER]

Each problem's numbers are a line of ``FOLDER/NAME_SPLIT.jsonl``, written as soon as they are there: a run that was
interrupted goes on where it was. ``FOLDER/suites_strengthen.json`` sums up all problems of the sample that are done;
shares are of all their mutants together, with 95 % bootstrap intervals over problems.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from codegym.judge import Judge
from codegym.sandbox.pool import Sandbox
from envs_registry.loading import load_suite
from envs_registry.strengthen.strengthening import Effort, Strengthener
from envs_registry.suite import Suite

RESULTS = Path(__file__).parent / "results"
SUITES = ("mbpp:train", "leetcode:train")
COUNTS = ("mutants", "killed_before", "killed_after", "added")


def main(argv: Sequence[str] | None = None) -> int:
    """Strengthens what is not done yet and writes the sums."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--suites", nargs="*", default=SUITES, help="NAME:SPLIT")
    parser.add_argument("--sample", type=int, default=0, help="so many problems at random; 0 takes all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample and of the strengthening")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--out", type=Path, default=RESULTS / "suites_strengthen")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    effort = Effort(seed=options.seed)
    sums = {}
    for name in options.suites:
        suite = _sampled(load_suite(*name.split(":")), options.sample, options.seed)
        done = options.out / f"{name.replace(':', '_')}_seed{options.seed}.jsonl"
        _strengthen(suite, effort, options.workers, done)
        sums[name] = {"problems": len(suite), "effort": asdict(effort), **_sum(suite, _rows(done))}
        print(json.dumps({name: sums[name]}), flush=True)
    (options.out / "suites_strengthen.json").write_text(json.dumps(sums, indent=1) + "\n")
    return 0


def _sampled(suite: Suite, size: int, seed: int) -> Suite:
    """A larger sample of the same seed holds the smaller one, so that a run can be extended."""
    places = list(range(len(suite)))
    random.Random(seed).shuffle(places)
    return suite.at(places[: size or None])


def _strengthen(suite: Suite, effort: Effort, workers: int | None, path: Path) -> None:
    done = _rows(path)
    rest = suite.at(place for place, task_id in enumerate(suite.task_ids) if task_id not in done)
    packages = tuple(package for package in suite.packages if find_spec(package))
    with (
        Judge(workers=workers, packages=packages) as judge,
        Sandbox(workers=1, packages=packages) as sandbox,
        path.open("a", encoding="utf-8") as file,
    ):
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            file.write("\n")  # behind what an interruption cut off
        for result in Strengthener(judge, sandbox, effort).strengthen(rest):
            counts = {name: getattr(result, name) for name in COUNTS}
            row = {"task_id": result.problem.task_id, **counts, "skipped": result.skipped}
            file.write(json.dumps(row) + "\n")
            file.flush()


def _rows(path: Path) -> dict[str, dict[str, Any]]:
    """The problems that are done; a last line that an interruption cut off is not."""
    rows: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        rows[row["task_id"]] = row
    return rows


def _sum(suite: Suite, rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    chosen = [rows[task_id] for task_id in suite.task_ids if task_id in rows]
    tried = [row for row in chosen if not row["skipped"]]
    return {
        "tried": len(tried),
        **{name: sum(row[name] for row in tried) for name in COUNTS},
        "share_killed_before": _share(tried, "killed_before"),
        "share_killed_after": _share(tried, "killed_after"),
        "problems_with_new_tests": sum(row["added"] > 0 for row in tried),
        "skipped": dict(Counter(row["skipped"] for row in chosen if row["skipped"])),
    }


def _share(rows: Sequence[dict[str, Any]], name: str, resamples: int = 4000) -> list[float]:
    """The share of all mutants, and the bounds of its interval when the problems are drawn with replacement."""
    if not rows:
        return []
    killed, mutants = np.array([(row[name], row["mutants"]) for row in rows]).T
    rng = np.random.default_rng(0)
    drawn = [rng.integers(len(rows), size=len(rows)) for _ in range(resamples)]
    shares = [killed[places].sum() / max(mutants[places].sum(), 1) for places in drawn]
    values = (killed.sum() / max(mutants.sum(), 1), *np.quantile(shares, [0.025, 0.975]))
    return [round(float(value), 4) for value in values]


if __name__ == "__main__":
    sys.exit(main())
