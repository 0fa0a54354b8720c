"""``codegym train codedpo``: learn offline from the policy's own programs, ranked by its own tests."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import gymnasium as gym
import tyro
from stable_baselines3.common.callbacks import BaseCallback

import codegym  # noqa: F401  registers CodeSynthesis-v0
from agents.codedpo.codedpo import CodeDPO
from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairing import PairRules, PairSet, reasons
from agents.codedpo.data.pairs import Preference, read_pairs
from agents.codedpo.data.pipeline import Preparation, PreparationSettings, draw_problems
from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.codedpo.reference import OF_THE_REFERENCE
from agents.commands.facts import print_facts
from agents.commands.fixed_settings import settings_before
from agents.commands.output_place import make_output_folder
from agents.commands.samples_file import read_samples_file
from agents.commands.settings_file import write_settings
from agents.commands.stage_bars import StageBars
from agents.commands.starting_point import RECORD
from agents.policy.policy import LMPolicy
from agents.policy.tuning import Tuning
from agents.rollout.episodes import make_stage
from agents.scoring.costs import CostSettings
from agents.scoring.task_samples import TaskSamples
from agents.training.actor import Env
from agents.training.callbacks import ProgressBar, SaveLatest, StopOnSignal
from codegym import Judge
from codegym.errors import DataError, InvalidSettingError
from envs_registry import load_suite

INTERRUPTED = 130
_PAPERS_TEMPERATURE = 1.5
_OF_THE_PAIRS = ("problems", *OF_THE_REFERENCE)
_OF_THEIR_ORDER = ("batch_size", "shuffle")
_IN_THE_CHECKPOINT = (
    *("model", "suite", "split", "samples", "pairs", "sampling", "rules", "costs"),
    *("max_new_tokens", "dtype", "tuning", "seed"),
    *(f"config.{name}" for name in (*_OF_THE_PAIRS, *_OF_THEIR_ORDER)),
)
"""Settings that a run keeps from its first checkpoint on: it holds the pairs, what the reference says about them, and
how many of them have been learned from in their order."""


@dataclass(frozen=True)
class TrainCodeDPO:
    """Let a model write programs and tests, rank both by each other, and learn from the pairs."""

    model: str = "tiny"
    """tiny, nano, a name on the Hugging Face hub, or a folder."""
    suite: str = "core"
    """Name of the suite (see `codegym suites list`), or a JSONL file with your own problems."""
    split: str | None = None
    """Split of the suite; the suite's default without it."""
    data_dir: Path | None = None
    """Folder with the benchmarks' files; CODEGYM_DATA without it."""
    samples: Path | None = None
    """Rank these programs and tests instead of writing some: a file as `codegym rank` reads it."""
    tests: Path | None = None
    """With --samples: the file of tests, where programs and tests are in two files, as `codegym rank` takes it."""
    pairs: Path | None = None
    """Learn from these pairs instead of making some: JSON lines with prompt, chosen and rejected."""
    run_dir: Path = Path("runs/codedpo")
    """Where samples, matrix, pairs, log, checkpoints and the trained model go."""
    resume: bool = False
    """Go on with the run in run-dir, with its settings, where it stopped; options given here go on top (once it trains,
    those that made its pairs are fixed)."""
    until: Literal["sampling", "matrix", "pairs", "training"] = "training"
    """The last stage to run; --resume goes on with the next."""
    save_every: int = 20
    """Optimizer steps between two checkpoints."""
    max_new_tokens: int = 256
    """Length limit of a program, and of a text with tests."""
    workers: int | None = None
    """Programs that are judged at a time; one for each core without it."""
    settings: Path | None = None
    """A JSON file of these settings to start from, such as another run's settings.json; those given here go on top."""
    paper: bool = False
    """Start from the paper's settings; settings given here go on top."""
    config: Annotated[CodeDPOConfig, tyro.conf.OmitArgPrefixes, tyro.conf.EnumChoicesFromValues] = field(
        default_factory=CodeDPOConfig
    )
    """How to learn."""
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    """What is written for each problem."""
    rules: Annotated[PairRules, tyro.conf.EnumChoicesFromValues] = field(default_factory=PairRules)
    """Which ranking, and which pairs are made."""
    costs: CostSettings = field(default_factory=CostSettings)
    """How the costs of programs are measured."""
    tuning: tyro.conf.OmitArgPrefixes[Tuning] = field(default_factory=Tuning)
    """Which weights learn."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, ..."""
    dtype: str = "auto"
    """float32 or bfloat16; auto is bfloat16 on a GPU."""
    seed: int = 0
    """The same seed gives the same numbers on a CPU."""
    json: Annotated[bool, tyro.conf.arg(help="Print one JSON document and no progress.")] = False

    def run(self) -> int:
        """Makes pairs, trains and saves; returns 0, or 130 if it was interrupted (what is there is then whole).

        Raises:
            DataError: If the folder holds another run, or none to resume; if no pair can be made or learned from.
            UnknownNameError: If the suite, the split or a setting in the file does not exist.
            InvalidSettingError: If the folder cannot be written into, there are tests without programs, or a run shall
                go on with a setting that its checkpoint has fixed.
        """
        if (self.run_dir / RECORD).exists() and not self.resume:
            raise DataError(f"{self.run_dir} holds a run already: go on with --resume, or choose another --run-dir.")
        if self.tests is not None and self.samples is None:
            raise InvalidSettingError(
                f"--tests {self.tests} goes with --samples: name the file of the programs, too, or one file of both."
            )
        return self._go()

    @classmethod
    def of_the_paper(cls) -> Self:
        """The command with the paper's settings."""
        sampling = SamplingSettings(temperature=_PAPERS_TEMPERATURE)
        return cls(paper=True, config=CodeDPOConfig.paper(), sampling=sampling)

    def _go(self) -> int:
        latest = self.run_dir / "latest.zip"
        if latest.exists():
            return self._go_on(latest)
        is_given = self.samples is not None or self.pairs is not None
        problems = None if is_given else load_suite(self.suite, split=self.split, data_dir=self.data_dir)
        packages = problems.packages if problems is not None else ()
        make_output_folder("--run-dir", self.run_dir)
        with Judge(workers=self.workers, packages=packages) as judge:
            env = None if problems is None else gym.make("CodeSynthesis-v0", suite=problems, judge=judge)
            return self._begin(env, judge)

    def _go_on(self, latest: Path) -> int:
        """Trains the agent as it was saved, with the settings of learning that are others now; it has its pairs."""
        make_output_folder("--run-dir", self.run_dir)
        was, now = asdict(settings_before(self, _IN_THE_CHECKPOINT).config), asdict(self.config)
        changes = {name: value for name, value in now.items() if value != was[name]}
        agent = CodeDPO.load(latest, device=self.device, **changes)
        write_settings(self.run_dir / RECORD, self)
        return self._train(agent, {}) if self.until == "training" else self._say({})

    def _begin(self, env: Env | None, judge: Judge) -> int:
        policy = LMPolicy.load(
            self.model,
            max_new_tokens=self.max_new_tokens,
            dtype=self.dtype,
            device=self.device,
            tuning=self.tuning,
            seed=self.seed,
        )
        write_settings(self.run_dir / RECORD, self)
        facts: dict[str, Any] = {}
        found = self._found_pairs(policy, env, judge, facts)
        if found is None:
            return self._say(facts)
        agent = CodeDPO(
            policy,
            env,
            self.config,
            pairs=found,
            tensorboard_log=self.run_dir,
            device=self.device,
            seed=self.seed,
        )
        return self._train(agent, facts)

    # ---- stages

    def _found_pairs(
        self, policy: LMPolicy, env: Env | None, judge: Judge, facts: dict[str, Any]
    ) -> Sequence[Preference] | None:
        """The pairs to learn from; None where the last stage to run comes before."""
        if self.pairs is not None:
            return read_pairs(self.pairs)
        made = self._prepared(policy, env, judge, facts)
        if made is None:
            return None
        facts |= {"pairs": len(made.pairs), "tasks_without_pairs": {k: dict(v) for k, v in made.skipped.items()}}
        if not made.pairs:
            raise DataError(f"no pair came of {made.tasks} problems. {reasons(made)}")
        return made.pairs if self.until == "training" else None

    def _prepared(self, policy: LMPolicy, env: Env | None, judge: Judge, facts: dict[str, Any]) -> PairSet | None:
        """Runs the stages before training; what the folder holds of them is not done again."""
        settings = PreparationSettings(sampling=self.sampling, rules=self.rules, costs=self.costs)
        with StageBars(self.json) as bars:
            preparation = Preparation(self.run_dir, judge, settings, bars.follow)
            samples = self._sampled(env, policy, preparation, facts)
            facts |= {"problems": len(samples), "programs": sum(len(task.completions) for task in samples)}
            if self.until == "sampling":
                return None
            matrices = preparation.matrices(samples)
            facts |= {"cells": sum(len(matrix.rows) * len(matrix.tests) for matrix in matrices)}
            return None if self.until == "matrix" else preparation.from_matrices(matrices)

    def _sampled(
        self, env: Env | None, policy: LMPolicy, preparation: Preparation, facts: dict[str, Any]
    ) -> Sequence[TaskSamples]:
        if self.samples is not None:
            file = read_samples_file(self.samples, self.tests)
            facts["lines_left_out"] = len(file.skipped)
            return file.tasks
        assert env is not None
        stage = make_stage(env)
        chosen = draw_problems(stage.problems, self.config.problems, self.seed)
        return preparation.samples(stage, policy, chosen, seed=self.seed, source=self.model)

    def _train(self, agent: CodeDPO, facts: Mapping[str, Any]) -> int:
        latest, stop = self.run_dir / "latest.zip", StopOnSignal()
        always: list[BaseCallback] = [SaveLatest(latest, self.save_every), stop]
        agent.learn(
            max(agent.default_timesteps - agent.num_timesteps, 0),
            callback=always if self.json else [*always, ProgressBar()],
            reset_num_timesteps=agent.num_timesteps == 0,
        )
        agent.policy.save(self.run_dir / "model")
        assert agent.token_pairs is not None
        learned = {"pairs_learned_from": agent.num_timesteps, "optimizer_steps": agent.n_updates}
        files = {"model": str(self.run_dir / "model"), "checkpoint": str(latest)}
        done = agent.num_timesteps >= agent.default_timesteps
        self._say({**facts, **agent.token_pairs.counts(), **learned, **files, "finished": done})
        return INTERRUPTED if stop.signal else 0

    def _say(self, facts: Mapping[str, Any]) -> int:
        facts = {"stage": self.until, "run_dir": str(self.run_dir), **facts}
        if self.json:
            print(json.dumps(facts))
            return 0
        print_facts(facts)
        if "model" in facts:
            print(f"next:   codegym evaluate --model {facts['model']} --suite {self.suite}")
            print(f"curves: tensorboard --logdir {self.run_dir}")
            print(f"report: codegym report {self.run_dir}")
        if self.until != "training" or not facts["finished"]:
            print(f"go on:  codegym train codedpo --run-dir {self.run_dir} --resume", file=sys.stderr)
        return 0
