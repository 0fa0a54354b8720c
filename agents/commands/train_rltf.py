"""``codegym train rltf``: learn online from unit-test feedback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import tyro

from agents.commands.options import (
    DataDir,
    Device,
    DType,
    Json,
    MaxNewTokens,
    Model,
    Seed,
    Split,
    SuiteName,
    Workers,
)
from agents.commands.output_paths import make_output_folder
from agents.commands.settings import HasPreset, check_at_least, resume_settings, write_settings
from agents.commands.suite_name import load_named
from agents.commands.terminal import INTERRUPTED, note, say, say_json
from agents.policy.tuning import Tuning
from agents.rltf.config import RLTFConfig
from agents.training.run_folder import LATEST, MODEL, SETTINGS
from codegym import CodeSynthesisEnv, Judge
from codegym.diagnosis import DiagnosingJudge
from codegym.errors import DataError
from envs_registry.suite import Suite

if TYPE_CHECKING:
    from agents.rltf.rltf import RLTF

# Settings that a run keeps when it goes on.
_IN_THE_CHECKPOINT = ("model", "max_new_tokens", "dtype", "tuning", "seed")


@dataclass(frozen=True, kw_only=True)
class TrainRLTF(HasPreset):
    """Let a model write programs, judge them, and learn from where they are wrong."""

    REMOVED: ClassVar[Mapping[str, str]] = {
        "suspects": "no study found a gain by blaming suspected lines. Leave it out."
    }

    model: Model = "tiny"
    suite: SuiteName = "core"
    split: Split = None
    data_dir: DataDir = None
    completions: int = 5120
    """Programs to learn from, in all."""
    run_dir: Path = Path("runs/rltf")
    """Folder of the run: log, checkpoints and the trained model."""
    save_every: int = 10
    """Learning steps between two checkpoints."""
    max_turns: int = 1
    """Programs of an episode: above 1 the model may repair its program, after feedback from public tests."""
    max_new_tokens: MaxNewTokens = 256
    reward: str = "paper"
    """Reward by name: paper, coarse, adaptive, pass_rate, success, private, static (with static analysis), ..."""
    workers: Workers = None
    config: tyro.conf.OmitArgPrefixes[RLTFConfig] = field(default_factory=RLTFConfig)
    """How to learn."""
    tuning: tyro.conf.OmitArgPrefixes[Tuning] = field(default_factory=Tuning)
    """Which weights learn."""
    device: Device = "auto"
    dtype: DType = "auto"
    seed: Seed = 0
    json: Json = False

    def run(self) -> int:
        """Trains and saves; returns 0, or 130 if it was interrupted (the checkpoint is then whole).

        Raises:
            DataError: If the folder holds another run, or none to resume.
            UnknownNameError: If the suite, the split or the reward does not exist.
            InvalidSettingError: If there is nothing to learn from, the folder cannot be written into, or a run would
                go on with another value of a setting that its checkpoint has fixed.
        """
        # What can be refused is refused before torch is imported, and before a folder is made.
        latest = self.run_dir / LATEST
        if latest.exists() and not self.resume:
            raise DataError(f"{self.run_dir} holds a run already: go on with --resume, or choose another --run-dir.")
        if self.resume and not latest.exists():
            raise DataError(f"there is no run to resume in {self.run_dir}: {latest.name} is missing.")
        check_at_least(self, 1, "completions", "save_every", "max_turns", "max_new_tokens")
        problems = load_named(self.suite, self.split, self.data_dir)
        make_output_folder("--run-dir", self.run_dir)
        with Judge(workers=self.workers, packages=problems.packages) as judge:
            agent = self._agent_before(latest) if self.resume else self._new_agent()
            agent.set_env(self._env(problems, judge))
            # Only now: a run that could not begin must not look as if it could be resumed.
            write_settings(self.run_dir / SETTINGS, self)
            return self._train(agent, latest)

    @classmethod
    def paper_preset(cls) -> Self:
        """Returns the command with the paper's settings."""
        return cls(paper=True, config=RLTFConfig.paper())

    def _train(self, agent: RLTF, latest: Path) -> int:
        from agents.training.callbacks import ProgressBar, SaveLatest, StopOnSignal

        stop = StopOnSignal()
        bar = () if self.json else (ProgressBar(),)
        agent.learn(
            # In all, and not in this call: a resumed run comes to the same end as one that was never stopped.
            max(self.completions - agent.num_timesteps, 0),
            callback=[SaveLatest(latest, self.save_every), stop, *bar],
            reset_num_timesteps=not self.resume,
        )
        agent.policy.save(self.run_dir / MODEL)
        self._report(agent, stop.signal)
        return INTERRUPTED if stop.signal else 0

    def _agent_before(self, latest: Path) -> RLTF:
        """The agent as it was saved, with those settings of learning that are others now."""
        from agents.rltf.rltf import RLTF

        # Only what was changed: all else stays as the checkpoint has it.
        was, now = asdict(resume_settings(self, _IN_THE_CHECKPOINT).config), asdict(self.config)
        changes = {name: value for name, value in now.items() if value != was[name]}
        return RLTF.load(latest, device=self.device, **changes)

    def _new_agent(self) -> RLTF:
        from agents.rltf.rltf import RLTF

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

    def _env(self, problems: Suite, judge: Judge) -> CodeSynthesisEnv:
        # Only this reward reads more than a plain judge says.
        needs_diagnosis = self.reward == "static"
        return CodeSynthesisEnv(
            problems,
            max_turns=self.max_turns,
            reward=self.reward,
            judge=DiagnosingJudge(judge, suspects=False) if needs_diagnosis else judge,
        )

    def _report(self, agent: RLTF, signal: int | None) -> None:
        result = {
            "completions": agent.num_timesteps,
            "optimizer_steps": agent.n_updates,
            "interrupted": signal is not None,
            "model": str(self.run_dir / MODEL),
            "checkpoint": str(self.run_dir / LATEST),
        }
        if self.json:
            say_json(result)
            return
        say(f"{agent.num_timesteps} programs, {agent.n_updates} optimizer steps.")
        say(f"model:     {result['model']}    (codegym evaluate --model {result['model']} --suite {self.suite})")
        say(f"curves:    tensorboard --logdir {self.run_dir}")
        say(f"report:    codegym report {self.run_dir}")
        if agent.num_timesteps < self.completions:
            note(f"go on:     codegym train rltf --run-dir {self.run_dir} --resume")
