"""RLTF, online: the policy writes programs, the environment judges them, and the policy learns from the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback
from torch import Tensor

from agents.engines.sampling import Sampling
from agents.policy.completion import Completion
from agents.policy.policy import LMPolicy
from agents.policy.token_batch import TokenBatch, TokenScores
from agents.rltf.buffer import ExperienceBuffer
from agents.rltf.config import RLTFConfig
from agents.rltf.credit import has_no_credit, teaches, token_credit, with_advantages
from agents.rltf.losses import POLICY_LOSSES, kl_loss, supervised_loss
from agents.rltf.measures import METRICS, CollectionLog, StepMeasures, log_step, representative
from agents.rltf.micro_batches import deduplicated, micro_batches
from agents.rltf.sample_text import sample_text
from agents.rollout.experience import Experience
from agents.rollout.rollout import Rollout, Stopwatch
from agents.training.agent import Agent
from agents.training.checkpoint import Checkpoint
from agents.training.normalization import completion_weights
from agents.training.run_log import TEXT_ONLY
from codegym.errors import InvalidSettingError


class RLTF(Agent[RLTFConfig]):
    """Reinforcement learning from unit-test feedback (arXiv 2307.04349), with the interface of Stable-Baselines3.

    ``learn`` repeats: write ``problems_per_step`` x ``samples_per_problem`` completions, let the environment judge
    them, put them into the online buffer, take ``refresh_every`` optimizer steps on it. A timestep is one completion.

    Args, Raises:
        Those of :class:`Agent`; ``config`` is an :class:`RLTFConfig`, such as the paper's, ``RLTFConfig.paper()``.
    """

    config_type = RLTFConfig
    metrics = METRICS

    def _set_up(self) -> None:
        self.buffer = ExperienceBuffer(self.config.capacity)
        self._best: dict[str, float] = {}
        self._reference: LMPolicy | None = None
        self._collection_log = CollectionLog()
        self._judging_seconds = 0.0

    @property
    def completions_per_step(self) -> int:
        """Completions of one collection."""
        return self.config.collection

    def _loop(self, calls: BaseCallback, log_interval: int | None) -> None:
        iteration = 0
        while self.num_timesteps < self._total_timesteps:
            iteration += 1
            began = perf_counter()
            calls.on_rollout_start()
            collected = self.collect()
            calls.update_locals({**locals(), "infos": [], "dones": [True] * len(collected)})
            calls.on_rollout_end()
            # Offline (refresh_every=0) one step follows each collection that is left out.
            ready = len(self.buffer) >= self.config.batch
            for _ in range(max(self.config.replay.refresh_every, 1) if ready else 0):
                self.train()
            self.logger.record("time/iterations", iteration, exclude="tensorboard")
            self.logger.record_mean("time/judging_share", self._judging_seconds / max(perf_counter() - began, 1e-9))
            if log_interval is not None and iteration % log_interval == 0:
                self.dump_logs()
            # Callbacks come last: whatever is saved here holds all of this iteration, and can be resumed.
            if not calls.on_step():
                return

    # ---- collecting

    def collect(self) -> list[Experience]:
        """Writes and judges completions, credits them, and puts them into the buffer.

        Offline (``refresh_every=0``) a full buffer is left as it is.
        """
        if self.config.replay.refresh_every == 0 and self.buffer.is_full:
            self.num_timesteps += self.config.collection
            self._judging_seconds = 0.0
            return []
        assert self.episodes is not None
        rollout = Rollout(self.episodes, self.policy, self.generator)
        tasks = self._choose_tasks()
        repeated = [task for task in tasks for _ in range(self.config.samples_per_problem)]
        collected = rollout.collect(repeated, self._sampling(greedy=False), self.n_updates)
        if self.config.advantage == "greedy":
            collected += rollout.collect(tasks, self._sampling(greedy=True), self.n_updates)
        judged = with_advantages(collected, self.config, self._best)
        self._best = judged.best
        self.buffer.add(judged.experiences)
        self.num_timesteps += len(judged.experiences)
        self._judging_seconds = rollout.stopwatch.judging
        self._log_collection(judged.experiences, rollout.stopwatch)
        return judged.experiences

    def _log_collection(self, experiences: Sequence[Experience], watch: Stopwatch) -> None:
        self._collection_log.record(self.logger, experiences, watch)
        shown = representative(experiences)
        if shown is not None:
            (credit,) = self.credit_of([shown])
            self.logger.record("samples/program", sample_text(shown, credit), exclude=TEXT_ONLY)

    def _choose_tasks(self) -> list[str | None]:
        """Distinct problems, or repeated ones where there are too few; None lets a third-party environment choose."""
        assert self.episodes is not None
        number, problems = self.config.problems_per_step, self.episodes.problems
        if not problems:
            return [None] * number
        # NumPy draws others without probabilities: with them a seed gives the same run as in earlier versions.
        alike = np.full(len(problems), 1 / len(problems))
        chosen = self.rng.choice(len(problems), size=number, replace=number > len(problems), p=alike)
        return [problems[index].task_id for index in chosen.tolist()]

    def _sampling(self, *, greedy: bool) -> Sampling:
        config = self.config
        return Sampling(
            temperature=config.temperature,
            top_p=config.top_p,
            greedy=greedy,
            max_new_tokens=self.policy.max_new_tokens,
        )

    def credit_of(self, experiences: Sequence[Experience]) -> list[NDArray[np.float32]]:
        """The credit of each token: the advantage, and by ``fine_credit`` more blame where the program failed."""
        longest = max(experience.length for experience in experiences)
        mask = torch.stack([torch.arange(longest) < experience.length for experience in experiences])
        credit = token_credit(experiences, mask, self.config).numpy()
        return [row[: experience.length] for row, experience in zip(credit, experiences, strict=True)]

    # ---- training

    def train(self) -> None:
        """Takes one optimizer step: on the buffer or, for the supervised share of the steps, on reference solutions."""
        share = self.config.loss.supervised_share
        began = perf_counter()
        # Spread evenly over the steps and without a draw: a resumed run takes the same turns.
        if int((self.n_updates + 1) * share) > int(self.n_updates * share):
            completions = sorted(self._reference_solutions(self.config.batch), key=len)
            measures = self._step(lambda size: self._supervised_losses(completions, size))
        else:
            if self.config.replay.max_staleness:
                self.buffer.drop_older_than(self.n_updates - self.config.replay.max_staleness)
            experiences = self.buffer.sample(self.config.batch, self.rng)
            measures = self._step(lambda size: self._policy_losses(experiences, size))
        self.n_updates += 1
        log_step(self.logger, measures, self.n_updates, self.config.learning_rate, perf_counter() - began)

    def _step(self, losses: Callable[[int], Iterator[tuple[Tensor, StepMeasures]]]) -> StepMeasures:
        taken = self._gradient_step.take(losses)
        measures = sum(taken.measures, StepMeasures())
        return replace(measures, loss=sum(taken.losses), gradient_norm=taken.gradient_norm, skipped=taken.skipped)

    def _policy_losses(self, experiences: Sequence[Experience], size: int) -> Iterator[tuple[Tensor, StepMeasures]]:
        # Masked completions count in no mean; those without credit do, or a batch of few successes would take long
        # steps.
        keep = torch.tensor([teaches(experience, self.config) for experience in experiences], dtype=torch.bool)
        lengths = torch.tensor([experience.length for experience in experiences])
        weights = completion_weights(lengths, keep, self.config.loss.normalization)
        # A completion without credit has no gradient: it counts in the mean, but needs no forward pass.
        active = [row for row, e in enumerate(experiences) if keep[row] and not has_no_credit(e, self.config)]
        distinct = deduplicated([experiences[row] for row in active], weights[active])
        parts = micro_batches(distinct.experiences, size)
        for number, part in enumerate(parts):
            chosen = [distinct.experiences[index] for index in part]
            batch = self.policy.batch([experience.completion for experience in chosen])
            # The entropy needs a softmax over the vocabulary with all its probabilities: one part is sample enough.
            scores = self.policy.score(batch, temperature=self.config.temperature, entropy=number == len(parts) // 2)
            counts = torch.tensor([distinct.weights[index] for index in part], device=self.policy.device)
            yield self._policy_loss(chosen, batch, scores, counts)

    def _policy_loss(
        self, experiences: Sequence[Experience], batch: TokenBatch, scores: TokenScores, weights: Tensor
    ) -> tuple[Tensor, StepMeasures]:
        settings, mask = self.config.loss, batch.completion_mask
        credit = token_credit(experiences, mask, self.config)
        policy_loss = POLICY_LOSSES[settings.policy_loss]
        losses = policy_loss(scores.logprobs, batch.logprobs, credit, settings.clip_range)
        divergence = None
        if settings.kl_coefficient:
            with torch.no_grad():
                reference = self._reference_policy().token_logprobs(batch, temperature=self.config.temperature)
            kl = kl_loss(scores.logprobs, reference, mask)
            divergence = float(kl.detach().sum())
            losses = losses + settings.kl_coefficient * kl
        staleness = sum(self.n_updates - experience.version for experience in experiences)
        clip_range = settings.clip_range if settings.policy_loss == "clipped" else None
        measured = StepMeasures.of(scores, batch, clip_range, divergence, staleness)
        return (weights * losses).sum(), measured

    def _supervised_losses(self, completions: Sequence[Completion], size: int) -> Iterator[tuple[Tensor, StepMeasures]]:
        keep = torch.ones(len(completions), dtype=torch.bool)
        lengths = torch.tensor([len(completion) for completion in completions])
        weights = completion_weights(lengths, keep, self.config.loss.normalization).to(self.policy.device)
        for start in range(0, len(completions), size):
            part = slice(start, start + size)
            batch = self.policy.batch(completions[part])
            loss = (weights[part] * supervised_loss(self.policy.token_logprobs(batch), batch.completion_mask)).sum()
            yield loss, StepMeasures(is_supervised=True, completions=len(batch))

    def _reference_solutions(self, number: int) -> list[Completion]:
        assert self.episodes is not None
        solved = [problem for problem in self.episodes.problems if problem.solutions]
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

    def _reference_policy(self) -> LMPolicy:
        """A copy of the policy as it was when this was first asked for: at the start of training."""
        if self._reference is None:
            # Made when first needed: most runs have no KL term, and a second model doubles the memory.
            self._reference = deepcopy(self.policy)
            self._reference.model.requires_grad_(False)
        return self._reference

    # ---- saving and loading

    def _record(self) -> dict[str, Any]:
        return {"best": self._best}

    def _state(self) -> dict[str, Any]:
        reference = {} if self._reference is None else self._reference.model.state_dict()
        return {"buffer": [experience.to_dict() for experience in self.buffer], "reference": reference}

    def _restore(self, checkpoint: Checkpoint) -> None:
        self._best = dict(checkpoint.record["best"])
        self.buffer.add(Experience.from_dict(values) for values in checkpoint.state["buffer"])
        if checkpoint.state["reference"]:
            self._reference_policy().model.load_state_dict(checkpoint.state["reference"])
