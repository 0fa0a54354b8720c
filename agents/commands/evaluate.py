"""``codegym evaluate``: pass@k of a model or of a samples file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table

from agents.bootstrap import Interval
from agents.evaluation import Evaluation, evaluate
from agents.generation import Sampling
from agents.policy import LMPolicy
from agents.repair import repaired_samples
from agents.samples import ProgramSample, read_samples, write_samples
from codegym import Judge
from codegym.errors import InvalidSettingError
from codegym.feedback.feedback import Feedback
from envs_registry import Suite, load_suite

SHOWN = 10
"""Missing problems that are named; the rest is counted."""


@dataclass(frozen=True)
class Evaluate:
    """Judge programs on a suite and estimate pass@k, with 95 % bootstrap intervals over problems."""

    suite: str
    """Name of the suite (see `codegym suites list`), or a JSONL file with your own problems."""
    samples: Path | None = None
    """A samples file in HumanEval's format: a JSON object a line with task_id and completion."""
    model: str | None = None
    """tiny, nano, a name on the Hugging Face hub, or a folder; instead of --samples."""
    split: str | None = None
    """Split of the suite; the suite's default without it."""
    data_dir: Path | None = None
    """Folder with the benchmarks' files; CODEGYM_DATA without it."""
    k: tuple[int, ...] = (1, 10)
    """Of pass@k."""
    n: int = 20
    """Programs that a model writes for each problem."""
    temperature: float = 1.0
    """Of a model's sampling."""
    top_p: float = 1.0
    """Of a model's sampling."""
    greedy: bool = False
    """Let a model write its most probable program; then one a problem."""
    turns: int = 1
    """Turns that a model may take to get the public tests right; above 1 it repairs its programs."""
    max_new_tokens: int = 256
    """Length limit of a model's programs."""
    save_samples: Path | None = None
    """Write the model's programs here, in the format that --samples reads."""
    seed: int = 0
    """Of sampling and of the intervals."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, ..."""
    json: bool = False
    """Print one JSON document instead."""

    def run(self) -> int:
        """Evaluates; returns 0 if every problem has a verdict and 1 if some are missing.

        Raises:
            DataError: If the samples file is missing or malformed.
            UnknownNameError: If the suite or the split does not exist, or a sample is for an unknown task.
            InvalidSettingError: If there is not exactly one of samples and model.
        """
        if (self.samples is None) == (self.model is None):
            raise InvalidSettingError("give either --samples FILE or --model MODEL: what is to be evaluated?")
        suite = load_suite(self.suite, split=self.split, data_dir=self.data_dir)
        programs, number = self._programs(suite)
        judged: list[ProgramSample] = []
        console = Console(stderr=True, quiet=self.json)
        with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=console, transient=True) as bar:
            task = bar.add_task("judging", total=number)

            def on_judged(sample: ProgramSample, feedback: Feedback) -> None:
                judged.append(sample)
                bar.update(task, advance=1)

            result = evaluate(programs, suite, self.k, self._n, None, self.seed, self._sampling, on_judged)
        if self.save_samples is not None:
            write_samples(self.save_samples, judged)
        if self.json:
            print(json.dumps(result.to_dict()))
        else:
            show(result)
        return 1 if result.missing else 0

    def _programs(self, suite: Suite) -> tuple[list[ProgramSample] | LMPolicy, int]:
        """What is evaluated, and how many programs that is."""
        if self.samples is not None:
            samples = read_samples(self.samples)
            return samples, len(samples)
        policy = LMPolicy.load(str(self.model), device=self.device, max_new_tokens=self.max_new_tokens)
        if self.turns == 1:
            return policy, len(suite) * self._n
        with Judge(packages=suite.packages) as judge:
            repaired = repaired_samples(
                policy, suite, judge, n=self._n, turns=self.turns, sampling=self._sampling, seed=self.seed
            )
        return repaired, len(repaired)

    @property
    def _n(self) -> int:
        return 1 if self.greedy else self.n

    @property
    def _sampling(self) -> Sampling:
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            greedy=self.greedy,
            max_new_tokens=self.max_new_tokens,
        )


def show(result: Evaluation, console: Console | None = None) -> None:
    """Prints an evaluation for people."""
    console = console or Console()
    table = Table(title=f"{result.suite}: {len(result.problems)} problems", title_justify="left")
    table.add_column("")
    table.add_column("problems", justify="right")
    for k in result.k:
        table.add_column(f"pass@{k}  [95 %]", justify="right")
    _row(table, "all", len(result.problems), result.pass_at)
    for name, estimates in result.by_difficulty.items():
        _row(table, name, sum(problem.difficulty == name for problem in result.problems), estimates)
    console.print(table)
    total = max(sum(result.kinds.values()), 1)
    shares = ", ".join(f"{kind} {100 * count / total:.1f} %" for kind, count in result.kinds.items())
    console.print(f"programs: {total}; {shares.replace('none ', 'passed ', 1) if 'none' in result.kinds else shares}")
    for note in result.notes:
        console.print(f"note: {escape(note)}")
    if result.missing:
        names = ", ".join(result.missing[:SHOWN]) + (", ..." if len(result.missing) > SHOWN else "")
        console.print(f"missing: {len(result.missing)} problems have no verdict and are not counted: {escape(names)}")


def _row(table: Table, name: str, number: int, estimates: Mapping[int, Interval]) -> None:
    table.add_row(name, str(number), *(str(interval) for interval in estimates.values()))
