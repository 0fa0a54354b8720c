"""How good feedback is, measured: on 8,200 real programs, on QuixBugs and on single-line mutants.

    python benchmarks/feedback_locations.py --data FOLDER [--parts places cost static faults] [--workers 2]

- *places*: kind, line and agreement with CPython's own report (``cpython_report.py``) on the failing programs of codet;
- *cost*: judging with diagnostics against the same judging without (the sandbox alone), and the price of a trace;
- *static*: ruff and the parser over 1,000 programs;
- *faults*: how often the changed line is among the first 1, 3, 5 suspects of a wrong answer, against a random ranking.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

from faulty_lines import faulty_lines
from mutants import mutants

from codegym import Feedback, Judge, Limits, Problem, ScriptTest
from codegym.feedback.interpretation import interpret
from codegym.feedback.localization import divergence, spectrum
from codegym.feedback.static_analysis import analyze
from codegym.feedback.tracing import Trace, trace_job, traces_of
from codegym.program import Program
from envs_registry import load_suite

LIMITS = Limits(cpu_seconds=2.0, wall_seconds=20.0, program_cpu_seconds=8.0)
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Sample:
    """One of codet's programs."""

    problem: Problem
    completion: str
    label: str


@dataclass(frozen=True)
class Fault:
    """A wrong program whose wrong line is known."""

    name: str
    lines: Sequence[int]
    line: int
    passed: Sequence[bool]
    traces: Sequence[Trace]
    references: Sequence[Trace] | None


def codet(data: Path) -> list[Sample]:
    """Returns the distinct programs of codet with HumanEval's own test scripts."""
    with gzip.open(data / "humaneval" / "HumanEval.jsonl.gz", "rt") as lines:
        problems = {row["task_id"]: row for row in map(json.loads, lines)}
    samples: dict[tuple[str, str], Sample] = {}
    with gzip.open(data / "codet" / "humaneval_codegen16b.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            own = problems[row["task_id"]]
            problem = Problem(
                task_id=row["task_id"], prompt=row["prompt"], starter_code=row["prompt"],
                entry_point=own["entry_point"], tests=(ScriptTest(source=own["test"]),), limits=LIMITS,
            )  # fmt: skip
            for solution, label in zip(row["solutions"], row["labels"], strict=True):
                samples.setdefault((row["task_id"], solution), Sample(problem, solution, label))
    return list(samples.values())


def places(data: Path, workers: int) -> None:
    """Prints kinds, lines and the agreement with CPython over all of codet."""
    samples = codet(data)
    with Judge(workers=workers, strict_extraction=True) as judge:
        began = time.perf_counter()
        judged = judge.judge_many([(sample.problem, sample.completion) for sample in samples])
        print(f"{len(samples)} distinct programs judged in {time.perf_counter() - began:.0f} s")
    print("verdicts:", dict(Counter(str(feedback.verdict) for feedback in judged)))
    agreeing = sum(fb.is_success == (s.label == "pass") for fb, s in zip(judged, samples, strict=True))
    print(f"verdict agrees with the measured label: {agreeing} of {len(samples)}")
    wrong = [(s, fb) for s, fb in zip(samples, judged, strict=True) if fb.verdict in ("error", "timeout")]
    print(f"errors with a kind: {sum(fb.kind != 'none' for _, fb in wrong)} of {len(wrong)}")
    lined = [(s, fb) for s, fb in wrong if fb.kind.is_syntax or fb.diagnostics[0].source == "runtime"]
    inside = [fb for _, fb in lined if 1 <= fb.diagnostics[0].start_line <= len(fb.program.line_starts)]
    print(f"run-time and syntax errors with a line of the program: {len(inside)} of {len(lined)}")
    compare(lined)


def compare(lined: Sequence[tuple[Sample, Feedback]]) -> None:
    """Prints how often the place is the one that CPython reports, where both saw the same exception."""
    asked = [
        {"source": fb.program.source, "entry": s.problem.entry_point, "script": s.problem.tests[0].source}  # type: ignore[union-attr]
        for s, fb in lined
    ]
    done = subprocess.run([sys.executable, "-I", "-S", HERE / "cpython_report.py"], text=True, capture_output=True,
                          check=True, input="\n".join(map(json.dumps, asked)))  # fmt: skip
    outcomes: Counter[str] = Counter()
    for (sample, feedback), line in zip(lined, done.stdout.splitlines(), strict=True):
        report = json.loads(line)
        outcome = agreement(feedback, report)
        outcomes[outcome] += 1
        if outcome == "another place":
            print("  ", sample.problem.task_id, feedback.diagnostics[0], report)
    print("against CPython's own report:", dict(outcomes))


def agreement(feedback: Feedback, report: Mapping[str, Any]) -> str:
    """Says how a feedback's first place compares with CPython's report of the same program."""
    found, place = feedback.diagnostics[0], report.get("place")
    if not place or not found.message.startswith(report["type"]) or report["type"] == "RecursionError":
        return "no comparable report (another exception, none, or a depth that depends on the stack)"
    program = feedback.program
    if place[1] is None:
        return "same line" if place[0] == found.start_line else "another place"
    expected = tuple(program.offset_of(line, col) for line, col in (place[:2], place[2:]))
    seen = program.offset_of(found.start_line, found.start_col), program.offset_of(found.end_line, found.end_col)
    return "same place" if seen == expected else "another place"


def cost(data: Path, workers: int) -> None:
    """Prints what diagnostics add to judging, and what a trace costs."""
    samples = random.Random(0).sample([s for s in codet(data) if s.label != "timeout"], 400)
    programs = [Program.from_completion(sample.completion, sample.problem) for sample in samples]
    with Judge(workers=workers, strict_extraction=True) as judge:
        jobs = [judge.job(sample.problem, program) for sample, program in zip(samples, programs, strict=True)]
        executions = judge.run_many(jobs)
        alone, whole = [], []
        for _ in range(3):
            alone.append(seconds(lambda: judge.run_many(jobs)))
            whole.append(seconds(lambda: judge.judge_many([(s.problem, s.completion) for s in samples])))
        cut = seconds(lambda: [Program.from_completion(s.completion, s.problem) for s in samples])
        read = seconds(
            lambda: [interpret(s.problem, p, e) for s, p, e in zip(samples, programs, executions, strict=True)]
        )
        lines = [trace_job(s.problem, p.source, LIMITS) for s, p in zip(samples, programs, strict=True)]
        values = [trace_job(s.problem, p.source, LIMITS, values=True) for s, p in zip(samples, programs, strict=True)]
        traced, valued = seconds(lambda: judge.run_many(lines)), seconds(lambda: judge.run_many(values))
    base, count = statistics.median(alone), len(samples)
    print(
        f"sandbox alone {1000 * base / count:.2f} ms a program, judged {1000 * statistics.median(whole) / count:.2f} ms"
    )
    print(f"of that cutting {1e6 * cut / count:.0f} us and interpretation {1e6 * read / count:.0f} us a program: "
          f"{100 * (cut + read) / base:.1f} % of the sandbox's time")  # fmt: skip
    print(f"a trace of lines {1000 * traced / count:.2f} ms, with values {1000 * valued / count:.2f} ms")


def seconds(work: Callable[[], object]) -> float:
    """Returns the wall-clock time of some work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def static(data: Path, workers: int) -> None:
    """Prints the time of static analysis over 1,000 programs."""
    programs = [Program.from_completion(s.completion, s.problem) for s in codet(data)[:1000]]
    took = seconds(lambda: analyze(programs))
    print(f"static analysis of {len(programs)} programs (ruff, parser, places): {took:.2f} s")


def faults(data: Path, workers: int) -> None:
    """Prints how often the wrong line is among the first suspects."""
    with Judge(workers=workers, limits=LIMITS) as judge:
        sets = {"mutants": mutant_faults(judge, data), "QuixBugs": quixbugs_faults(judge, data)}
    for name, found in sets.items():
        found = [fault for fault in found if fault.line in fault.lines and len(fault.lines) >= 6]
        print(f"{name}: {len(found)} wrong programs, {statistics.mean(len(f.lines) for f in found):.1f} lines each")
        methods: dict[str, Callable[[Fault], Mapping[int, float]]] = {
            "random": lambda fault: {},
            "spectrum": lambda fault: spectrum(fault.traces, fault.passed),
            "divergence": lambda fault: divergence(fault.traces, fault.references or (), fault.passed),
        }
        for method, scores in methods.items():
            if method == "divergence" and any(fault.references is None for fault in found):
                continue
            top = [statistics.mean(top_k(scores(fault), fault, k) for fault in found) for k in (1, 3, 5)]
            print(f"  {method:30s} top 1 / 3 / 5: " + " / ".join(f"{100 * share:.1f}" for share in top))


def top_k(scores: Mapping[int, float], fault: Fault, k: int) -> float:
    """Returns the chance that the wrong line is among the first ``k``, ties in any order."""
    own = scores.get(fault.line, -1.0)
    better = sum(scores.get(line, -1.0) > own for line in fault.lines)
    equal = sum(scores.get(line, -1.0) == own for line in fault.lines)
    return max(0.0, min(1.0, (k - better) / equal))


def mutant_faults(judge: Judge, data: Path) -> list[Fault]:
    """Returns wrong mutants of right programs; the reference is another right program of the same problem."""
    suite, rng = load_suite("humaneval", data_dir=data), random.Random(0)
    right: dict[str, list[str]] = {}
    for sample in codet(data):
        program = Program.from_completion(sample.completion, sample.problem).source
        if sample.label == "pass" and program.isascii():
            right.setdefault(sample.problem.task_id, []).append(program)
    asked = []
    for problem in (suite.by_id(task_id) for task_id in right):
        canonical = problem.solutions[0]
        others = [source for source in right[problem.task_id] if same_body(source) != same_body(canonical)]
        pairs = [(canonical, others[0])] if others and canonical.isascii() else []
        pairs += [(parent, canonical) for parent in rng.sample(others, min(2, len(others)))]
        for parent, reference in pairs:
            changed = list(mutants(parent))
            chosen = rng.sample(changed, min(3, len(changed)))
            asked += [(problem, mutant, reference) for mutant in chosen]
    judged = judge.judge_many([(problem, mutant.source) for problem, mutant, _ in asked])
    kept = [(a, fb) for a, fb in zip(asked, judged, strict=True)
            if fb.verdict == "fail" and fb.program.source == a[1].source]  # fmt: skip
    traces = judge.run_many([trace_job(p, m.source, LIMITS, values=True) for (p, m, _), _ in kept])
    references = judge.run_many([trace_job(p, reference, LIMITS, values=True) for (p, _, reference), _ in kept])
    return [
        fault(problem.task_id, mutant.source, mutant.line, fb, traces_of(trace), traces_of(reference))
        for ((problem, mutant, _), fb), trace, reference in zip(kept, traces, references, strict=True)
    ]


def quixbugs_faults(judge: Judge, data: Path) -> list[Fault]:
    """Returns QuixBugs' programs that answer wrongly; the only reference is the parent, so there is none."""
    found = []
    for problem in load_suite("quixbugs", data_dir=data):
        (buggy,), (correct,) = problem.mutants, problem.solutions
        feedback = judge.judge(problem, buggy)
        if feedback.verdict == "fail":
            line, *_ = faulty_lines(feedback.program.source, correct)
            (execution,) = judge.run_many([trace_job(problem, feedback.program.source, LIMITS)])
            source, traces = feedback.program.source, traces_of(execution)
            found.append(fault(problem.task_id, source, line, feedback, traces, None))
    return found


def fault(name: str, source: str, line: int, feedback: Feedback, traces: Sequence[Trace],
          references: Sequence[Trace] | None) -> Fault:  # fmt: skip
    """Returns the record of a wrong program."""
    passed = [test.status == "pass" for test in feedback.tests]
    return Fault(name, executable_lines(source), line, passed, traces, references)


def executable_lines(source: str) -> list[int]:
    """Returns the lines inside functions that hold instructions."""
    found, todo = set(), [compile(source, "<program>", "exec")]
    while todo:
        code = todo.pop()
        todo += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        if code.co_name != "<module>":
            found |= {line for *_, line in code.co_lines() if line and line > code.co_firstlineno}
    return sorted(found)


def same_body(source: str) -> str:
    """Returns the last function without names of docstrings and blanks, to tell copies from other programs."""
    last = ast.parse(source).body[-1]
    body = [node for node in getattr(last, "body", []) if not isinstance(node, ast.Expr)]
    return "\n".join(map(ast.unparse, body))


PARTS = {"places": places, "cost": cost, "static": static, "faults": faults}


def main() -> None:
    """Runs the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("CODEGYM_DATA"), help="folder of the benchmarks")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.data is None:
        parser.error("give --data or set CODEGYM_DATA: the folder with codet/, humaneval/ and quixbugs/")
    for part in options.parts:
        PARTS[part](options.data, options.workers)


if __name__ == "__main__":
    main()
