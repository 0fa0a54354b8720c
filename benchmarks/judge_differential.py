"""The judge beside plain CPython: real programs under both, and every difference by name. None may stay unexplained.

python benchmarks/judge_differential.py                        # reference programs and a model's programs
python benchmarks/judge_differential.py --limit 50             # at most so many programs of each source, for a look
python benchmarks/judge_differential.py --sources leetcode apps

Programs run under plain CPython without any protection: use published ones only. What has been run is kept in
``--state`` and not run again.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from judging import plain_python
from judging.machine import Machine
from judging.report import RESULTS, Report, Sheet
from rich.console import Console
from rich.progress import track

from codegym import Feedback, Judge, Limits, Problem
from envs_registry import load_suite

_console = Console(stderr=True)
SUITES = {
    "humaneval": ("test",), "mbpp": ("all",), "quixbugs": ("test",), "humanevalplus": ("test",), "mbppplus": ("test",),
    "leetcode": ("train", "test"), "apps": ("train", "validation"), "codecontests": ("test",),
}  # fmt: skip
"""The splits whose problems have reference programs."""
CODET = "codet"
_AT_A_TIME = 32
_LIMITS = Limits(cpu_seconds=10, wall_seconds=40, program_cpu_seconds=40, memory_bytes=2 * 2**30, output_bytes=2**26)
_NEAR_THE_LIMIT = 0.3
"""A test that took this share of its time in the judge may be over or under the limit by chance."""


@dataclass(frozen=True)
class Trial:
    """One program of one source."""

    source: str
    problem: Problem
    program: str

    @property
    def key(self) -> str:
        """Names the program in the state."""
        text = f"{self.source}\0{self.problem.task_id}\0{self.program}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def trials(source: str, options: argparse.Namespace) -> Iterator[Trial]:
    """Yields the programs of a source."""
    if source == CODET:
        yield from _codet(options)
        return
    for split in SUITES[source]:
        for problem in load_suite(source, split, data_dir=options.data):
            bytes_needed = max(_LIMITS.memory_bytes, problem.limits.memory_bytes if problem.limits else 0)
            limits = replace(_LIMITS, memory_bytes=bytes_needed)
            bounded = replace(problem, tests=problem.tests[: options.tests], limits=limits)
            for program in problem.solutions[: options.programs]:
                yield Trial(source, bounded, program)


def _codet(options: argparse.Namespace) -> Iterator[Trial]:
    problems = {problem.task_id: problem for problem in load_suite("humaneval", data_dir=options.data)}
    with gzip.open(options.data / "codet" / "humaneval_codegen16b.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            problem = replace(problems[row["task_id"]], limits=replace(_LIMITS, cpu_seconds=2, program_cpu_seconds=4))
            for body in row["solutions"][:: max(1, 100 // options.codet)]:
                yield Trial(CODET, problem, body)


def compare(trial: Trial, feedback: Feedback) -> dict[str, Any]:
    """Returns what both said of one program, and where they differ."""
    limits = trial.problem.limits or Limits()
    plain = plain_python.outcomes(trial.problem, feedback.program.source, limits)
    different = []
    for test, outcome in zip(feedback.tests, plain, strict=True):
        ours = str(test.status)
        if ours != outcome.partition(":")[0]:
            is_near = "timeout" in (ours, outcome) and test.cpu_seconds > _NEAR_THE_LIMIT * limits.cpu_seconds
            different.append({
                "test": test.index, "judge": ours, "kind": str(test.kind), "cpython": outcome, "got": test.actual[:160],
                "near_limit": is_near,
            })  # fmt: skip
    return {
        "key": trial.key, "source": trial.source, "task_id": trial.problem.task_id, "tests": len(plain),
        "verdict": str(feedback.verdict), "different": different,
    }  # fmt: skip


def explained(found: dict[str, Any]) -> str:
    """Returns why a difference is none of the judge's, empty where there is no known reason."""
    if found["near_limit"]:
        return "near the time limit"
    said = found["judge"], found["cpython"], found["got"]
    return next((why for why, applies in EXPLANATIONS.items() if applies(*said)), "")


EXPLANATIONS: dict[str, Callable[[str, str, str], bool]] = {
    "a package that the judge was not given": lambda ours, cpython, got: got.startswith("ModuleNotFoundError"),
    "the budget over all tests": lambda ours, cpython, got: (
        ours == "timeout" and got in ("", "time limit over all tests exceeded")  # only the first texts are kept
    ),
    "the published test asserts nothing": lambda ours, cpython, got: (
        ours == "unjudged" and ("passes whatever" in got or "asserts nothing" in got)
    ),
    "the memory limit": lambda ours, cpython, got: got.startswith(("MemoryError", "memory limit")),
    "the problem's own helper stumbled over the answer": lambda ours, cpython, got: (
        ours == "fail" and cpython.startswith("error: ") and f"# {cpython.split(': ')[1]}" in got
    ),
    "files of the host": lambda ours, cpython, got: got.startswith(("FileNotFoundError", "PermissionError")),
    "a crash of the interpreter under both": lambda ours, cpython, got: (
        "interpreter crashed" in got and "ended with" in cpython
    ),
}
"""Differences that the judge's documentation names."""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("CODEGYM_DATA"), help="folder of the benchmarks")
    parser.add_argument("--sources", nargs="+", choices=(*SUITES, CODET), default=(*SUITES, CODET))
    parser.add_argument("--limit", type=int, default=None, help="most programs of each source")
    parser.add_argument("--programs", type=int, default=2, help="reference programs of each problem")
    parser.add_argument("--tests", type=int, default=20, help="first tests of each problem that are run")
    parser.add_argument("--codet", type=int, default=10, help="programs of a model for each problem")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--state", type=Path, default=Path("runs/judge_differential.jsonl"), help="what was run before")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report")
    options = parser.parse_args(argv)
    if options.data is None or not Path(options.data).is_dir():
        parser.error("no benchmark data: name a folder by --data or CODEGYM_DATA")
    options.data = Path(options.data)
    return options


def main(argv: Sequence[str]) -> int:
    """Runs and reports; 1 if a difference is unexplained."""
    options = parse(argv)
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets in the order in which the judge's programs see them
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    machine, start = Machine(), time.monotonic()
    options.state.parent.mkdir(parents=True, exist_ok=True)
    known: dict[str, dict[str, Any]] = {}
    if options.state.exists():
        known = {row["key"]: row for row in map(json.loads, options.state.read_text().splitlines())}
    rows: list[dict[str, Any]] = []
    with Judge(workers=options.workers) as judge, options.state.open("a") as state:
        for source in options.sources:
            chosen = [trial for _, trial in zip(range(options.limit or 10**9), trials(source, options), strict=False)]
            rows += [known[trial.key] for trial in chosen if trial.key in known]
            left = [trial for trial in chosen if trial.key not in known]
            groups = [left[i : i + _AT_A_TIME] for i in range(0, len(left), _AT_A_TIME)]
            for group in track(groups, description=source, console=_console):
                judged = judge.judge_many([(trial.problem, trial.program) for trial in group])
                for trial, feedback in zip(group, judged, strict=True):
                    rows.append(compare(trial, feedback))
                    state.write(json.dumps(rows[-1]) + "\n")
                    state.flush()
    report(rows, argv, machine, time.monotonic() - start, options.out)
    return 1 if any(not explained(one) for row in rows for one in row["different"]) else 0


def report(rows: Sequence[dict[str, Any]], argv: Sequence[str], machine: Machine, seconds: float, out: Path) -> None:
    """Writes the report."""
    table, lines = [], []
    for source in dict.fromkeys(row["source"] for row in rows):
        own = [row for row in rows if row["source"] == source]
        found = [one for row in own for one in row["different"]]
        reasons = Counter(explained(one) or "unexplained" for one in found)
        passed = sum(row["verdict"] == "pass" for row in own)
        table.append((
            source, f"{len(own):,}", f"{sum(row['tests'] for row in own):,}", f"{passed:,}", f"{len(found):,}",
            f"{reasons.pop('unexplained', 0):,}", ", ".join(f"{why}: {n}" for why, n in reasons.items()),
        ))  # fmt: skip
        for row in own:
            for one in row["different"][:3]:
                why = explained(one) or "UNEXPLAINED"
                lines.append(
                    f"- {row['task_id']}, test {one['test']}: judge {one['judge']} ({one['kind']}), "
                    f"CPython {one['cpython']}; {why}"
                )
    sheet = Sheet(
        title="Programs under the judge and under plain CPython",
        columns=("source", "programs", "tests", "passed", "different", "unexplained", "explained"),
        rows=tuple(table),
        remarks=tuple(lines[:200]),
    )
    sheet.show(Console())
    command = ("python benchmarks/judge_differential.py " + " ".join(argv)).strip()
    differing = [row for row in rows if row["different"]]
    data = {
        "programs": len(rows),
        "tests": sum(row["tests"] for row in rows),
        "differing": differing,
        "seconds": seconds,
    }
    page = Report(name="judge_differential", command=command, machine=machine, sheets=[sheet], data=data).write(out)
    _console.print(f"written: {page}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
