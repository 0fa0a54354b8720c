"""``codegym train codedpo``: learn offline from the policy's own programs, ranked by its own tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import tyro

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairing import PairRules, PairSet, reasons
from agents.codedpo.data.pairs import Preference, read_pairs
from agents.codedpo.data.pipeline import PairPipeline, PipelineSettings, draw_problems
from agents.codedpo.data.sampling_settings import SamplingSettings
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
from agents.commands.terminal import INTERRUPTED, note, note_left_out, say, say_facts, say_json
from agents.policy.tuning import Tuning
from agents.progress import ProgressDisplay
from agents.scoring.costs import CostSettings
from agents.scoring.task_samples import TaskSamples, read_task_samples
from agents.training.run_folder import LATEST, MODEL, SETTINGS
from codegym import CodeSynthesisEnv, Judge
from codegym.errors import DataError, InvalidSettingError

if TYPE_CHECKING:
    from agents.codedpo.codedpo import CodeDPO
    from agents.policy.policy import LMPolicy
    from agents.training.actor import Env

_PAPERS_TEMPERATURE = 1.5
# Settings that a run keeps from its first checkpoint on: it holds the pairs, and how many of them have been learned
# from in their order. What the reference says about them is kept, too.
_IN_THE_CHECKPOINT = (
    *("model", "suite", "split", "samples", "pairs", "sampling", "rules", "costs"),
    *("max_new_tokens", "dtype", "tuning", "seed", "config.problems", "config.batch_size", "config.shuffle"),
)
_OLD_PREFIXES = {
    f"{group}.{field.name}": field.name
    for group, kind in (("rules", PairRules), ("sampling", SamplingSettings), ("costs", CostSettings))
    for field in fields(kind)
}


@dataclass(frozen=True, kw_only=True)
class TrainCodeDPO(HasPreset):
    """Let a model write programs and tests, rank both by each other, and learn from the pairs."""

    RENAMED: ClassVar[Mapping[str, str]] = {
        **_OLD_PREFIXES,
        "sampling.tests": "test_texts",
        "rules.seed": "tie_seed",
        "sampling.max_new_tokens": "max_new_tokens",
    }

    model: Model = "tiny"
    suite: SuiteName = "core"
    split: Split = None
    data_dir: DataDir = None
    samples: Path | None = None
    """Samples file to rank (as `codegym rank` reads it), instead of programs and tests that the model writes."""
    tests: Path | None = None
    """JSONL file with the tests, where the programs of --samples and their tests are in two files."""
    pairs: Path | None = None
    """Pairs to learn from, instead of making some: a JSONL file with prompt, chosen and rejected."""
    run_dir: Path = Path("runs/codedpo")
    """Folder of the run: samples, matrix, pairs, log, checkpoints and the trained model."""
    until: Literal["sampling", "matrix", "pairs", "training"] = "training"
    """Last step to run; --resume goes on with the next."""
    save_every: int = 20
    """Optimizer steps between two checkpoints."""
    max_new_tokens: MaxNewTokens = 256
    workers: Workers = None
    config: Annotated[CodeDPOConfig, tyro.conf.OmitArgPrefixes, tyro.conf.EnumChoicesFromValues] = field(
        default_factory=CodeDPOConfig
    )
    """How to learn."""
    sampling: tyro.conf.OmitArgPrefixes[SamplingSettings] = field(default_factory=SamplingSettings)
    """What the model writes for each problem."""
    rules: Annotated[PairRules, tyro.conf.OmitArgPrefixes, tyro.conf.EnumChoicesFromValues] = field(
        default_factory=PairRules
    )
    """Which ranking, and which pairs are made."""
    costs: tyro.conf.OmitArgPrefixes[CostSettings] = field(default_factory=CostSettings)
    """How the costs of programs are measured."""
    tuning: tyro.conf.OmitArgPrefixes[Tuning] = field(default_factory=Tuning)
    """Which weights learn."""
    device: Device = "auto"
    dtype: DType = "auto"
    seed: Seed = 0
    json: Json = False

    def run(self) -> int:
        """Makes pairs, trains and saves; returns 0, or 130 if it was interrupted (what is there is then whole).

        Raises:
            DataError: If the folder holds another run, or none to resume; if no pair can be made or learned from.
            UnknownNameError: If the suite, the split or a setting in the file does not exist.
            InvalidSettingError: If the folder cannot be written into, there are tests without programs, or a run shall
                go on with a setting that its checkpoint has fixed.
        """
        if (self.run_dir / SETTINGS).exists() and not self.resume:
            raise DataError(f"{self.run_dir} holds a run already: go on with --resume, or choose another --run-dir.")
        if self.tests is not None and self.samples is None:
            raise InvalidSettingError(
                f"--tests {self.tests} goes with --samples: name the file of the programs, too, or one file of both."
            )
        check_at_least(self, 1, "save_every", "max_new_tokens")
        return self._go()

    @classmethod
    def paper_preset(cls) -> Self:
        """Returns the command with the paper's settings."""
        sampling = SamplingSettings(temperature=_PAPERS_TEMPERATURE)
        return cls(paper=True, config=CodeDPOConfig.paper(), sampling=sampling)

    def _go(self) -> int:
        latest = self.run_dir / LATEST
        if latest.exists():
            return self._go_on(latest)
        # Given samples or pairs bring their own problems; the suite would only cost time to load.
        is_given = self.samples is not None or self.pairs is not None
        problems = None if is_given else load_named(self.suite, self.split, self.data_dir)
        packages = problems.packages if problems is not None else ()
        make_output_folder("--run-dir", self.run_dir)
        with Judge(workers=self.workers, packages=packages) as judge:
            return self._begin(None if problems is None else CodeSynthesisEnv(problems, judge=judge), judge)

    def _go_on(self, latest: Path) -> int:
        """Trains the agent as it was saved, with the settings of learning that are others now; it has its pairs."""
        from agents.codedpo.codedpo import CodeDPO
        from agents.codedpo.reference import OF_THE_REFERENCE

        make_output_folder("--run-dir", self.run_dir)
        # The reference's log-probabilities are in the checkpoint: what they depend on cannot change.
        fixed = (*_IN_THE_CHECKPOINT, *(f"config.{name}" for name in OF_THE_REFERENCE))
        was, now = asdict(resume_settings(self, fixed).config), asdict(self.config)
        # Only what was changed: all else stays as the checkpoint has it.
        changes = {name: value for name, value in now.items() if value != was[name]}
        agent = CodeDPO.load(latest, device=self.device, **changes)
        write_settings(self.run_dir / SETTINGS, self)
        return self._train(agent, {}) if self.until == "training" else self._report({})

    def _begin(self, env: Env | None, judge: Judge) -> int:
        from agents.codedpo.codedpo import CodeDPO
        from agents.policy.policy import LMPolicy

        policy = LMPolicy.load(
            self.model,
            max_new_tokens=self.max_new_tokens,
            dtype=self.dtype,
            device=self.device,
            tuning=self.tuning,
            seed=self.seed,
        )
        # Before sampling: a run that is killed while it samples can be resumed.
        write_settings(self.run_dir / SETTINGS, self)
        facts: dict[str, Any] = {}
        found = self._found_pairs(policy, env, judge, facts)
        if found is None:
            return self._report(facts)
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

    def _found_pairs(
        self, policy: LMPolicy, env: Env | None, judge: Judge, facts: dict[str, Any]
    ) -> Sequence[Preference] | None:
        """The pairs to learn from; None where the last step to run comes before."""
        if self.pairs is not None:
            return read_pairs(self.pairs)
        made = self._prepared(policy, env, judge, facts)
        if made is None:
            return None
        facts |= {"pairs": len(made.pairs), "tasks_without_pairs": {k: dict(v) for k, v in made.skipped.items()}}
        # Training would fail later with less to say about why nothing could be compared.
        if not made.pairs:
            raise DataError(f"no pair came of {made.tasks} problems. {reasons(made)}")
        return made.pairs if self.until == "training" else None

    def _prepared(self, policy: LMPolicy, env: Env | None, judge: Judge, facts: dict[str, Any]) -> PairSet | None:
        """Runs the steps before training; what the folder holds of them is not done again."""
        settings = PipelineSettings(sampling=self.sampling, rules=self.rules, costs=self.costs)
        with ProgressDisplay(self.json) as display:
            pipeline = PairPipeline(self.run_dir, judge, settings, display.follow)
            samples = self._sampled(env, policy, pipeline, facts)
            facts |= {"problems": len(samples), "programs": sum(len(task.completions) for task in samples)}
            if self.until == "sampling":
                return None
            matrices = pipeline.matrices(samples)
            facts |= {"cells": sum(len(matrix.rows) * len(matrix.tests) for matrix in matrices)}
            return None if self.until == "matrix" else pipeline.from_matrices(matrices)

    def _sampled(
        self, env: Env | None, policy: LMPolicy, pipeline: PairPipeline, facts: dict[str, Any]
    ) -> Sequence[TaskSamples]:
        if self.samples is not None:
            file = read_task_samples(self.samples, self.tests)
            note_left_out(file.skipped)
            facts["lines_left_out"] = len(file.skipped)
            return file.tasks
        from agents.rollout.episodes import make_episodes

        assert env is not None
        episodes = make_episodes(env)
        chosen = draw_problems(episodes.problems, self.config.problems, self.seed)
        return pipeline.samples(episodes, policy, chosen, seed=self.seed, source=self.model)

    def _train(self, agent: CodeDPO, facts: Mapping[str, Any]) -> int:
        from agents.training.callbacks import ProgressBar, SaveLatest, StopOnSignal

        latest, stop = self.run_dir / LATEST, StopOnSignal()
        bar = () if self.json else (ProgressBar(),)
        # In all, and not in this call: a resumed run comes to the same end as one that was never stopped.
        agent.learn(
            max(agent.default_timesteps - agent.num_timesteps, 0),
            callback=[SaveLatest(latest, self.save_every), stop, *bar],
            reset_num_timesteps=agent.num_timesteps == 0,
        )
        agent.policy.save(self.run_dir / MODEL)
        assert agent.token_pairs is not None
        learned = {"pairs_learned_from": agent.num_timesteps, "optimizer_steps": agent.n_updates}
        files = {"model": str(self.run_dir / MODEL), "checkpoint": str(latest)}
        done = agent.num_timesteps >= agent.default_timesteps
        self._report({**facts, **agent.token_pairs.counts(), **learned, **files, "finished": done})
        return INTERRUPTED if stop.signal else 0

    def _report(self, facts: Mapping[str, Any]) -> int:
        facts = {"stage": self.until, "run_dir": str(self.run_dir), **facts}
        if self.json:
            say_json(facts)
            return 0
        say_facts(facts)
        if "model" in facts:
            say(f"next:   codegym evaluate --model {facts['model']} --suite {self.suite}")
            say(f"curves: tensorboard --logdir {self.run_dir}")
            say(f"report: codegym report {self.run_dir}")
        if self.until != "training" or not facts["finished"]:
            note(f"go on:  codegym train codedpo --run-dir {self.run_dir} --resume")
        return 0
