"""RLTF, online: the policy writes, the environment judges, the policy learns from where it was wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback
from torch import Tensor

from agents.engines.generation import Sampling
from agents.policy.completion import Completion
from agents.policy.policy import LMPolicy
from agents.policy.token_batch import TokenBatch, TokenScores
from agents.rltf.buffer import ExperienceBuffer
from agents.rltf.config import RLTFConfig
from agents.rltf.credit import has_no_credit, teaches, token_credit, with_advantages
from agents.rltf.curriculum import Curriculum
from agents.rltf.losses import clipped_loss, kl_loss, policy_gradient_loss, supervised_loss
from agents.rltf.measures import METRICS, CollectionLog, StepMeasures, log_step, most_telling
from agents.rltf.micro_batches import merged, micro_batches
from agents.rltf.sample_text import sample_text
from agents.rollout.experience import Experience
from agents.rollout.rollout import Places, Rollout, Stopwatch
from agents.training.agent import Agent, Callback, Env
from agents.training.checkpoint import Checkpoint
from agents.training.gradient_step import GradientStep
from agents.training.normalization import completion_weights
from agents.training.optimizer import make_optimizer, restore_optimizer, set_learning_rate
from agents.training.run_log import TEXT_ONLY, log_settings
from codegym.errors import InvalidSettingError

PLACES = {
    "line": Places.LINES,
    "span": Places.CERTAIN,
    "soft": Places.SUSPECTED,
    "conserving": Places.SUSPECTED,
}
"""What the settings of fine credit look at."""
MAX_GRADIENT_NORM = 1.0
"""Gradients are scaled down to this norm."""


class RLTF(Agent):
    """Reinforcement learning from unit-test feedback (arXiv 2307.04349), in Stable-Baselines3's shape.

    ``learn`` repeats: write ``problems_per_step`` x ``samples_per_problem`` completions, let the environment judge
    them, put them into the online buffer, take ``refresh_every`` optimizer steps on it. A timestep is one completion.

    Args:
        policy: ``"LMPolicy"`` or an :class:`LMPolicy`.
        env: A Gymnasium environment, single or batch, or an id; None for an agent that only predicts.
        config: How to learn; ``RLTFConfig()`` by default, ``RLTFConfig.paper()`` is the paper's.
        policy_kwargs: Arguments of ``LMPolicy.load``, such as ``{"model": "tiny"}``.
        tensorboard_log: Folder for TensorBoard and CSV files.
        verbose: 1 prints the log as a table.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        seed: The same seed gives the same numbers (on a CPU); None draws one.
        **changes: Settings of :class:`RLTFConfig` by name, such as ``learning_rate=1e-4``.

    Raises:
        UnknownNameError: If there is no such policy or setting.
        InvalidSettingError: If a setting makes no sense.
        TypeError: If the environment is none.
    """

    def __init__(
        self,
        policy: str | LMPolicy,
        env: Env | str | None,
        config: RLTFConfig | None = None,
        *,
        policy_kwargs: Mapping[str, Any] | None = None,
        tensorboard_log: str | Path | None = None,
        verbose: int = 0,
        device: str = "auto",
        seed: int | None = None,
        **changes: Any,
    ) -> None:
        self.config = RLTFConfig.of({**asdict(config or RLTFConfig()), **changes})
        self.curriculum = Curriculum(())
        super().__init__(
            policy,
            env,
            policy_kwargs=policy_kwargs,
            tensorboard_log=tensorboard_log,
            verbose=verbose,
            device=device,
            seed=seed,
        )
        self.optimizer = make_optimizer(self.policy.model, self.config.learning_rate, self.config.gain_factor)
        self.buffer = ExperienceBuffer(self.config.capacity)
        self.n_updates = 0
        """Optimizer steps so far: the version of the policy."""
        self._gradient_step = GradientStep(
            self.policy.model,
            self.optimizer,
            MAX_GRADIENT_NORM,
            min(self.config.micro_batch_size, self.config.batch),
        )
        self._best: dict[str, float] = {}
        self._reference: LMPolicy | None = None
        self._collection_log = CollectionLog()
        self._judging_seconds = 0.0

    def set_env(self, env: Env | str) -> None:
        """Learns from this environment from now on; what is known about difficulties stays known."""
        super().set_env(env)
        assert self.stage is not None
        rates = self.curriculum.rates
        self.curriculum = Curriculum(self.stage.problems, is_uniform=not self.config.curriculum)
        self.curriculum.restore(rates)

    @property
    def completions_per_step(self) -> int:
        """Completions that one collection brings."""
        return self.config.collection

    def learn(
        self,
        total_timesteps: int,
        callback: Callback = None,
        log_interval: int | None = 1,
        tb_log_name: str = "RLTF",
        reset_num_timesteps: bool = True,
        progress_bar: bool = False,
    ) -> Self:
        """Learns until this many completions have been written.

        Args:
            total_timesteps: Completions; the last collection may go beyond.
            callback: Stable-Baselines3 callbacks; ``on_step`` is called after each collection and the steps on it.
            log_interval: Iterations between two writings of the log; None writes none.
            tb_log_name: Name of the run's folder.
            reset_num_timesteps: False goes on counting (and resumes a loaded agent).
            progress_bar: Show one.

        Returns:
            The agent.

        Raises:
            InvalidSettingError: If ``total_timesteps`` is below zero.
        """
        total, calls = self._setup_learn(total_timesteps, callback, reset_num_timesteps, tb_log_name, progress_bar)
        total_timesteps = total  # by this name callbacks find it
        try:
            log_settings(self.logger, asdict(self.config), METRICS)
            calls.on_training_start(locals(), globals())
            self._loop(total_timesteps, calls, log_interval)
            calls.on_training_end()
        finally:
            self._close_log()
        return self

    def _loop(self, total_timesteps: int, calls: BaseCallback, log_interval: int | None) -> None:
        iteration = 0
        while self.num_timesteps < total_timesteps:
            iteration += 1
            began = perf_counter()
            calls.on_rollout_start()
            collected = self.collect()
            calls.update_locals({**locals(), "infos": [], "dones": [True] * len(collected)})
            calls.on_rollout_end()
            for _ in range(self._steps_now()):
                self.train()
            self.logger.record("time/iterations", iteration, exclude="tensorboard")
            self.logger.record_mean("time/judging_share", self._judging_seconds / max(perf_counter() - began, 1e-9))
            if log_interval is not None and iteration % log_interval == 0:
                self.dump_logs()
            if not calls.on_step():  # everything of this iteration is done: whatever is saved here can be resumed
                return

    # ---- collecting

    def collect(self) -> list[Experience]:
        """Writes and judges completions, credits them, and puts them into the buffer.

        Offline (``refresh_every=0``) a full buffer is left as it is.
        """
        if self.config.refresh_every == 0 and self.buffer.is_full:
            self.num_timesteps += self.config.collection
            self._judging_seconds = 0.0
            return []
        assert self.stage is not None
        rollout = Rollout(
            self.stage,
            self.policy,
            self.generator,
            PLACES[self.config.fine_credit],
            coverage="unexecuted" in self.config.masked,
        )
        tasks = self._choose_tasks()
        repeated = [task for task in tasks for _ in range(self.config.samples_per_problem)]
        collected = rollout.collect(repeated, self._sampling(greedy=False), self.n_updates)
        if self.config.baseline == "greedy":
            collected += rollout.collect(tasks, self._sampling(greedy=True), self.n_updates)
        judged = with_advantages(collected, self.config, self._best)
        self._best = judged.best
        self.curriculum.learn(judged.experiences)
        self.buffer.add(judged.experiences)
        self.num_timesteps += len(judged.experiences)
        self._judging_seconds = rollout.stopwatch.judging
        self._log_collection(judged.experiences, rollout.stopwatch)
        return judged.experiences

    def _log_collection(self, experiences: Sequence[Experience], watch: Stopwatch) -> None:
        self._collection_log.record(self.logger, experiences, watch)
        shown = most_telling(experiences)
        if shown is not None:
            (credit,) = self.credit_of([shown])
            self.logger.record("samples/program", sample_text(shown, credit), exclude=TEXT_ONLY)

    def _choose_tasks(self) -> list[str | None]:
        assert self.stage is not None
        number = self.config.problems_per_step
        return [*self.curriculum.choose(number, self.rng)] if self.stage.problems else [None] * number

    def _sampling(self, *, greedy: bool) -> Sampling:
        config = self.config
        return Sampling(
            temperature=config.temperature,
            top_p=config.top_p,
            greedy=greedy,
            max_new_tokens=self.policy.max_new_tokens,
        )

    def credit_of(self, experiences: Sequence[Experience]) -> list[NDArray[np.float32]]:
        """What each token of a completion gets of what was paid: the advantage, and more blame where it failed."""
        longest = max(experience.length for experience in experiences)
        mask = torch.stack([torch.arange(longest) < experience.length for experience in experiences])
        credit = token_credit(experiences, mask, self.config).numpy()
        return [row[: experience.length] for row, experience in zip(credit, experiences, strict=True)]

    # ---- training

    def train(self) -> None:
        """Takes one optimizer step: on the buffer or, for the supervised share of the steps, on reference solutions."""
        share = self.config.supervised_share
        began = perf_counter()
        if int((self.n_updates + 1) * share) > int(self.n_updates * share):
            completions = sorted(self._reference_solutions(self.config.batch), key=len)
            measures = self._step(lambda size: self._supervised_losses(completions, size))
        else:
            if self.config.max_staleness:
                self.buffer.drop_older_than(self.n_updates - self.config.max_staleness)
            experiences = self.buffer.sample(self.config.batch, self.rng)
            measures = self._step(lambda size: self._policy_losses(experiences, size))
        self.n_updates += 1
        log_step(self.logger, measures, self.n_updates, self.config.learning_rate, perf_counter() - began)

    def _step(self, losses: Callable[[int], Iterator[tuple[Tensor, StepMeasures]]]) -> StepMeasures:
        taken = self._gradient_step.take(losses)
        measures = sum(taken.measures, StepMeasures())
        return replace(measures, loss=sum(taken.losses), gradient_norm=taken.gradient_norm, skipped=taken.skipped)

    def _policy_losses(self, experiences: Sequence[Experience], size: int) -> Iterator[tuple[Tensor, StepMeasures]]:
        keep = torch.tensor([teaches(experience, self.config) for experience in experiences], dtype=torch.bool)
        lengths = torch.tensor([experience.reached for experience in experiences])
        weights = completion_weights(lengths, keep, self.config.normalization)
        # What gets no credit has no gradient: it counts in the mean, but the model need not read it again.
        heard = [row for row, e in enumerate(experiences) if keep[row] and not has_no_credit(e, self.config)]
        read = merged([experiences[row] for row in heard], weights[heard])
        parts = micro_batches(read.experiences, size)
        for number, part in enumerate(parts):
            chosen = [read.experiences[place] for place in part]
            batch = self.policy.batch([experience.completion for experience in chosen])
            scores = self.policy.score(batch, temperature=self.config.temperature, entropy=number == len(parts) // 2)
            counts = torch.tensor([read.weights[place] for place in part], device=self.policy.device)
            yield self._policy_loss(chosen, batch, scores, counts)

    def _policy_loss(
        self, experiences: Sequence[Experience], batch: TokenBatch, scores: TokenScores, weights: Tensor
    ) -> tuple[Tensor, StepMeasures]:
        config = self.config
        credit = token_credit(experiences, batch.completion_mask, config)
        if config.clip_range is None:
            losses = policy_gradient_loss(scores.logprobs, credit)
        else:
            losses = clipped_loss(scores.logprobs, batch.logprobs, credit, clip_range=config.clip_range)
        divergence = None
        if config.kl_coefficient:
            with torch.no_grad():
                reference = self._reference_policy().token_logprobs(batch, temperature=config.temperature)
            kl = kl_loss(scores.logprobs, reference, batch.completion_mask)
            divergence = float(kl.detach().sum())
            losses = losses + config.kl_coefficient * kl
        staleness = sum(self.n_updates - experience.version for experience in experiences)
        measured = StepMeasures.of(scores, batch, config.clip_range, divergence, staleness)
        return (weights * losses).sum(), measured

    def _supervised_losses(self, completions: Sequence[Completion], size: int) -> Iterator[tuple[Tensor, StepMeasures]]:
        keep = torch.ones(len(completions), dtype=torch.bool)
        lengths = torch.tensor([len(completion) for completion in completions])
        weights = completion_weights(lengths, keep, self.config.normalization).to(self.policy.device)
        for part in _parts(len(completions), size):
            batch = self.policy.batch(completions[part])
            loss = (weights[part] * supervised_loss(self.policy.token_logprobs(batch), batch.completion_mask)).sum()
            yield loss, StepMeasures(is_supervised=True, completions=len(batch))

    def _reference_solutions(self, number: int) -> list[Completion]:
        assert self.stage is not None
        solved = [problem for problem in self.stage.problems if problem.solutions]
        if not solved:
            raise InvalidSettingError(
                "supervised_share needs problems with reference solutions; this environment has none: set it to 0."
            )
        completions = []
        for index in self.rng.choice(len(solved), size=number, replace=number > len(solved)).tolist():
            problem = solved[index]
            solution = problem.solutions[int(self.rng.integers(len(problem.solutions)))]
            prompt = self.policy.prompt_text({"prompt": problem.prompt, "feedback": "", "turn": 0})
            completions.append(self.policy.supervised_completion(prompt, solution))
        return completions

    def _steps_now(self) -> int:
        """Optimizer steps after a collection: as many as until the next; offline as many completions' worth."""
        ready = len(self.buffer) >= self.config.batch
        return max(self.config.refresh_every, 1) if ready else 0

    def _reference_policy(self) -> LMPolicy:
        """A copy of the policy as it was when this was first asked for: at the start of training."""
        if self._reference is None:
            self._reference = deepcopy(self.policy)
            self._reference.model.requires_grad_(False)
        return self._reference

    # ---- saving and loading

    def _record(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "n_updates": self.n_updates,
            "best": self._best,
            "rates": self.curriculum.rates,
        }

    def _state(self) -> dict[str, Any]:
        reference = {} if self._reference is None else self._reference.model.state_dict()
        return {
            "optimizer": self.optimizer.state_dict(),
            "buffer": [experience.to_dict() for experience in self.buffer],
            "reference": reference,
        }

    @classmethod
    def _from_record(
        cls, policy: LMPolicy, env: Env | str | None, record: Mapping[str, Any], arguments: dict[str, Any]
    ) -> Self:
        return cls(policy, env, RLTFConfig.of(record["config"]), **arguments)

    def _restore(self, checkpoint: Checkpoint) -> None:
        self.n_updates = checkpoint.record["n_updates"]
        self._best = dict(checkpoint.record["best"])
        self.curriculum.restore(checkpoint.record["rates"])
        restore_optimizer(self.optimizer, checkpoint.state["optimizer"])
        set_learning_rate(self.optimizer, self.config.learning_rate)
        self.buffer.add(Experience.from_dict(values) for values in checkpoint.state["buffer"])
        if checkpoint.state["reference"]:
            self._reference_policy().model.load_state_dict(checkpoint.state["reference"])


def _parts(number: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, number, size)]
