"""``codegym corpus``: tasks out of any folder of Python code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from agents.codedpo.data.corpus_tasks import CorpusRules, CorpusTask, CorpusTasks, decontaminated, read_corpus
from agents.codedpo.data.source_files import EXCLUDED_FOLDERS
from agents.commands.options import DataDir, Device, Json, Seed
from agents.commands.output_paths import check_output_file
from agents.commands.suite_name import load_named
from agents.commands.terminal import say, say_json
from agents.progress import ProgressDisplay
from codegym.errors import DataError
from codegym.problem import Problem
from codegym.store import Store
from envs_registry.writing import write_problems


@dataclass(frozen=True)
class Corpus:
    """Make tasks out of documented functions: each function once, and none that is a benchmark's."""

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
    """A repository, a package, or one Python file."""
    exclude: tuple[str, ...] = EXCLUDED_FOLDERS
    """Names of folders below it to leave out, * for any text (.* is every hidden one); none after it takes all."""
    out: Path = Path("corpus.jsonl")
    """JSONL file to write, a suite: codegym sample, codegym train codedpo and gym.make read it."""
    against: tuple[str, ...] = ()
    """Suites to protect: no task may share text with their problems (see `codegym suites list`)."""
    data_dir: DataDir = None
    model: str | None = None
    """Instruction-tuned model that words the tasks anew; without one they are signature and docstring."""
    device: Device = "auto"
    seed: Seed = 0
    rules: tyro.conf.OmitArgPrefixes[CorpusRules] = field(default_factory=CorpusRules)
    """Which functions become tasks."""
    json: Json = False

    def run(self) -> int:
        """Writes the tasks; returns 0 if there are some and 1 if there are none.

        Raises:
            DataError: If there is no such folder, or a protected suite's files are missing.
            UnknownNameError: If there is no such suite.
            InvalidSettingError: If ``out`` cannot be written.
        """
        if not self.folder.exists():
            raise DataError(f"there is no folder or file {self.folder}.")
        protected = [load_named(name, data_dir=self.data_dir) for name in self.against]
        check_output_file("--out", self.out)
        # Reading a large repository and wording its tasks take long: the store lets both go on after a kill.
        with ProgressDisplay(self.json) as display, Store(self.out.with_name(f"{self.out.name}.cache")) as store:
            found = read_corpus(
                self.folder,
                self.rules,
                excluded=self.exclude,
                store=store,
                progress=display.of("files"),
            )
            # After reading: with other protected suites no file is read again.
            found = decontaminated(found, protected, self.rules)
            problems: Sequence[Problem] = [task.problem() for task in found.tasks]
            described = 0
            if self.model is not None:
                problems, described = self._described(found.tasks, store, display)
        if problems:  # an empty suite is refused everywhere, so none is written
            write_problems(self.out, problems)
        self._report(found, len(problems), described)
        return 0 if problems else 1

    def _described(
        self, tasks: Sequence[CorpusTask], store: Store, display: ProgressDisplay
    ) -> tuple[Sequence[Problem], int]:
        from agents.codedpo.data.descriptions import describe
        from agents.policy.policy import LMPolicy

        policy = LMPolicy.load(str(self.model), device=self.device, seed=self.seed)
        done = describe(tasks, policy, store=store, seed=self.seed, progress=display.of("descriptions"))
        return done.problems, done.described

    def _report(self, found: CorpusTasks, tasks: int, described: int) -> None:
        skipped = {str(reason): number for reason, number in (+found.skipped).items()}
        if self.json:
            left_out = dict(found.left_out)
            facts = {"files": found.files, "files_left_out": left_out, "tasks": tasks, "described": described}
            say_json({**facts, "skipped": skipped})
            return
        say(f"{tasks:,} tasks out of {found.files:,} files" + (f", {described:,} described" if described else ""))
        for folder, number in sorted(found.left_out.items(), key=lambda item: -item[1]):
            say(f"  {number:,} files left out (--exclude): {folder}")
        for reason, number in sorted(skipped.items(), key=lambda item: -item[1]):
            say(f"  {number:,} functions left out: {reason}")
        if tasks:
            say(f"written: {self.out}")
