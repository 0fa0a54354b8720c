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
COPIED = ("codegym", "envs_registry", "agents", "tests", "tools", "configs", "docs", "examples", "pyproject.toml")


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


MUTANTS: tuple[Mutant, ...] = (
    # The verdict.
    Mutant(
        "a wrong answer is a failure",
        "codegym/feedback/interpretation.py",
        "    Status.OK: Verdict.FAIL,",
        "    Status.OK: Verdict.PASS,",
        "tests/codegym/feedback/test_interpretation.py",
    ),
    Mutant(
        "all changed arguments are compared",
        "codegym/feedback/interpretation.py",
        "and all(accepts(",
        "and any(accepts(",
        "tests/codegym/test_judge.py",
    ),
    Mutant(
        "public tests run before private ones",
        "codegym/judge.py",
        "key=lambda index: not problem.tests[index].public)",
        "key=lambda index: problem.tests[index].public)",
        "tests/codegym/test_judge.py",
    ),
    Mutant(
        "what a function reads is not cut off as its tail",
        "codegym/extraction/tail.py",
        "if defined and not names_of(node) & read else None",
        "if defined else None",
        "tests/codegym/extraction/test_judged_tail.py",
    ),
    Mutant(
        "reasoning that nothing closes leaves no answer",
        "codegym/extraction/answer.py",
        "            return len(completion)\n",
        "            return start\n",
        "tests/codegym/extraction",
    ),
    Mutant(
        "packages are part of what a verdict depends on",
        "codegym/judge_settings.py",
        "where = (self.isolation, self.packages,",
        "where = (self.isolation,",
        "tests/codegym/test_judge_settings.py",
    ),
    # What the agent may see.
    Mutant(
        "a private test's expected value stays out of info",
        "codegym/episode.py",
        '"expected": test.expected if test.public else "",',
        '"expected": test.expected,',
        "tests/codegym/test_env.py tests/codegym/test_episode.py",
    ),
    Mutant(
        "a private test's message stays out of info",
        "codegym/episode.py",
        "message = diagnostic.message if self._is_public(diagnostic) else diagnostic.kind.value",
        "message = diagnostic.message",
        "tests/codegym/test_env.py tests/codegym/test_episode.py",
    ),
    Mutant(
        "an observation speaks of public tests only",
        "codegym/feedback/report.py",
        "    public = [test for test in feedback.tests if test.public]",
        "    public = list(feedback.tests)",
        "tests/codegym/test_env.py",
    ),
    Mutant(
        "an episode that was cut off is not stepped",
        "codegym/vector.py",
        "if episode.terminated or self._truncated(episode)]",
        "if episode.terminated]",
        "tests/codegym/test_vector.py",
    ),
    # Losses and credit.
    Mutant(
        "the sign of DPO",
        "agents/codedpo/losses.py",
        "-logsigmoid(beta * margin)",
        "-logsigmoid(-beta * margin)",
        "tests/agents/codedpo/test_losses.py",
    ),
    Mutant(
        "the strength of conserving credit",
        "agents/rltf/losses.py",
        "emphasis: float = 4.0",
        "emphasis: float = 1.0",
        "tests/agents/rltf/test_losses.py",
    ),
    Mutant(
        "PPO takes the smaller of the two",
        "agents/rltf/losses.py",
        "-torch.minimum(ratio",
        "-torch.maximum(ratio",
        "tests/agents/rltf/test_losses.py",
    ),
    Mutant(
        "leave-one-out leaves the completion itself out",
        "agents/rltf/advantages.py",
        "weights=present)[index] - present",
        "weights=present)[index]",
        "tests/agents/rltf/test_advantages.py",
    ),
    Mutant(
        "a completion without advantage still has the gradient of the KL term",
        "agents/rltf/credit.py",
        " and config.loss.kl_coefficient == 0",
        "",
        "tests/agents/rltf/test_credit.py",
    ),
    Mutant(
        "KTO compares with another prompt's completions",
        "agents/codedpo/reference.py",
        "if not np.array_equal(pair.chosen.prompt_ids, prompt)), pairs[index])",
        "if True), pairs[index])",
        "tests/agents/codedpo/test_reference.py",
    ),
    # Statistics of pairs.
    Mutant(
        "the error rate of efficiency pairs (Bonferroni)",
        "agents/codedpo/data/pairing.py",
        "_LEVEL / (len(order) * (len(order) - 1) / 2)",
        "_LEVEL",
        "tests/agents/codedpo/data/test_pairing.py",
    ),
    # Long runs.
    Mutant(
        "ten skipped steps in a row, not in all",
        "agents/training/gradient_step.py",
        "self._skipped = 0 if np.isfinite(norm) else self._skipped + 1",
        "self._skipped += not np.isfinite(norm)",
        "tests/agents/training/test_gradient_step.py",
    ),
    Mutant(
        "a prompt that is too long loses its beginning",
        "agents/policy/prompt_encoder.py",
        "return ids[-room:]",
        "return ids[:room]",
        "tests/agents/policy/test_prompt_encoder.py",
    ),
)
"""One row a mutant. The lines come from a review in which these, or others like them, survived."""


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
