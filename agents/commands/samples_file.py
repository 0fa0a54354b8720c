"""Programs and tests in a file that a user names, as ``codegym rank`` and ``codegym train codedpo`` read them."""

from __future__ import annotations

import sys
from pathlib import Path

from agents.scoring.task_samples import SamplesFile, read_task_samples

SHOWN = 10
"""Lines that were left out and are named; the rest is counted."""


def read_samples_file(file: Path, tests: Path | None = None) -> SamplesFile:
    """Reads programs and tests, and names the lines that are left out on standard error.

    Args:
        file: Of both, or of programs.
        tests: Of tests, where there are two files.

    Raises:
        DataError: If a file cannot be read, or no line of it can be used.
    """
    samples = read_task_samples(file, tests)
    for line in samples.skipped[:SHOWN]:
        print(f"left out: {line}", file=sys.stderr)
    if len(samples.skipped) > SHOWN:
        print(f"left out: {len(samples.skipped) - SHOWN} more lines", file=sys.stderr)
    return samples
