"""Verdicts on a crowded machine: HumanEval's canonical programs, again and again, beside busy processes. None may fail.

python benchmarks/judge_flaky.py                    # 164 programs x 20, beside four busy processes
python benchmarks/judge_flaky.py --repetitions 2    # for a look
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from judging.machine import Machine
from judging.report import RESULTS, Report, Sheet
from rich.console import Console
from rich.progress import track

from codegym import Judge
from envs_registry import load_suite

_console = Console(stderr=True)


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Keeps the machine busy with this many processes."""
    processes = [subprocess.Popen([sys.executable, "-I", "-S", "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("CODEGYM_DATA"), help="folder of the benchmark data"
    )
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--busy", type=int, default=4, help="busy processes beside the judge")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report")
    options = parser.parse_args(argv)
    if options.data is None or not (Path(options.data) / "humaneval").is_dir():
        parser.error("no benchmark data: name a folder with humaneval/ by --data or CODEGYM_DATA")
    return options


def main(argv: Sequence[str]) -> int:
    """Judges and reports; 1 if a verdict was not a pass."""
    options = parse(argv)
    machine = Machine()
    pairs = [(problem, problem.solutions[0]) for problem in load_suite("humaneval", data_dir=options.data)]
    amiss: list[str] = []
    start = time.monotonic()
    with Judge(workers=options.workers) as judge, busy(options.busy):
        for turn in track(range(options.repetitions), description="beside busy processes", console=_console):
            for (problem, _), feedback in zip(pairs, judge.judge_many(pairs), strict=True):
                if not feedback.is_success:
                    amiss.append(f"repetition {turn}, {problem.task_id}: {feedback.verdict}, {feedback.kind}")
    seconds = time.monotonic() - start
    total = options.repetitions * len(pairs)
    sheet = Sheet(
        title=f"Canonical programs beside {options.busy} busy processes",
        columns=("judged", "not passed", "seconds", "programs/s"),
        rows=((f"{total:,}", f"{len(amiss):,}", f"{seconds:.1f}", f"{total / seconds:,.0f}"),),
        remarks=tuple(f"- {line}" for line in amiss[:50]),
    )
    sheet.show(Console())
    command = ("python benchmarks/judge_flaky.py " + " ".join(argv)).strip()
    data = {"judged": total, "amiss": amiss, "seconds": seconds}
    page = Report(name="judge_flaky", command=command, machine=machine, sheets=[sheet], data=data).write(options.out)
    _console.print(f"written: {page}")
    return 1 if amiss else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
