"""``codegym suites list|show|stats``: which problems there are."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.table import Table

from agents.commands.named_suite import name_and_split
from agents.commands.terminal import OUT
from codegym.problem import CallTest, Problem, StdioTest, TestCase
from envs_registry import Suite, list_suites, load_suite
from envs_registry.catalogue import entry_of
from envs_registry.contamination import Overlap, overlaps
from envs_registry.loading import is_at_hand
from envs_registry.statistics import Statistics, statistics_of


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
        OUT.print(table)
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
        name, split = name_and_split(self.suite)
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
        OUT.print(table)
        more = f", the first {len(shown)} of them above" if len(shown) < len(suite) else ""
        OUT.print(f"\n{suite!r}{more}. {suite.origin}", markup=False)
        return 0


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
        suite = load_suite(*name_and_split(self.suite), self.data_dir)
        statistics = statistics_of(suite)
        found: tuple[Overlap, ...] = ()
        if self.against:
            other = load_suite(*name_and_split(self.against), self.data_dir)
            found = overlaps(suite, other, n=self.n, threshold=self.threshold, solutions=self.solutions)
        if self.json:
            shared = [asdict(overlap) for overlap in found]
            print(json.dumps({"suite": suite.name, "split": suite.split, **asdict(statistics), "overlaps": shared}))
            return 0
        _print_statistics(suite, statistics)
        for overlap in found:
            line = f"{overlap.share:6.1%}  {overlap.task_id}  in  {overlap.other_id}: ... {overlap.example} ..."
            OUT.print(line, markup=False, soft_wrap=True)
        if self.against:
            share = len(found) / max(len(suite), 1)
            OUT.print(f"{len(found)} of {len(suite)} problems ({share:.1%}) share {self.n}-grams with {self.against}.")
        return 0


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
    OUT.print(f"{suite!r}  {suite.origin}", markup=False)
    OUT.print(table)


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
