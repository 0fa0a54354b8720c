"""What each example takes of a CPU: a reader should not have to wait.

Run: python benchmarks/examples.py [--only NAME ...] [--out FOLDER]

Aim: under a minute each. The time is that of the processor, of the example and of all that it starts, so that a busy
machine does not count; the built-in model must be in the cache already, or the first example that asks for it pays.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from judging.machine import Machine
from judging.report import RESULTS, Report, Sheet
from rich.console import Console

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.py"))
AIM = 60.0


def cost(example: Path) -> tuple[float, float, int]:
    """Runs an example as a reader would; returns its seconds of CPU, of wall clock, and its exit code."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, str(example)], cwd=folder, env=environment, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, time.monotonic() - began, done.returncode


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[path.stem for path in EXAMPLES], help="only these")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Runs the examples and writes the report; whether they work is the tests' matter (one may lack its library)."""
    options, machine = parse(argv), Machine()
    costs = {path.stem: cost(path) for path in EXAMPLES if options.only is None or path.stem in options.only}
    sheet = Sheet(
        title="Examples, one after another",
        columns=("example", "CPU seconds", "aim", "wall seconds", "exit code"),
        rows=tuple(
            (name, f"{cpu:.1f}", f"{AIM:.0f}", f"{wall:.1f}", str(code)) for name, (cpu, wall, code) in costs.items()
        ),
    )
    sheet.show(Console())
    command = ("python benchmarks/examples.py " + " ".join(argv)).strip()
    data = {"examples": {name: {"cpu": cpu, "wall": wall, "code": code} for name, (cpu, wall, code) in costs.items()}}
    report = Report(name="examples", command=command, machine=machine, sheets=[sheet], data=data)
    Console(stderr=True).print(f"written: {report.write(options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
