"""``codegym train rltf``: learn online from unit-test feedback."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import tyro
from stable_baselines3.common.callbacks import BaseCallback

import codegym  # noqa: F401  registers CodeSynthesis-v0
from agents.callbacks import ProgressBar, SaveLatest, StopOnSignal
from agents.rltf.config import RLTFConfig
from agents.rltf.rltf import RLTF
from agents.tuning import Tuning
from codegym import Judge
from codegym.diagnosis import DiagnosingJudge
from codegym.errors import DataError, UnknownNameError
from envs_registry import load_suite
from envs_registry.suite import Suite

INTERRUPTED = 130


@dataclass(frozen=True)
class TrainRLTF:
    """Let a model write programs, judge them, and learn from where they are wrong."""

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
    """Go on with the run in run-dir: its settings, its model and its numbers."""
    save_every: int = 10
    """Learning steps between two checkpoints."""
    max_turns: int = 1
    """Programs per episode: above 1 the model may repair its program, told by public tests."""
    max_new_tokens: int = 256
    """Length limit of a program."""
    reward: str = "paper"
    """The reward: paper, coarse, adaptive, pass_rate, success, static (adds what static analysis finds), ..."""
    suspects: bool = False
    """Trace wrong answers and blame the suspected lines; fine-credit soft and conserving make use of it."""
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
        """
        latest = self.run_dir / "latest.zip"
        if latest.exists() and not self.resume:
            raise DataError(f"{self.run_dir} holds a run already: go on with --resume, or choose another --run-dir.")
        if self.resume and not latest.exists():
            raise DataError(f"there is no run to resume in {self.run_dir}: {latest.name} is missing.")
        asked = self._as_before() if self.resume else self.complete()
        problems = load_suite(asked.suite, split=asked.split, data_dir=asked.data_dir)
        with Judge(workers=self.workers or os.cpu_count(), packages=problems.packages) as judge:
            agent = RLTF.load(latest, device=self.device) if self.resume else asked._new_agent()
            agent.set_env(asked._env(problems, judge, agent.config))
            return asked._train(agent, latest)

    def complete(self) -> TrainRLTF:
        """These settings on top of those of the ``settings`` file, where there is one.

        Raises:
            DataError: If the file cannot be read.
            UnknownNameError: If it names a setting that does not exist.
            InvalidSettingError: If a value makes no sense.
        """
        if self.settings is None:
            return self
        try:
            read = json.loads(self.settings.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"--settings {self.settings} cannot be read: {error}") from error
        known, default = [each.name for each in fields(self)], TrainRLTF()
        for name in set(read) - {"codegym"}:  # which the record of a run has besides
            if name not in known:
                raise UnknownNameError("setting", name, known)
        given = {name: getattr(self, name) for name in known if getattr(self, name) != getattr(default, name)}
        paths = {name: Path(read[name]) for name in ("data_dir", "run_dir") if read.get(name)}
        config = RLTFConfig.of({**read.get("config", {}), **_changes(self.config, default.config)})
        tuning = Tuning(**{**read.get("tuning", {}), **_changes(self.tuning, default.tuning)})
        values = {name: value for name, value in read.items() if name != "codegym"}
        return replace(self, **{**values, **paths, **given, "config": config, "tuning": tuning, "settings": None})

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

    def _as_before(self) -> TrainRLTF:
        """The same problems, turns and reward as when the run began; what may change is as it is asked now."""
        before = json.loads((self.run_dir / "settings.json").read_text("utf-8"))
        kept = {name: before[name] for name in ("suite", "split", "max_turns", "reward", "suspects")}
        folder = before["data_dir"] and Path(before["data_dir"])
        return replace(self, **kept, data_dir=folder)

    def _env(self, problems: Suite, judge: Judge, config: RLTFConfig) -> gym.Env[dict[str, object], str]:
        closer = {
            "static_analysis": self.reward == "static",
            "suspects": self.suspects,
            "coverage": "unexecuted" in config.masked,
        }
        return gym.make(
            "CodeSynthesis-v0",
            suite=problems,
            max_turns=self.max_turns,
            reward=self.reward,
            judge=DiagnosingJudge(judge, **closer) if any(closer.values()) else judge,
        )

    def _new_agent(self) -> RLTF:
        self.run_dir.mkdir(parents=True, exist_ok=True)
        settings = {**asdict(self), "codegym": version("codegym")}
        (self.run_dir / "settings.json").write_text(json.dumps(settings, indent=2, default=str), "utf-8")
        return RLTF(
            "LMPolicy",
            None,
            self._settings(),
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

    def _settings(self) -> RLTFConfig:
        if not self.paper:
            return self.config
        return RLTFConfig.paper(**_changes(self.config, RLTFConfig()))

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


def _changes(settings: Any, default: Any) -> dict[str, Any]:
    """The settings that are not the default, by name."""
    before = asdict(default)
    return {name: value for name, value in asdict(settings).items() if value != before[name]}
