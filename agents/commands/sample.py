"""``codegym sample``: a policy writes programs and tests for a suite's problems."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.commands.options import DataDir, Device, Json, Limit, MaxNewTokens, Model, Seed, Split, SuiteName, Workers
from agents.commands.output_paths import check_output_file
from agents.commands.suite_name import load_named
from agents.commands.terminal import say, say_json
from agents.progress import ProgressDisplay
from agents.scoring.task_samples import TaskSamples
from codegym import CodeSynthesisEnv, Judge, json_lines
from codegym.store import Store
from envs_registry import Suite


@dataclass(frozen=True)
class SampleTasks:
    """Write programs and tests, the input of `codegym rank`; a run that was killed goes on."""

    suite: SuiteName = "core"
    model: Model = "tiny"
    split: Split = None
    data_dir: DataDir = None
    out: Path = Path("samples.jsonl")
    """JSONL file to write, with a line for each problem."""
    rollouts: Path | None = None
    """Checkpoint of `codegym train rltf` whose programs are taken from its buffer; the model then writes tests only."""
    limit: Limit = 0
    max_new_tokens: MaxNewTokens = 256
    workers: Workers = None
    device: Device = "auto"
    seed: Seed = 0
    settings: tyro.conf.OmitArgPrefixes[SamplingSettings] = field(default_factory=SamplingSettings)
    """How much is written, and how."""
    json: Json = False

    def run(self) -> int:
        """Writes the samples; returns 0.

        Raises:
            DataError: If the suite's files or the checkpoint are not what they should be.
            UnknownNameError: If there is no such suite or split.
            InvalidSettingError: If ``out`` cannot be written.
        """
        suite = load_named(self.suite, self.split, self.data_dir)
        check_output_file("--out", self.out)
        tasks = self._tasks(suite)
        json_lines.write(self.out, (task.to_row() for task in tasks))
        facts = {
            "tasks": len(tasks),
            "programs": sum(len(task.completions) for task in tasks),
            "test_texts": sum(len(task.test_texts) for task in tasks),
            "out": str(self.out),
        }
        if self.json:
            say_json(facts)
        else:
            numbers = f"{facts['programs']} programs and {facts['test_texts']} texts with tests"
            say(f"{facts['tasks']} tasks, {numbers}; written: {self.out}")
        return 0

    def _tasks(self, suite: Suite) -> Sequence[TaskSamples]:
        # These load torch, which takes seconds: bad input has been refused by now.
        from agents.codedpo.data.sampling import TaskSampler, rollout_samples
        from agents.policy.policy import LMPolicy
        from agents.rollout.episodes import make_episodes
        from agents.rollout.sampler import Sampler

        policy = LMPolicy.load(self.model, max_new_tokens=self.max_new_tokens, device=self.device, seed=self.seed)
        sampling = self.settings.sampling(policy)
        with ExitStack() as stack:
            judge = stack.enter_context(Judge(workers=self.workers, packages=suite.packages))
            # Beside the output: the same command, run again after a kill, goes on from it.
            store = stack.enter_context(Store(self.out.with_name(f"{self.out.name}.cache")))
            episodes = make_episodes(CodeSynthesisEnv(suite, judge=judge))
            sampler = TaskSampler(
                episodes=episodes,
                sampler=Sampler(policy=policy, sampling=sampling, seed=self.seed, store=store),
                judge=judge,
                settings=self.settings,
                source=self.model,
            )
            problems = episodes.problems[: self.limit or None]
            if self.rollouts is not None:
                return sampler.with_tests(rollout_samples(self.rollouts, problems), problems)
            display = stack.enter_context(ProgressDisplay(self.json))
            return list(display.track(sampler.sample(problems), "sampling", len(problems)))
