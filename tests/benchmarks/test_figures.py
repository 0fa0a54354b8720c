"""The page of figures is what the results say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_results_say() -> None:
    done = subprocess.run([sys.executable, "benchmarks/figures.py", "--check"], cwd=ROOT)
    assert done.returncode == 0, "docs/figures.md is out of date: run `make figures`"
