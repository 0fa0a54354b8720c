"""Mutation testing of the lines that matter most: verdicts, losses, statistics, what the agent may see, resuming.

    python tools/mutants.py [--only WORD]

Each mutant is one changed line. It is made in a copy of the tree, and the tests that are named with it run there.
A mutant that no test notices survives, and the command exits with 1. Where the line of a mutant is gone, the command
exits with 2: then write the mutant anew, for the code as it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("codegym", "envs_registry", "agents", "tests", "tools", "configs", "examples", "pyproject.toml")


@dataclass(frozen=True)
class Mutant:
    """One changed line.

    Attributes:
        about: What the line decides.
        file: Where it is.
        before: Text that stands exactly once in the file.
        after: What it becomes.
        tests: The tests that should notice.
    """

    about: str
    file: str
    before: str
    after: str
    tests: str


class Outcome(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    MOVED = "its line is gone"


MUTANTS: tuple[Mutant, ...] = ()


def copy_of_the_tree(folder: Path) -> None:
    """Copies what the tests need; the environment's own installation is left alone."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, target)


def judge(mutant: Mutant, folder: Path) -> Outcome:
    """Makes the mutant in the copy, runs its tests, and puts the line back."""
    path = folder / mutant.file
    text = path.read_text("utf-8") if path.exists() else ""
    if text.count(mutant.before) != 1:
        return Outcome.MOVED
    path.write_text(text.replace(mutant.before, mutant.after), "utf-8")
    try:
        return Outcome.SURVIVED if run(mutant.tests, folder) else Outcome.KILLED
    finally:
        path.write_text(text, "utf-8")


def run(tests: str, folder: Path) -> bool:
    """Returns whether the tests pass.

    Raises:
        RuntimeError: If they could not be run at all, which says nothing about a mutant.
    """
    # The copy comes first on the path, so that it wins over the installed package.
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests.split()]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest could not run {tests}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 0


def main() -> int:
    """Runs the mutants and returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="Run the mutants whose file or description holds this word.")
    options = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if options.only in f"{mutant.file} {mutant.about}"]
    console, table = Console(), Table("file", "what the line decides", "outcome")
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        copy_of_the_tree(Path(folder))
        for tests in sorted({mutant.tests for mutant in chosen}):
            # Tests that fail without a mutant would kill every one of them.
            if not run(tests, Path(folder)):
                raise RuntimeError(f"{tests} fails without any mutant; mend that first")
        for mutant in chosen:
            outcomes.append(judge(mutant, Path(folder)))
            console.print(f"{outcomes[-1]}: {mutant.file}: {mutant.about}")
            table.add_row(mutant.file, mutant.about, outcomes[-1])
    console.print(table)
    if Outcome.MOVED in outcomes:
        return 2
    return 1 if Outcome.SURVIVED in outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
