"""Every program against every generated test: cells per second, beside a fresh interpreter a cell and EvalPlus.

python benchmarks/codedpo_matrix.py                     # the contest, then the whole of codet/ (82 problems, 100 x 100)
python benchmarks/codedpo_matrix.py --tasks 2 --no-whole     # for a look
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from judging.machine import Machine
from judging.report import RESULTS, Report, Sheet
from rich.console import Console
from rich.progress import track

from agents.evaluation.bootstrap import Interval, bootstrap_mean
from agents.scoring.costs import literal_calls
from agents.scoring.matrix import MATRIX_LIMITS, MatrixJudge
from agents.scoring.task_samples import TaskSamples, read_task_samples
from codegym import Judge
from codegym.program import Program
from codegym.store import Store

FILE = Path("codet") / "humaneval_codegen16b.jsonl.gz"
ROWS = Path(__file__).resolve().parent / "matrix" / "evalplus_rows.py"
_console = Console(stderr=True)


@dataclass(frozen=True)
class Board:
    """One task of the contest: distinct programs, and tests of the form ``f(literals) == literal``."""

    samples: TaskSamples
    sources: tuple[str, ...]
    tests: tuple[str, ...]
    inputs: tuple[Any, ...]
    expected: tuple[Any, ...]


@dataclass(frozen=True)
class Heat:
    """One contestant on one board."""

    cells: int
    seconds: float
    cpu: float
    """Seconds of all its processes: what a busy machine does not change much."""
    passed: tuple[tuple[bool, ...], ...]


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("CODEGYM_DATA"), help="folder of benchmark data")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tasks", type=int, default=8, help="tasks of the contest")
    parser.add_argument("--fresh-cells", type=int, default=40, help="cells a task that run in fresh interpreters")
    parser.add_argument("--peers", default="python", help="the interpreter that has EvalPlus installed")
    parser.add_argument("--whole", action=argparse.BooleanOptionalAction, default=True, help="judge all of codet/")
    parser.add_argument("--keep", type=Path, help="keep the whole matrix in this file, for codedpo_ranking.py")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report")
    options = parser.parse_args(argv)
    if options.data is None or not (Path(options.data) / FILE).is_file():
        parser.error(f"no benchmark data: name a folder with {FILE} by --data or CODEGYM_DATA")
    return options


def board(samples: TaskSamples) -> Board:
    """Returns what all contestants can run: EvalPlus knows inputs and expected values only."""
    tests, inputs, expected = [], [], []
    for test in samples.asserts().sources:
        condition = ast.parse(test).body[0].test  # type: ignore[attr-defined]
        if isinstance(condition, ast.Compare) and isinstance(condition.ops[0], ast.Eq):
            calls = literal_calls(f"assert {ast.unparse(condition.left)}", samples.entry_point or "")
            try:
                value = ast.literal_eval(condition.comparators[0])
            except (ValueError, SyntaxError):
                continue
            if isinstance(condition.left, ast.Call) and len(calls) == 1 and not calls[0].kwargs:
                tests.append(test)
                inputs.append(list(calls[0].args))
                expected.append(value)
    problem = samples.problem(())
    sources = dict.fromkeys(Program.from_completion(text, problem).source for text in samples.completions)
    texts = ("\n".join(tests),)
    return Board(
        replace(samples, completions=tuple(sources), starter_code="", test_texts=texts, test_opening="", labels=()),
        tuple(sources),
        tuple(tests),
        tuple(inputs),
        tuple(expected),
    )


def ours(boards: Sequence[Board], workers: int) -> list[Heat]:
    """The matrix as it is made here, without its files; its servers are warm, as they are after the first task."""
    heats = []
    for place in track(boards, description="codegym", console=_console):
        with Judge(workers=workers) as judge:
            some = replace(place.samples, completions=place.sources[:4])
            list(MatrixJudge(judge).fill([some]))
            start, cpu = time.monotonic(), _cpu_so_far()
            (matrix,) = MatrixJudge(judge).fill([place.samples])
            seconds = time.monotonic() - start
        tests = {test: column for column, test in enumerate(matrix.tests)}
        columns = [tests.get(test) for test in place.tests]
        passed = tuple(tuple(column is not None and row[column] == "P" for column in columns) for row in matrix.rows)
        heats.append(Heat(len(place.sources) * len(place.tests), seconds, _cpu_so_far() - cpu, passed))
    return heats


def evalplus(boards: Sequence[Board], options: argparse.Namespace, per_cell: bool) -> list[Heat] | str:
    """EvalPlus: a forked process for each program with all tests, or for each cell. A text says why it cannot run."""
    heats = []
    for place in track(boards, description="EvalPlus", console=_console):
        tests = list(zip(place.inputs, place.expected, strict=True))
        sources = place.sources[: max(1, options.fresh_cells // len(tests))] if per_cell else place.sources
        parts = [[test] for test in tests] if per_cell else [tests]
        rows = [
            {
                "source": source,
                "entry_point": place.samples.entry_point,
                "inputs": repr([given for given, _ in part]),
                "expected": repr([value for _, value in part]),
                "limit": MATRIX_LIMITS.cpu_seconds,
            }
            for source in sources
            for part in parts
        ]
        cpu = _cpu_so_far()
        done = subprocess.run(
            [options.peers, str(ROWS)],
            input=json.dumps({"workers": options.workers, "rows": rows}),
            capture_output=True,
            text=True,
            cwd=tempfile.gettempdir(),
        )
        if done.returncode:
            return f"EvalPlus did not run: {done.stderr.strip().splitlines()[-1] if done.stderr else done.returncode}"
        told = json.loads(done.stdout)
        flat = [value for row in told["passed"] for value in row]
        width = len(tests)
        passed = tuple(tuple(flat[start : start + width]) for start in range(0, len(flat), width))
        heats.append(Heat(len(sources) * len(tests), told["seconds"], _cpu_so_far() - cpu - told["cpu_before"], passed))
    return heats


def fresh(boards: Sequence[Board], options: argparse.Namespace) -> list[Heat]:
    """A new ``python -I`` for each cell, on some of the cells."""
    heats = []
    for place in track(boards, description="python -I", console=_console):
        step = max(1, len(place.sources) * len(place.tests) // options.fresh_cells)
        cells = [(source, test) for source in place.sources for test in place.tests][::step][: options.fresh_cells]
        start, cpu = time.monotonic(), _cpu_so_far()
        with ThreadPoolExecutor(options.workers) as pool:
            list(pool.map(_fresh_cell, cells))
        heats.append(Heat(len(cells), time.monotonic() - start, _cpu_so_far() - cpu, ()))
    return heats


def _fresh_cell(cell: tuple[str, str]) -> bool:
    program = "\n".join(cell).encode("utf-8", "replace")
    try:
        done = subprocess.run([sys.executable, "-I", "-"], input=program, capture_output=True, timeout=2)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def contest(options: argparse.Namespace, tasks: Sequence[TaskSamples]) -> tuple[Sheet, dict[str, Any]]:
    """All contestants on the same tasks, spread over the file."""
    chosen = [board(task) for task in tasks[:: max(1, len(tasks) // options.tasks)][: options.tasks]]
    boards = [place for place in chosen if place.tests]
    own = ours(boards, options.workers)
    others: dict[str, list[Heat] | str] = {
        "EvalPlus, a process for each program": evalplus(boards, options, per_cell=False),
        "EvalPlus, a process for each cell": evalplus(boards, options, per_cell=True),
        "a fresh `python -I` for each cell": fresh(boards, options),
    }
    rows = [("codegym", f"{_rate(own):,.0f}", "1", f"{_cpu(own):.0f}", "")]
    data: dict[str, Any] = {"codegym": [vars(heat) | {"passed": None} for heat in own]}
    for name, heats in others.items():
        if isinstance(heats, str):
            rows.append((name, heats, "", "", ""))
            continue
        ratio = _ratio(own, heats)
        agree = _agreement(own, heats)
        compared = f"{ratio.estimate:.1f} ({ratio.low:.1f} to {ratio.high:.1f})"
        rows.append((name, f"{_rate(heats):,.0f}", compared, f"{_cpu(heats):.0f}", agree))
        data[name] = [vars(heat) | {"passed": None} for heat in heats]
    remarks = (
        f"{len(boards)} tasks, {sum(len(b.sources) for b in boards)} distinct programs, "
        f"{sum(len(b.sources) * len(b.tests) for b in boards):,} cells; {options.workers} workers. The ratio is the "
        "geometric mean over tasks of a cell's time against ours, with a 95 % interval.",
    )
    columns = ("contestant", "cells/s", "time / ours", "CPU µs a cell", "cells with the same verdict")
    return Sheet(title="A matrix, many ways", columns=columns, rows=tuple(rows), remarks=remarks), data


def _cpu_so_far() -> float:
    """Of this process and of all its descendants that have been waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _cpu(heats: Sequence[Heat]) -> float:
    return 1e6 * sum(heat.cpu for heat in heats) / sum(heat.cells for heat in heats)


def _rate(heats: Sequence[Heat]) -> float:
    return sum(heat.cells for heat in heats) / sum(heat.seconds for heat in heats)


def _ratio(own: Sequence[Heat], other: Sequence[Heat]) -> Interval:
    import math

    logs = [
        math.log((theirs.seconds / theirs.cells) / (mine.seconds / mine.cells))
        for mine, theirs in zip(own, other, strict=True)
    ]
    found = bootstrap_mean(logs)
    return Interval(*(math.exp(value) for value in (found.estimate, found.low, found.high)))


def _agreement(own: Sequence[Heat], other: Sequence[Heat]) -> str:
    same = total = 0
    for mine, theirs in zip(own, other, strict=True):
        for first, second in zip(mine.passed, theirs.passed, strict=False):
            same += sum(a == b for a, b in zip(first, second, strict=True))
            total += len(second)
    return f"{same:,} of {total:,}" if total else ""


def whole(options: argparse.Namespace, tasks: Sequence[TaskSamples]) -> tuple[Sheet, dict[str, Any]]:
    """All of codet/, with its files."""
    letters: Counter[str] = Counter()
    distinct = cells = 0
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        judge = stack.enter_context(Judge(workers=options.workers))
        store = stack.enter_context(Store(options.keep or Path(scratch) / "cells.sqlite"))
        cells_of = MatrixJudge(judge, store)
        start = time.monotonic()
        busy = time.process_time()
        for matrix in track(cells_of.fill(tasks), total=len(tasks), description="all of codet/", console=_console):
            letters.update("".join(matrix.rows))
            cells += len(matrix.rows) * len(matrix.tests)
            distinct += len(set(matrix.samples.completions)) * len(matrix.tests)
        seconds, busy = time.monotonic() - start, time.process_time() - busy
    facts = {"cells": cells, "distinct": distinct, "judged": cells_of.judged, "seconds": seconds, "own_cpu": busy}
    row = (f"{cells:,}", f"{distinct:,}", f"{cells_of.judged:,}", f"{seconds:.0f}", f"{distinct / seconds:,.0f}")
    columns = ("cells", "of distinct programs", "programs run", "seconds", "distinct cells/s")
    remark = ", ".join(f"{letter} {number:,}" for letter, number in letters.most_common())
    return Sheet(title="All of codet/", columns=columns, rows=(row,), remarks=(remark,)), {**facts, "letters": letters}


def main(argv: Sequence[str]) -> int:
    """Measures and reports."""
    options, machine = parse(argv), Machine()
    tasks = read_task_samples(Path(options.data) / FILE).tasks
    sheet, data = contest(options, tasks)
    sheets, facts = [sheet], {"contest": data}
    page = _report(options, argv, machine, sheets, facts)
    if options.whole:
        sheet, facts["whole"] = whole(options, tasks)
        sheets.append(sheet)
        page = _report(options, argv, machine, sheets, facts)
    for sheet in sheets:
        sheet.show(Console())
    _console.print(f"written: {page}", markup=False)
    return 0


def _report(
    options: argparse.Namespace, argv: Sequence[str], machine: Machine, sheets: Sequence[Sheet], facts: dict[str, Any]
) -> Path:
    command = "python benchmarks/codedpo_matrix.py " + " ".join(argv)
    report = Report(name="codedpo_matrix", command=command.strip(), machine=machine, sheets=sheets, data=facts)
    return report.write(options.out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
