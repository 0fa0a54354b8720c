"""CodeDPO, offline: the policy's programs and tests rank each other, and the policy learns from pairs of programs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from agents.codedpo.batches import epoch_batches, learning_rate_factor
from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairing import PairSet, reasons
from agents.codedpo.data.pairs import PairKind, Preference
from agents.codedpo.data.pipeline import PairPipeline, PipelineSettings, draw_problems
from agents.codedpo.measures import log_pairs, log_step
from agents.codedpo.objective import Objective
from agents.codedpo.reference import OF_THE_REFERENCE, Reference, ask_reference
from agents.codedpo.token_pairs import TokenPairs, make_token_pairs
from agents.policy.policy import LMPolicy
from agents.training.actor import Env
from agents.training.agent import Agent
from agents.training.checkpoint import Checkpoint
from agents.training.optimizer import set_learning_rate
from agents.training.tensorboard_layout import PREFERENCES
from codegym.errors import DataError, InvalidSettingError
from codegym.judge import Judge

METRICS = ("rewards/accuracies", "rewards/margins")
"""What TensorBoard's table of runs shows beside the settings."""


class CodeDPO(Agent[CodeDPOConfig]):
    """Preference learning on the policy's own programs (arXiv 2410.05605), with the interface of Stable-Baselines3.

    ``learn`` makes pairs out of the environment's problems, unless it was given pairs, and takes optimizer steps on
    them. A timestep is one pair learned from; callbacks are called after each optimizer step.

    Args:
        policy: ``"LMPolicy"`` or an :class:`LMPolicy`.
        env: Environment whose problems programs are written for; None where pairs are given.
        config: How to learn, such as the paper's settings, ``CodeDPOConfig.paper()``.
        pairs: Pairs to learn from; None makes them when learning begins.
        pipeline: How pairs are made: what is written, how it is ranked, which pairs are kept.
        folder: Folder that keeps the work on pairs, so that a killed run resumes; None keeps nothing.
        **options: The other arguments of :class:`Agent`, and settings of :class:`CodeDPOConfig` by name.

    Raises:
        DataError: If none of the pairs can be learned from.
        UnknownNameError, InvalidSettingError, TypeError: As :class:`Agent` says.
    """

    config_type = CodeDPOConfig
    metrics = METRICS
    timestep_unit = "pairs"
    tensorboard_layout = PREFERENCES

    def __init__(
        self,
        policy: str | LMPolicy,
        env: Env | str | None = None,
        config: CodeDPOConfig | None = None,
        *,
        pairs: Sequence[Preference] | None = None,
        pipeline: PipelineSettings | None = None,
        folder: str | Path | None = None,
        **options: Any,
    ) -> None:
        super().__init__(policy, env, config, **options)
        self.pipeline = pipeline or PipelineSettings()
        self.folder = None if folder is None else Path(folder)
        self.pairs: tuple[Preference, ...] = ()
        """What is learned from."""
        self.token_pairs: TokenPairs | None = None
        """The same pairs as token ids, and which of them cannot be learned from."""
        self._reference: Reference | None = None
        if pairs is not None:
            self.set_pairs(pairs)

    @property
    def completions_per_step(self) -> int:
        """Pairs between two calls of the callbacks."""
        return self.config.batch_size

    def set_pairs(self, pairs: Sequence[Preference]) -> None:
        """Learns from these pairs from now on; the reference is the policy as it is when learning next begins.

        Raises:
            DataError: If none of them can teach; the message says why.
        """
        token_pairs = make_token_pairs(pairs, self.policy, self.config)
        if not token_pairs.pairs:
            # An empty training would look like a success.
            why = [f"{len(indices)} {reason}" for reason, indices in token_pairs.skipped.items() if indices]
            raise DataError(
                f"none of {len(pairs)} pairs can be learned from"
                f"{': ' + ', '.join(why) if why else ''}. Sample more programs, or raise max_length."
            )
        self.pairs, self.token_pairs, self._reference = tuple(pairs), token_pairs, None

    def make_pairs(self) -> PairSet:
        """Makes pairs out of the environment's problems: the policy writes programs and tests, they rank each other.

        Raises:
            InvalidSettingError: If the environment does not say what its problems are.
        """
        if self.episodes is None:
            raise ValueError(
                "CodeDPO needs pairs or an environment to make them from: pairs=, set_pairs(pairs), set_env(env)."
            )
        with ExitStack() as stack:
            # The environment's judge knows its packages and limits; a wrapper or a third-party one may have none.
            judge = getattr(getattr(self.env, "unwrapped", None), "judge", None)
            if not isinstance(judge, Judge):
                judge = stack.enter_context(Judge())
            pipeline = PairPipeline(self.folder, judge, self.pipeline)
            chosen = draw_problems(self.episodes.problems, self.config.problems, self.seed)
            name = f"{getattr(self.policy.model.config, '_name_or_path', '')}@{self.n_updates}"
            samples = pipeline.samples(self.episodes, self.policy, chosen, seed=self.seed, source=name)
            return pipeline.from_samples(samples)

    @property
    def default_timesteps(self) -> int:
        """Pairs of ``config.epochs`` epochs."""
        return 0 if self.token_pairs is None else math.ceil(self.config.epochs * len(self.token_pairs.pairs))

    def _prepare(self) -> None:
        """Makes pairs where there are none; the first call of the policy, and most of the time before training."""
        if self.token_pairs is None:
            made = self.make_pairs()
            if not made.pairs:
                raise DataError(f"no pair came of {made.tasks} problems. {reasons(made)}")
            self.set_pairs(made.pairs)

    def _on_log_opened(self) -> None:
        assert self.token_pairs is not None
        log_pairs(self.logger, self.token_pairs, self.pairs)

    def _loop(self, calls: BaseCallback, log_interval: int | None) -> None:
        objective = self._objective()
        for iteration, batch in enumerate(self._batches(objective), start=1):
            self._train_on(objective, batch)
            self.num_timesteps += len(batch)
            calls.update_locals({**locals(), "infos": [], "dones": [True] * len(batch), "collected": []})
            self.logger.record("time/iterations", iteration, exclude="tensorboard")
            if log_interval is not None and iteration % log_interval == 0:
                self.dump_logs()
            # Callbacks come last: whatever is saved here holds all of this step, and can be resumed.
            if not calls.on_step():
                return

    # ---- training

    def _objective(self) -> Objective:
        """What is minimised; the reference is asked here, once, unless a checkpoint brought its answers along."""
        assert self.token_pairs is not None
        pairs = self.token_pairs.pairs
        if self._reference is None:
            self._reference = ask_reference(self.policy, pairs, self.config)
        return Objective(policy=self.policy, pairs=pairs, reference=self._reference, config=self.config)

    def _batches(self, objective: Objective) -> Iterator[list[int]]:
        """The batches after ``num_timesteps`` pairs; where an epoch was left in the middle, the rest of it first."""
        lengths = [pair.length for pair in objective.pairs]
        while self.num_timesteps < self._total_timesteps:
            # Counted from num_timesteps alone, so that a resumed run goes on in the middle of an epoch.
            epoch, done = divmod(self.num_timesteps, len(lengths))
            for batch in epoch_batches(lengths, self.config.batch_size, self.seed, epoch, self.config.shuffle):
                rest, done = batch[done:], max(done - len(batch), 0)
                if rest and self.num_timesteps < self._total_timesteps:
                    yield rest

    def _train_on(self, objective: Objective, batch: Sequence[int]) -> None:
        """Takes one optimizer step."""
        began = perf_counter()
        config = self.config
        rate = config.learning_rate * learning_rate_factor(
            self.num_timesteps, len(batch), self._total_timesteps, config.warmup, falls=config.schedule == "linear"
        )
        set_learning_rate(self.optimizer, rate)
        taken = self._gradient_step.take(lambda size: objective.parts(batch, size))
        self.n_updates += 1
        seconds = perf_counter() - began
        self.logger.record("train/n_updates", self.n_updates, exclude="tensorboard")
        self.logger.record("train/epoch", self.num_timesteps / len(objective.pairs))
        self.logger.record_mean("time/training_seconds", seconds)
        self.logger.record_mean("time/pairs_per_second", len(batch) / seconds)
        log_step(self.logger, taken, learning_rate=rate, compares=objective.compares)

    # ---- saving and loading

    def _state(self) -> dict[str, Any]:
        return {
            "pairs": [{**asdict(pair), "kind": str(pair.kind)} for pair in self.pairs],
            "reference": {} if self._reference is None else vars(self._reference),
        }

    def _restore(self, checkpoint: Checkpoint) -> None:
        # Checked first: pairs are tokenised with the settings of now.
        if checkpoint.state["reference"]:
            self._check_reference_settings(asdict(CodeDPOConfig.of(checkpoint.record["config"])))
        if checkpoint.state["pairs"]:
            self.set_pairs([Preference(**{**row, "kind": PairKind(row["kind"])}) for row in checkpoint.state["pairs"]])
        if checkpoint.state["reference"]:
            self._reference = Reference(**checkpoint.state["reference"])

    def _check_reference_settings(self, before: Mapping[str, Any]) -> None:
        """Refuses settings that would make the reference's log-probabilities those of other tokens or weights."""
        now = asdict(self.config)
        changes = [
            f"{name} {str(before[name])!r} cannot become {str(now[name])!r}"
            for name in OF_THE_REFERENCE
            if before[name] != now[name]
        ]
        if changes:
            raise InvalidSettingError(
                f"the checkpoint holds the reference's log-probabilities of its pairs: {', '.join(changes)}. Leave it "
                "out, or make a new agent of the loaded one: agent = CodeDPO.load(...), then CodeDPO(agent.policy, "
                "pairs=agent.pairs, with the settings that you want)."
            )
