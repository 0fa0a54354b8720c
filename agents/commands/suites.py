"""``codegym suites list|show|check|stats|strengthen``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from agents.commands.output_place import check_output_file
from codegym import Judge
from codegym.errors import DataError, InvalidProblemError, MissingExtraError
from codegym.problem import CallTest, Problem, StdioTest, TestCase
from codegym.sandbox.pool import Sandbox
from envs_registry import Suite, list_suites, load_suite
from envs_registry.catalogue import CATALOGUE, entry_of
from envs_registry.checking import CheckReport, check_suite
from envs_registry.contamination import Overlap, overlaps
from envs_registry.loading import Reading, is_at_hand, read_suite
from envs_registry.statistics import Statistics, statistics_of
from envs_registry.strengthen.given import read_tests
from envs_registry.strengthen.strengthening import Effort, Strengthened, Strengthener
from envs_registry.writing import row_of_problem, write_problems

_OUT = Console(highlight=False)
if not _OUT.is_terminal:
    _OUT = Console(highlight=False, width=200)
_ERR = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class ListSuites:
    """The suites that exist, and whether their data is at hand."""

    data_dir: Path | None = None
    """Folder with the benchmarks' files; CODEGYM_DATA without it."""
    json: bool = False
    """Print one JSON document instead."""

    def run(self) -> int:
        """Prints the catalogue."""
        rows = [self._row(name) for name in list_suites()]
        if self.json:
            print(json.dumps(rows))
            return 0
        table = Table("suite", "splits (default first)", "at hand", "licence", "what it is", box=None, pad_edge=False)
        for row in rows:
            splits = ", ".join(row["splits"]) or "as in the file"
            table.add_row(row["suite"], splits, ", ".join(row["at_hand"]) or "-", row["licence"], row["title"])
        _OUT.print(table)
        return 0

    def _row(self, name: str) -> dict[str, Any]:
        entry = entry_of(name)
        splits = sorted(entry.splits, key=lambda split: split != entry.default_split)
        at_hand = [split for split in splits if is_at_hand(name, split, self.data_dir)]
        return {"suite": name, "splits": splits, "at_hand": at_hand, "title": entry.title, "licence": entry.licence}


@dataclass(frozen=True)
class ShowSuite:
    """One suite's problems, or one problem in full."""

    suite: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SUITE")]
    """Name of the suite, also as NAME:SPLIT, or the path of a JSONL file."""
    task_id: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="[TASK_ID]")] = ""
    """A problem's id; without it the problems are listed."""
    split: str | None = None
    """Split of the suite; its default without it."""
    data_dir: Path | None = None
    """Folder with the benchmarks' files; CODEGYM_DATA without it."""
    limit: int = 20
    """How many problems are listed; 0 lists all."""
    json: bool = False
    """Print one JSON document instead."""

    def run(self) -> int:
        """Prints the suite or the problem."""
        name, split = _name_and_split(self.suite)
        suite = load_suite(name, self.split or split, self.data_dir)
        if self.task_id:
            problem = suite.by_id(self.task_id)
            print(json.dumps(_plain(problem)) if self.json else _in_full(problem))
            return 0
        shown = suite[: self.limit or None]
        if self.json:
            print(json.dumps({"suite": suite.name, "split": suite.split, "task_ids": list(suite.task_ids)}))
            return 0
        table = Table("task", "difficulty", "tests", "public", "solutions", "prompt begins", box=None, pad_edge=False)
        for problem in shown:
            counts = [len(problem.tests), len(problem.public_tests), len(problem.solutions)]
            begin = " ".join(problem.prompt.split())[:60]
            table.add_row(problem.task_id, problem.difficulty or "-", *map(str, counts), begin)
        _OUT.print(table)
        more = f", the first {len(shown)} of them above" if len(shown) < len(suite) else ""
        _OUT.print(f"\n{suite!r}{more}. {suite.origin}", markup=False)
        return 0


@dataclass(frozen=True)
class CheckSuites:
    """Judge each reference solution, an empty program and a wrong one; exit code 1 where a new fault is found."""

    suites: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[SUITE ...]")] = ()
    """Names, each also as NAME:SPLIT, or paths of JSONL files; without any, all suites whose data is at hand."""
    data_dir: Path | None = None
    """Folder with the benchmarks' files; CODEGYM_DATA without it."""
    all_solutions: bool = False
    """Judge every reference solution, not only each problem's first."""
    mutants: bool = False
    """Judge the problems' known wrong programs too."""
    workers: int | None = None
    """Programs that run at the same time; one for each processor without it."""
    isolation: str = "auto"
    """strict, auto or none."""
    json: bool = False
    """Print one JSON document instead."""

    def run(self) -> int:
        """Checks the suites one after the other, and goes on where one is at fault."""
        reports: list[CheckReport] = []
        broken: dict[str, str] = {}
        for name in self.suites or _all_at_hand(self.data_dir):
            suite_name, split = _name_and_split(name)
            try:
                reading = read_suite(suite_name, split, self.data_dir)
            except (DataError, MissingExtraError) as error:
                broken[name] = str(error)
                continue
            reports.append(self._check(reading))
            if not self.json:
                _print_faults(reports[-1])
        if self.json:
            print(json.dumps({"reports": [asdict(report) for report in reports], "broken": broken}))
        else:
            _print_reports(reports, broken)
        return 1 if broken or any(report.news for report in reports) else 0

    def _check(self, reading: Reading) -> CheckReport:
        suite = reading.suite
        packages = _installed(suite)
        with Judge(workers=self.workers, isolation=self.isolation, packages=packages) as judge, _bar(str(suite)) as bar:
            return check_suite(
                suite,
                judge,
                all_solutions=self.all_solutions,
                mutants=self.mutants,
                row_faults=reading.faults,
                progress=bar,
            )


@dataclass(frozen=True)
class SuiteStatistics:
    """A suite in numbers; with --against, the problems that stand in another suite too."""

    suite: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SUITE")]
    """Name of the suite, also as NAME:SPLIT, or the path of a JSONL file."""
    against: str = ""
    """A second suite (NAME or NAME:SPLIT) to look for shared n-grams in."""
    n: int = 10
    """Words in an n-gram."""
    threshold: float = 0.2
    """Smallest share of a problem's n-grams that is reported."""
    solutions: bool = False
    """Compare reference solutions too, beside the prompts."""
    data_dir: Path | None = None
    """Folder with the benchmarks' files; CODEGYM_DATA without it."""
    json: bool = False
    """Print one JSON document instead."""

    def run(self) -> int:
        """Prints the numbers, and the overlap when it was asked for."""
        suite = load_suite(*_name_and_split(self.suite), self.data_dir)
        statistics = statistics_of(suite)
        found: tuple[Overlap, ...] = ()
        if self.against:
            other = load_suite(*_name_and_split(self.against), self.data_dir)
            found = overlaps(suite, other, n=self.n, threshold=self.threshold, solutions=self.solutions)
        if self.json:
            shared = [asdict(overlap) for overlap in found]
            print(json.dumps({"suite": suite.name, "split": suite.split, **asdict(statistics), "overlaps": shared}))
            return 0
        _print_statistics(suite, statistics)
        for overlap in found:
            line = f"{overlap.share:6.1%}  {overlap.task_id}  in  {overlap.other_id}: ... {overlap.example} ..."
            _OUT.print(line, markup=False, soft_wrap=True)
        if self.against:
            share = len(found) / max(len(suite), 1)
            _OUT.print(f"{len(found)} of {len(suite)} problems ({share:.1%}) share {self.n}-grams with {self.against}.")
        return 0


@dataclass(frozen=True)
class StrengthenSuite:
    """Add tests that kill mutants which the old tests let live, and write the suite as a JSONL file."""

    suite: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SUITE")]
    """Name of the suite, also as NAME:SPLIT, or the path of a JSONL file."""
    out: Path
    """The JSONL file to write; `codegym train rltf --suite FILE` and load_suite(FILE) take it."""
    tests_from: Path | None = None
    """JSONL file of {"task_id", "tests": [asserts, best first]} that a model wrote, instead of mutated inputs."""
    mutants: int = 20
    """Wrong programs made from each reference solution."""
    inputs: int = 40
    """New inputs tried for each problem."""
    keep: int = 5
    """New tests kept for each problem at most."""
    limit: int = 0
    """Only the first so many problems; 0 takes all."""
    seed: int = 0
    """Where chance starts."""
    data_dir: Path | None = None
    """Folder with the benchmarks' files; CODEGYM_DATA without it."""
    workers: int | None = None
    """Programs that run at the same time; one for each processor without it."""
    isolation: str = "auto"
    """strict, auto or none."""
    json: bool = False
    """Print one JSON document instead."""

    def run(self) -> int:
        """Strengthens the suite and prints how many mutants die before and after."""
        check_output_file("--out", self.out)
        suite = load_suite(*_name_and_split(self.suite), self.data_dir)[: self.limit or None]
        suite, left_out = _writable(suite)
        given = None if self.tests_from is None else read_tests(self.tests_from, suite)
        effort = Effort(mutants=self.mutants, inputs=self.inputs, keep=self.keep, seed=self.seed)
        packages = _installed(suite)
        with (
            Judge(workers=self.workers, isolation=self.isolation, packages=packages) as judge,
            Sandbox(workers=1, isolation=self.isolation, packages=packages) as sandbox,
            _bar(str(suite)) as bar,
        ):
            results = list(Strengthener(judge, sandbox, effort).strengthen(suite, given, progress=bar))
        problems = (result.problem for result in results)
        written = write_problems(self.out, problems, packages=suite.packages, known_bad=suite.known_bad)
        numbers = _numbers(results) | {"written": written, "left_out": left_out, "out": str(self.out)}
        if self.json:
            print(json.dumps(numbers))
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
        _OUT.print(f"{name.replace('_', ' '):<24}{value}{share}", markup=False)
    for reason, count in numbers["skipped"].items():
        _OUT.print(f"{count} problems as they were: {reason}", markup=False)
    for reason in numbers["left_out"].values():
        _OUT.print(f"left out: {reason}", markup=False, soft_wrap=True)


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


def _all_at_hand(data_dir: Path | None) -> tuple[str, ...]:
    pairs = [(name, split) for name, entry in CATALOGUE.items() for split in entry.splits]
    whole = {name for name, entry in CATALOGUE.items() if "all" in entry.splits}
    return tuple(
        f"{name}:{split}"
        for name, split in pairs
        if (split == "all" or name not in whole) and is_at_hand(name, split, data_dir)
    )


def _name_and_split(text: str) -> tuple[str, str | None]:
    name, colon, split = text.partition(":")
    return (name, split or None) if colon and name in CATALOGUE else (text, None)


def _installed(suite: Suite) -> tuple[str, ...]:
    """The suite's packages that are here; the others are named, since programs that need them will fail."""
    missing = [package for package in suite.packages if find_spec(package) is None]
    if missing:
        _ERR.print(f"{suite!r}: not installed: {', '.join(missing)}; programs that need them will fail.", markup=False)
    return tuple(package for package in suite.packages if package not in missing)


@contextmanager
def _bar(title: str) -> Iterator[Any]:
    if not _ERR.is_terminal:
        yield lambda done, total: _print_tenth(title, done, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_ERR, transient=True) as progress:
        task = progress.add_task(title.replace("[", r"\["), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _print_tenth(title: str, done: int, total: int) -> None:
    """A line for each tenth, where there is no terminal to draw a bar on."""
    if total >= 100 and 10 * done // total > 10 * (done - 1) // total:
        _ERR.print(f"{title}: {done} of {total}", markup=False, soft_wrap=True)


def _print_faults(report: CheckReport) -> None:
    for fault in report.faults:
        known = f"  (known: {fault.known})" if fault.known else ""
        what = " ".join(filter(None, (fault.what, fault.verdict)))
        line = ": ".join(filter(None, (report.suite, fault.task_id, fault.place, what, f"{fault.message}{known}")))
        _OUT.print(line, markup=False, soft_wrap=True)


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
    _OUT.print(table)
    for name, message in broken.items():
        _OUT.print(f"{name}: {message}", markup=False, soft_wrap=True)


def _print_statistics(suite: Suite, statistics: Statistics) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in asdict(statistics).items():
        if isinstance(value, dict) and set(value) == {"least", "middle", "most"}:
            text = f"{value['least']:g} to {value['most']:g}, median {value['middle']:g}"
        elif isinstance(value, dict):
            most = sorted(value.items(), key=lambda item: -item[1])
            text = ", ".join(f"{key} {count}" for key, count in most[:12]) + (" ..." if len(most) > 12 else "")
        else:
            text = str(value)
        table.add_row(name.replace("_", " "), text or "-")
    _OUT.print(f"{suite!r}  {suite.origin}", markup=False)
    _OUT.print(table)


def _plain(problem: Problem) -> dict[str, Any]:
    record = asdict(problem)
    record["comparison"]["checker"] = getattr(problem.comparison.checker, "__name__", None)
    for test, plain in zip(problem.tests, record["tests"], strict=True):
        plain["type"] = type(test).__name__
        for name in ("args", "kwargs", "expected", "expected_args"):
            if name in plain:
                plain[name] = repr(plain[name])
    return record


def _in_full(problem: Problem) -> str:
    facts = [problem.difficulty or "no difficulty", f"entry point {problem.entry_point}", *problem.tags]
    parts = [f"# {problem.task_id}  ({', '.join(facts)})", problem.prompt.rstrip(), "## Tests"]
    for index, test in enumerate(problem.tests):
        parts.append(f"{index} {'public ' if test.public else 'private'} {_test_text(problem, test)}")
    for number, solution in enumerate(problem.solutions[:1]):
        parts += [f"## Reference solution {number} of {len(problem.solutions)}", solution.rstrip()]
    return "\n\n".join(parts[:2]) + "\n\n" + "\n".join(parts[2:])


def _test_text(problem: Problem, test: TestCase, width: int = 200) -> str:
    if isinstance(test, CallTest):
        inputs = [*map(repr, test.args), *(f"{name}={value!r}" for name, value in test.kwargs.items())]
        text = f"{problem.entry_point}({', '.join(inputs)}) == {test.expected!r}"
    elif isinstance(test, StdioTest):
        text = f"stdin {test.stdin!r} -> stdout {test.expected_stdout!r}"
    else:
        text = f"script {test.source!r}"
    return text if len(text) <= width else f"{text[: width - 3]}..."
