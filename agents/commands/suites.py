"""``codegym suites list|show|stats``: which problems there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar

import tyro
from rich.table import Table

from agents.commands.options import DataDir, Json, Limit, Split, SuitePosition
from agents.commands.suite_name import load_named
from agents.commands.terminal import OUT, say, say_json
from codegym.problem import CallTest, Problem, StdioTest, TestCase
from envs_registry import Suite, list_suites
from envs_registry.catalogue import entry_of
from envs_registry.contamination import Overlap, overlaps
from envs_registry.loading import is_at_hand
from envs_registry.statistics import Statistics, statistics_of


@dataclass(frozen=True)
class ListSuites:
    """List the suites that exist, and the splits whose files are on this machine."""

    data_dir: DataDir = None
    json: Json = False

    def run(self) -> int:
        """Prints the catalogue."""
        rows = [self._row(name) for name in list_suites()]
        if self.json:
            say_json(rows)
            return 0
        table = Table("suite", "splits (default first)", "at hand", "licence", "what it is", box=None, pad_edge=False)
        for row in rows:
            splits = ", ".join(row["splits"]) or "as in the file"
            table.add_row(row["suite"], splits, ", ".join(row["at_hand"]) or "-", row["licence"], row["title"])
        OUT.print(table)
        return 0

    def _row(self, name: str) -> dict[str, Any]:
        entry = entry_of(name)
        # The default first: it is what a name without a split means.
        splits = sorted(entry.splits, key=lambda split: split != entry.default_split)
        at_hand = [split for split in splits if is_at_hand(name, split, self.data_dir)]
        return {"suite": name, "splits": splits, "at_hand": at_hand, "title": entry.title, "licence": entry.licence}


@dataclass(frozen=True)
class ShowSuite:
    """Show the problems of a suite, or one problem in full."""

    suite: SuitePosition
    task_id: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="[TASK_ID]")] = ""
    """Id of a problem; without it the problems are listed."""
    split: Split = None
    data_dir: DataDir = None
    limit: Limit = 20
    json: Json = False

    def run(self) -> int:
        """Prints the suite or the problem."""
        suite = load_named(self.suite, self.split, self.data_dir)
        if self.task_id:
            problem = suite.by_id(self.task_id)
            if self.json:
                say_json(_plain(problem))
            else:
                say(_in_full(problem))
            return 0
        shown = suite[: self.limit or None]
        if self.json:
            say_json({"suite": suite.name, "split": suite.split, "task_ids": list(suite.task_ids)})
            return 0
        table = Table("task", "difficulty", "tests", "public", "solutions", "prompt begins", box=None, pad_edge=False)
        for problem in shown:
            counts = [len(problem.tests), len(problem.public_tests), len(problem.solutions)]
            begin = " ".join(problem.prompt.split())[:60]
            table.add_row(problem.task_id, problem.difficulty or "-", *map(str, counts), begin)
        OUT.print(table)
        more = f", the first {len(shown)} of them above" if len(shown) < len(suite) else ""
        say(f"\n{suite!r}{more}. {suite.origin}")
        return 0


@dataclass(frozen=True)
class SuiteStatistics:
    """Describe a suite in numbers; with --against, the problems that it shares with another suite."""

    RENAMED: ClassVar[Mapping[str, str]] = {"n": "words"}

    suite: SuitePosition
    against: str = ""
    """Second suite (NAME or NAME:SPLIT) to look for shared n-grams in."""
    words: int = 10
    """Words of an n-gram."""
    threshold: float = 0.2
    """Smallest share of a problem's n-grams that is reported."""
    solutions: bool = False
    """Compare reference solutions too, beside the prompts."""
    data_dir: DataDir = None
    json: Json = False

    def run(self) -> int:
        """Prints the numbers, and the overlap when it was asked for."""
        suite = load_named(self.suite, data_dir=self.data_dir)
        statistics = statistics_of(suite)
        found: tuple[Overlap, ...] = ()
        if self.against:
            other = load_named(self.against, data_dir=self.data_dir)
            found = overlaps(suite, other, n=self.words, threshold=self.threshold, solutions=self.solutions)
        if self.json:
            shared = [asdict(overlap) for overlap in found]
            say_json({"suite": suite.name, "split": suite.split, **asdict(statistics), "overlaps": shared})
            return 0
        _print_statistics(suite, statistics)
        for overlap in found:
            line = f"{overlap.share:6.1%}  {overlap.task_id}  in  {overlap.other_id}: ... {overlap.example} ..."
            say(line)
        if self.against:
            share = len(found) / max(len(suite), 1)
            say(f"{len(found)} of {len(suite)} problems ({share:.1%}) share {self.words}-grams with {self.against}.")
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
    say(f"{suite!r}  {suite.origin}")
    OUT.print(table)


def _plain(problem: Problem) -> dict[str, Any]:
    record = asdict(problem)
    # A function has no JSON: its name must do.
    record["comparison"]["checker"] = getattr(problem.comparison.checker, "__name__", None)
    for test, plain in zip(problem.tests, record["tests"], strict=True):
        plain["type"] = type(test).__name__
        # Any Python value may be an argument; JSON has no sets, tuples or complex numbers.
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
