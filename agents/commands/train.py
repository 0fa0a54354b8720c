"""``codegym train rltf``: learn online from unit-test feedback."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Self

import gymnasium as gym
import tyro
from stable_baselines3.common.callbacks import BaseCallback

import codegym  # noqa: F401  registers CodeSynthesis-v0
from agents.commands.fixed_settings import settings_before
from agents.commands.output_place import make_output_folder
from agents.commands.settings_file import write_settings
from agents.commands.starting_point import RECORD
from agents.policy.tuning import Tuning
from agents.rltf.config import RLTFConfig
from agents.rltf.rltf import RLTF
from agents.training.callbacks import ProgressBar, SaveLatest, StopOnSignal
from codegym import Judge
from codegym.diagnosis import DiagnosingJudge
from codegym.errors import DataError, InvalidSettingError
from envs_registry import load_suite
from envs_registry.suite import Suite

INTERRUPTED = 130
_IN_THE_CHECKPOINT = ("model", "max_new_tokens", "dtype", "tuning", "seed")
"""Settings that a run keeps when it goes on."""


@dataclass(frozen=True)
class TrainRLTF:
    """Let a model write programs, judge them, and learn from where they are wrong."""

    REMOVED: ClassVar[Mapping[str, str]] = {
        "suspects": "no study found a gain by blaming suspected lines. Leave it out."
    }
    """What to do instead, by the names of options of earlier versions that there are no more."""

    model: str = "tiny"
    """tiny, nano, a name on the Hugging Face hub, or a folder."""
    suite: str = "core"
    """Name of the suite (see `codegym suites list`), or a JSONL file with your own problems."""
    split: str | None = None
    """Split of the suite; the suite's default without it."""
    data_dir: Path | None = None
    """Folder with the benchmarks' files; CODEGYM_DATA without it."""
    completions: int = 5120
    """Programs to learn from, in all."""
    run_dir: Path = Path("runs/rltf")
    """Where log, checkpoints and the trained model go."""
    resume: bool = False
    """Go on with the run in run-dir: its settings, its model and its numbers; options given here go on top."""
    save_every: int = 10
    """Learning steps between two checkpoints."""
    max_turns: int = 1
    """Programs per episode: above 1 the model may repair its program, told by public tests."""
    max_new_tokens: int = 256
    """Length limit of a program."""
    reward: str = "paper"
    """Its name: paper, coarse, adaptive, pass_rate, success, private, static (with what static analysis finds), ..."""
    workers: int | None = None
    """Programs that are judged at a time; one for each core without it."""
    settings: Path | None = None
    """A JSON file of these settings to start from, such as another run's settings.json; those given here go on top."""
    paper: bool = False
    """Start from the paper's settings; settings given here go on top."""
    config: tyro.conf.OmitArgPrefixes[RLTFConfig] = field(default_factory=RLTFConfig)
    """How to learn."""
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
        """Trains and saves; returns 0, or 130 if it was interrupted (the checkpoint is then whole).

        Raises:
            DataError: If the folder holds another run, or none to resume.
            UnknownNameError: If the suite, the split or the reward does not exist.
            InvalidSettingError: If there is nothing to learn from, the folder cannot be written into, or a run shall go
                on with a setting that its checkpoint has fixed.
        """
        latest = self.run_dir / "latest.zip"
        if latest.exists() and not self.resume:
            raise DataError(f"{self.run_dir} holds a run already: go on with --resume, or choose another --run-dir.")
        if self.resume and not latest.exists():
            raise DataError(f"there is no run to resume in {self.run_dir}: {latest.name} is missing.")
        if self.completions < 1:
            raise InvalidSettingError(f"--completions must be at least 1, got {self.completions}.")
        problems = load_suite(self.suite, split=self.split, data_dir=self.data_dir)
        make_output_folder("--run-dir", self.run_dir)
        with Judge(workers=self.workers, packages=problems.packages) as judge:
            agent = self._agent_before(latest) if self.resume else self._new_agent()
            agent.set_env(self._env(problems, judge))
            write_settings(self.run_dir / RECORD, self)
            return self._train(agent, latest)

    @classmethod
    def of_the_paper(cls) -> Self:
        """The command with the paper's settings."""
        return cls(paper=True, config=RLTFConfig.paper())

    def _train(self, agent: RLTF, latest: Path) -> int:
        stop = StopOnSignal()
        agent.learn(
            max(self.completions - agent.num_timesteps, 0),
            callback=self._callbacks(latest, stop),
            reset_num_timesteps=not self.resume,
        )
        agent.policy.save(self.run_dir / "model")
        self._say(agent, stop.signal)
        return INTERRUPTED if stop.signal else 0

    def _agent_before(self, latest: Path) -> RLTF:
        """The agent as it was saved, with the settings of learning that are others now."""
        before = settings_before(self, _IN_THE_CHECKPOINT)
        was, now = asdict(before.config), asdict(self.config)
        changes = {name: value for name, value in now.items() if value != was[name]}
        return RLTF.load(latest, device=self.device, **changes)

    def _env(self, problems: Suite, judge: Judge) -> gym.Env[dict[str, object], str]:
        # Only this reward reads more than a plain judge says.
        looking = DiagnosingJudge(judge, suspects=False) if self.reward == "static" else judge
        return gym.make(
            "CodeSynthesis-v0",
            suite=problems,
            max_turns=self.max_turns,
            reward=self.reward,
            judge=looking,
        )

    def _new_agent(self) -> RLTF:
        return RLTF(
            "LMPolicy",
            None,
            self.config,
            policy_kwargs={
                "model": self.model,
                "max_new_tokens": self.max_new_tokens,
                "dtype": self.dtype,
                "tuning": self.tuning,
            },
            tensorboard_log=self.run_dir,
            device=self.device,
            seed=self.seed,
        )

    def _callbacks(self, latest: Path, stop: StopOnSignal) -> list[BaseCallback]:
        always: list[BaseCallback] = [SaveLatest(latest, self.save_every), stop]
        return always if self.json else [*always, ProgressBar()]

    def _say(self, agent: RLTF, signal: int | None) -> None:
        result = {
            "completions": agent.num_timesteps,
            "optimizer_steps": agent.n_updates,
            "interrupted": signal is not None,
            "model": str(self.run_dir / "model"),
            "checkpoint": str(self.run_dir / "latest.zip"),
        }
        if self.json:
            print(json.dumps(result))
            return
        print(f"{agent.num_timesteps} programs, {agent.n_updates} optimizer steps.")
        print(f"model:     {result['model']}    (codegym evaluate --model {result['model']} --suite {self.suite})")
        print(f"curves:    tensorboard --logdir {self.run_dir}")
        print(f"report:    codegym report {self.run_dir}")
        if agent.num_timesteps < self.completions:
            print(f"go on:     codegym train rltf --run-dir {self.run_dir} --resume", file=sys.stderr)
