"""Every example runs as a reader would run it, and says something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.py"))
HANG_SECONDS = 600
"""Long after which an example hangs; what each takes of a CPU is measured by ``benchmarks/examples.py``."""
NEEDS = {"trl_grpo": "trl"}
"""Libraries that an example is about, and that codegym itself does not need."""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path: Path, tmp_path: Path) -> None:
    foreign = NEEDS.get(path.stem)
    if foreign is not None:
        pytest.importorskip(foreign)
    warnings = "default" if foreign else "error"  # another library's warnings are not ours to mend
    environment = {**os.environ, "PYTHONWARNINGS": warnings, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(path)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=HANG_SECONDS
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip()


def test_the_researchers_own_agent_stays_short_and_plain() -> None:
    source = next(path for path in EXAMPLES if path.stem == "custom_agent").read_text("utf-8")
    assert len(source.splitlines()) <= 60
    libraries = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert libraries - set(sys.stdlib_module_names) <= {"gymnasium", "torch"}
