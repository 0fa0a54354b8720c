"""``codegym seeds``: tasks out of any folder of Python code."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from agents.codedpo.data.corpus_tasks import SeedHarvest, SeedRules, decontaminated, harvest
from agents.codedpo.data.source_files import EXCLUDED_FOLDERS
from codegym.errors import DataError
from codegym.problem import Problem
from envs_registry import load_suite
from envs_registry.writing import write_problems


@dataclass(frozen=True)
class Seeds:
    """Make tasks out of documented functions, each once, none of them a benchmark's."""

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
    """A repository, a package, or one Python file."""
    exclude: tuple[str, ...] = EXCLUDED_FOLDERS
    """Names of folders below it to leave out, * for any text (.* is every hidden one); none after it takes all."""
    out: Path = Path("seeds.jsonl")
    """The tasks, as a suite: codegym sample, codegym train codedpo and gym.make read it."""
    against: tuple[str, ...] = ()
    """Suites to protect: no task may share text with their problems (see `codegym suites list`)."""
    data_dir: Path | None = None
    """Folder with the benchmarks' files; CODEGYM_DATA without it."""
    model: str | None = None
    """An instruction-tuned model that words the tasks anew; without one they are signature and docstring."""
    device: str = "auto"
    """Of the model."""
    seed: int = 0
    """Of the model's sampling."""
    rules: tyro.conf.OmitArgPrefixes[SeedRules] = field(default_factory=SeedRules)
    """Which functions."""
    json: Annotated[bool, tyro.conf.arg(help="Print one JSON document instead.")] = False

    def run(self) -> int:
        """Writes the tasks; returns 0 if there are some and 1 if there are none.

        Raises:
            DataError: If there is no such folder, or a protected suite's files are missing.
            UnknownNameError: If there is no such suite.
        """
        if not self.folder.exists():
            raise DataError(f"there is no folder or file {self.folder}.")
        protected = [load_suite(name, data_dir=self.data_dir) for name in self.against]
        work = self.out.with_name(f"{self.out.name}.work")
        with ExitStack() as stack:
            columns = (*Progress.get_default_columns(), MofNCompleteColumn())
            bar = stack.enter_context(Progress(*columns, console=Console(stderr=True, quiet=self.json), transient=True))
            found = harvest(
                self.folder,
                self.rules,
                excluded=self.exclude,
                journal=work / "files.jsonl",
                progress=_follow(bar, "files"),
            )
            found = decontaminated(found, protected, self.rules)
            problems: tuple[Problem, ...] = tuple(seed.problem() for seed in found.seeds)
            described = 0
            if self.model is not None:
                from agents.codedpo.data.descriptions import describe
                from agents.policy.policy import LMPolicy

                policy = LMPolicy.load(self.model, device=self.device, seed=self.seed)
                done = describe(
                    found.seeds,
                    policy,
                    journal=work / "descriptions.jsonl",
                    source=self.model,
                    seed=self.seed,
                    progress=_follow(bar, "descriptions"),
                )
                problems, described = done.problems, done.described
        if problems:
            write_problems(self.out, problems)
        self._say(found, len(problems), described)
        return 0 if problems else 1

    def _say(self, found: SeedHarvest, tasks: int, described: int) -> None:
        skipped = {str(why): number for why, number in (+found.skipped).items()}
        if self.json:
            left_out = dict(found.left_out)
            facts = {"files": found.files, "files_left_out": left_out, "tasks": tasks, "described": described}
            print(json.dumps({**facts, "skipped": skipped}))
            return
        console = Console()
        console.print(
            f"{tasks:,} tasks out of {found.files:,} files" + (f", {described:,} described" if described else "")
        )
        for folder, number in sorted(found.left_out.items(), key=lambda item: -item[1]):
            console.print(f"  {number:,} files left out (--exclude): {folder}", highlight=False, markup=False)
        for why, number in sorted(skipped.items(), key=lambda item: -item[1]):
            console.print(f"  {number:,} functions left out: {why}", highlight=False)
        if tasks:
            console.print(f"written: {self.out}", markup=False)


def _follow(bar: Progress, name: str) -> Callable[[int, int], None]:
    place: list[Any] = []

    def follow(done: int, total: int) -> None:
        if not place:
            place.append(bar.add_task(name, total=total))
        bar.update(place[0], completed=done)

    return follow
