"""``codegym suites strengthen``: more tests for weak suites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.commands.options import DataDir, Isolation, Json, Limit, Seed, SuitePosition, Workers
from agents.commands.output_paths import check_output_file
from agents.commands.suite_name import installed_packages, load_named
from agents.commands.terminal import say, say_json
from agents.progress import ProgressDisplay
from codegym import Judge
from codegym.errors import InvalidProblemError
from codegym.sandbox.pool import Sandbox
from envs_registry import Suite
from envs_registry.strengthen.given import read_tests
from envs_registry.strengthen.strengthening import Effort, Strengthened, Strengthener
from envs_registry.writing import row_of_problem, write_problems


@dataclass(frozen=True)
class StrengthenSuite:
    """Add tests that kill mutants which the old tests let live, and write the suite as a JSONL file."""

    suite: SuitePosition
    out: Path
    """JSONL file to write; `codegym train rltf --suite FILE` and load_suite(FILE) take it."""
    tests_from: Path | None = None
    """JSONL file of {"task_id", "tests": [asserts, best first]} that a model wrote, instead of mutated inputs."""
    mutants: int = 20
    """Wrong programs that are made from each reference solution."""
    inputs: int = 40
    """New inputs that are tried for each problem."""
    keep: int = 5
    """New tests of each problem that are kept at most."""
    limit: Limit = 0
    seed: Seed = 0
    data_dir: DataDir = None
    workers: Workers = None
    isolation: Isolation = "auto"
    json: Json = False

    def run(self) -> int:
        """Strengthens the suite and prints how many mutants die before and after."""
        check_output_file("--out", self.out)
        suite = load_named(self.suite, data_dir=self.data_dir)[: self.limit or None]
        # Before the work: problems with Python objects in them cannot be written as JSON.
        suite, left_out = _writable(suite)
        given = None if self.tests_from is None else read_tests(self.tests_from, suite)
        effort = Effort(mutants=self.mutants, inputs=self.inputs, keep=self.keep, seed=self.seed)
        packages = installed_packages(suite)
        with (
            Judge(workers=self.workers, isolation=self.isolation, packages=packages) as judge,
            # Beside the judge: new inputs are run once on the reference, without a verdict.
            Sandbox(workers=1, isolation=self.isolation, packages=packages) as sandbox,
            ProgressDisplay(self.json) as display,
        ):
            results = list(
                Strengthener(judge, sandbox, effort).strengthen(suite, given, progress=display.of(str(suite)))
            )
        problems = (result.problem for result in results)
        written = write_problems(self.out, problems, packages=suite.packages, known_bad=suite.known_bad)
        numbers = _numbers(results) | {"written": written, "left_out": left_out, "out": str(self.out)}
        if self.json:
            say_json(numbers)
            return 0
        _print_strengthened(numbers)
        return 0


def _writable(suite: Suite) -> tuple[Suite, dict[str, str]]:
    """The problems that a file can hold, and why the others cannot: told before the work, not after it."""
    left_out: dict[str, str] = {}
    for problem in suite:
        try:
            row_of_problem(problem)
        except InvalidProblemError as error:
            left_out[problem.task_id] = str(error)
    if len(left_out) == len(suite):
        raise InvalidProblemError(
            f"no file can hold any of these problems; {next(iter(left_out.values()), 'none came')}"
        )
    return suite.filter(where=lambda problem: problem.task_id not in left_out), left_out


def _print_strengthened(numbers: Mapping[str, Any]) -> None:
    mutants = max(numbers["mutants"], 1)
    shown = {name: value for name, value in numbers.items() if not isinstance(value, dict)}
    for name, value in shown.items():
        share = f" ({value / mutants:.1%})" if name.startswith("killed") else ""
        say(f"{name.replace('_', ' '):<24}{value}{share}")
    for reason, count in numbers["skipped"].items():
        say(f"{count} problems as they were: {reason}")
    for reason in numbers["left_out"].values():
        say(f"left out: {reason}")


def _numbers(results: list[Strengthened]) -> dict[str, Any]:
    tried = [result for result in results if not result.skipped]
    return {
        "problems_tried": len(tried),
        "mutants": sum(result.mutants for result in tried),
        "killed_before": sum(result.killed_before for result in tried),
        "killed_after": sum(result.killed_after for result in tried),
        "tests_added": sum(result.added for result in tried),
        "problems_with_new_tests": sum(result.added > 0 for result in tried),
        "skipped": dict(Counter(result.skipped for result in results if result.skipped)),
    }
