"""``codegym suites check``: are suites sound?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.table import Table

from agents.commands.options import DataDir, Isolation, Json, Workers
from agents.commands.suite_name import installed_packages, read_named
from agents.commands.terminal import OUT, say, say_json
from agents.progress import ProgressDisplay
from codegym import Judge
from codegym.errors import DataError, MissingExtraError
from envs_registry.catalogue import CATALOGUE
from envs_registry.checking import CheckReport, check_suite
from envs_registry.loading import LoadedSuite, is_at_hand


@dataclass(frozen=True)
class CheckSuites:
    """Judge each reference solution, an empty program and a wrong one; exit code 1 where a new fault is found."""

    suites: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[SUITE ...]")] = ()
    """Names of suites, also as NAME:SPLIT, or paths of JSONL files; without any, all suites on this machine."""
    data_dir: DataDir = None
    all_solutions: bool = False
    """Judge every reference solution, not only each problem's first."""
    mutants: bool = False
    """Judge the problems' known wrong programs too."""
    workers: Workers = None
    isolation: Isolation = "auto"
    json: Json = False

    def run(self) -> int:
        """Checks the suites one after the other, and goes on where one is at fault."""
        reports: list[CheckReport] = []
        broken: dict[str, str] = {}
        for name in self.suites or _all_at_hand(self.data_dir):
            try:
                reading = read_named(name, self.data_dir)
            # One suite that is broken must not hide what is wrong with the others.
            except (DataError, MissingExtraError) as error:
                broken[name] = str(error)
                continue
            reports.append(self._check(reading))
            if not self.json:
                _print_faults(reports[-1])
        if self.json:
            say_json({"reports": [asdict(report) for report in reports], "broken": broken})
        else:
            _print_reports(reports, broken)
        return 1 if broken or any(report.news for report in reports) else 0

    def _check(self, reading: LoadedSuite) -> CheckReport:
        suite = reading.suite
        packages = installed_packages(suite)
        with (
            Judge(workers=self.workers, isolation=self.isolation, packages=packages) as judge,
            ProgressDisplay(self.json) as display,
        ):
            return check_suite(
                suite,
                judge,
                all_solutions=self.all_solutions,
                mutants=self.mutants,
                row_faults=reading.faults,
                progress=display.of(str(suite)),
            )


def _all_at_hand(data_dir: Path | None) -> tuple[str, ...]:
    pairs = [(name, split) for name, entry in CATALOGUE.items() for split in entry.splits]
    # Where a suite has a split `all`, its other splits would judge the same problems again.
    whole = {name for name, entry in CATALOGUE.items() if "all" in entry.splits}
    return tuple(
        f"{name}:{split}"
        for name, split in pairs
        if (split == "all" or name not in whole) and is_at_hand(name, split, data_dir)
    )


def _print_faults(report: CheckReport) -> None:
    for fault in report.faults:
        known = f"  (known: {fault.known})" if fault.known else ""
        what = " ".join(filter(None, (fault.what, fault.verdict)))
        line = ": ".join(filter(None, (report.suite, fault.task_id, fault.location, what, f"{fault.message}{known}")))
        say(line)


def _print_reports(reports: list[CheckReport], broken: Mapping[str, str]) -> None:
    table = Table("suite", "problems", "references pass", "wrong refused", "new faults", "seconds", "source")
    for report in reports:
        table.add_row(
            f"{report.suite}:{report.split}",
            str(report.problems),
            f"{report.references_passed}/{report.references}" if report.references else "none",
            f"{report.wrong_refused}/{report.wrong}",
            str(len(report.news)),
            f"{report.seconds:.1f}",
            report.origin,
        )
    OUT.print(table)
    for name, message in broken.items():
        say(f"{name}: {message}")
