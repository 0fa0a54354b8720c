"""``codegym sample``: a policy writes programs and tests for a suite's problems."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import gymnasium as gym
import tyro
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

import codegym  # noqa: F401  registers CodeSynthesis-v0
from agents.codedpo.data.sampling import Sampler, rollout_samples
from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.policy.policy import LMPolicy
from agents.rollout.episodes import make_stage
from agents.scoring.journal import write_rows


@dataclass(frozen=True)
class SampleTasks:
    """Write programs and tests, the input of `codegym rank`; a run that was killed goes on."""

    suite: str = "core"
    """Name of the suite (see `codegym suites list`), or a JSONL file with problems, such as `codegym seeds` writes."""
    model: str = "tiny"
    """tiny, nano, a name on the Hugging Face hub, or a folder."""
    split: str | None = None
    """Split of the suite; the suite's default without it."""
    data_dir: Path | None = None
    """Folder with the benchmarks' files; CODEGYM_DATA without it."""
    out: Path = Path("samples.jsonl")
    """The samples file."""
    rollouts: Path | None = None
    """A checkpoint of `codegym train rltf`: take the programs from its buffer, and let the model write tests only."""
    limit: int = 0
    """Problems; 0 takes all."""
    workers: int | None = None
    """Programs that are judged at a time; one for each core without it."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, ..."""
    seed: int = 0
    """Of everything that is drawn."""
    settings: tyro.conf.OmitArgPrefixes[SamplingSettings] = field(default_factory=SamplingSettings)
    """How much is written, and how."""
    json: Annotated[bool, tyro.conf.arg(help="Print one JSON document instead.")] = False

    def run(self) -> int:
        """Writes the samples.

        Raises:
            DataError: If the suite's files or the checkpoint are not what they should be.
            UnknownNameError: If there is no such suite or split.
        """
        env = gym.make(
            "CodeSynthesis-v0", suite=self.suite, split=self.split, data_dir=self.data_dir, workers=self.workers
        )
        try:
            stage = make_stage(env)
            policy = LMPolicy.load(self.model, device=self.device, seed=self.seed)
            problems = stage.problems[: self.limit] if self.limit else stage.problems
            sampler = Sampler(
                stage,
                policy,
                self.settings,
                path=self.out.with_name(f"{self.out.name}.work") / "samples.jsonl",
                seed=self.seed,
                source=self.model,
            )
            if self.rollouts is not None:
                tasks = sampler.with_tests(rollout_samples(self.rollouts, problems), problems)
            else:
                columns = (*Progress.get_default_columns(), MofNCompleteColumn())
                with Progress(*columns, console=Console(stderr=True, quiet=self.json), transient=True) as bar:
                    tasks = list(bar.track(sampler.sample(problems), total=len(problems), description="sampling"))
            write_rows(self.out, (task.to_row() for task in tasks))  # whole, and nothing of other settings
        finally:
            env.close()
        facts = {
            "tasks": len(tasks),
            "programs": sum(len(task.completions) for task in tasks),
            "test_texts": sum(len(task.test_texts) for task in tasks),
            "out": str(self.out),
        }
        if self.json:
            print(json.dumps(facts))
        else:
            numbers = f"{facts['programs']} programs and {facts['test_texts']} texts with tests"
            Console().print(f"{facts['tasks']} tasks, {numbers}; written: {self.out}", highlight=False)
        return 0
