"""What is logged about a collection and about an optimizer step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from stable_baselines3.common.logger import Logger

from agents.policy.token_batch import TokenBatch, TokenScores
from agents.rollout.experience import Experience
from agents.rollout.rollout import Stopwatch
from agents.training.run_log import TEXT_ONLY

_SUMMED = (
    "loss",
    "tokens",
    "completions",
    "entropy",
    "entropy_tokens",
    "drift",
    "clipped",
    "kl",
    "compared",
    "staleness",
)
METRICS = ("rollout/success_rate", "rollout/ep_rew_mean")
"""Keys that TensorBoard's table of runs shows beside the settings."""


@dataclass(frozen=True, kw_only=True)
class StepMeasures:
    """Sums over an optimizer step's tokens; adding them joins micro-batches."""

    loss: float = 0.0
    tokens: int = 0
    completions: int = 0
    entropy: float = 0.0
    entropy_tokens: int = 0
    """Number of tokens that the entropy was taken of; not all, since it costs a softmax with all its probabilities."""
    drift: float = 0.0
    """Sum of ``r - 1 - log r``, r the ratio to the probabilities at sampling: estimates the KL divergence to them."""
    clipped: float = 0.0
    kl: float = 0.0
    """Divergence to the reference model."""
    compared: int = 0
    """Number of completions that were compared with the reference model."""
    staleness: int = 0
    gradient_norm: float = 0.0
    skipped: bool = False
    """The gradient was not finite, and no step was taken."""
    is_supervised: bool = False

    @classmethod
    def of(
        cls, scores: TokenScores, batch: TokenBatch, clip_range: float | None, kl: float | None, staleness: int
    ) -> StepMeasures:
        """Measures a micro-batch; without a reference model there is no divergence to it."""
        with torch.no_grad():
            mask = batch.completion_mask
            tokens = int(mask.sum())
            # r - 1 - log r: unlike -log r it is never negative, so that a few tokens show a drift.
            log_ratio = torch.where(mask, scores.logprobs - batch.logprobs, 0.0)
            ratio = log_ratio.exp()
            clipped = (ratio - 1).abs() > clip_range if clip_range else torch.zeros_like(mask)
            return cls(
                tokens=tokens,
                completions=len(batch),
                entropy=0.0 if scores.entropy is None else float((scores.entropy * mask).sum()),
                entropy_tokens=0 if scores.entropy is None else tokens,
                drift=float((ratio - 1 - log_ratio).sum()),
                clipped=float((clipped & mask).sum()),
                kl=kl or 0.0,
                compared=0 if kl is None else len(batch),
                staleness=staleness,
            )

    def __add__(self, other: Self) -> Self:
        sums = {name: getattr(self, name) + getattr(other, name) for name in _SUMMED}
        return type(self)(**sums, is_supervised=self.is_supervised or other.is_supervised)


def log_step(logger: Logger, measures: StepMeasures, n_updates: int, learning_rate: float, seconds: float) -> None:
    """Records an optimizer step; several between two writings are averaged."""
    logger.record("train/n_updates", n_updates, exclude="tensorboard")
    logger.record("train/learning_rate", learning_rate)
    logger.record_mean("train/gradient_norm", measures.gradient_norm)
    logger.record_mean("train/skipped_steps", float(measures.skipped))
    logger.record_mean("time/training_seconds", seconds)
    if measures.is_supervised:
        logger.record_mean("train/supervised_loss", measures.loss)
        return
    tokens, completions = max(measures.tokens, 1), max(measures.completions, 1)
    logger.record_mean("train/loss", measures.loss)
    logger.record_mean("train/entropy_loss", -measures.entropy / max(measures.entropy_tokens, 1))
    logger.record_mean("train/approx_kl", measures.drift / tokens)
    logger.record_mean("train/clip_fraction", measures.clipped / tokens)
    if measures.compared:
        logger.record_mean("train/reference_kl", measures.kl / measures.compared)
    logger.record_mean("train/staleness", measures.staleness / completions)


class CollectionLog:
    """Records collections: rewards, shares of verdicts, kinds and scopes, speed; several between writings are averaged.

    Once a verdict, kind or scope has occurred, its share is always written, also as zero. Otherwise its curve would end
    at the last value above zero, and an average would leave the zeros out.
    """

    def __init__(self) -> None:
        self._seen: dict[str, set[str]] = {label: set() for label in ("verdict", "kind", "scope")}

    def record(self, logger: Logger, experiences: Sequence[Experience], watch: Stopwatch) -> None:
        """Records one collection."""
        # A failing machine says nothing about the policy: counted, but in no mean.
        judged = [experience for experience in experiences if not experience.infra_error]
        logger.record_mean("rollout/infra_errors", len(experiences) - len(judged))
        logger.record_mean("rollout/unknown_returns", sum(not experience.is_known for experience in judged))
        logger.record_mean("time/tokens_per_second", watch.tokens / max(watch.generation, 1e-9))
        logger.record_mean("time/generation_seconds", watch.generation)
        logger.record_mean("time/judging_seconds", watch.judging)
        if judged:
            means = {**_episode_means(judged), **_turn_means(judged), **self._shares(judged)}
            for name, value in means.items():
                logger.record_mean(name, value)
            for name, values in _distributions(judged).items():
                logger.record(f"distribution/{name}", torch.tensor(values, dtype=torch.float32), exclude=TEXT_ONLY)

    def _shares(self, judged: Sequence[Experience]) -> dict[str, float]:
        shares: dict[str, float] = {}
        for label, seen in self._seen.items():
            counts = Counter(str(getattr(experience, label)) or "unnamed" for experience in judged)
            # A verdict that has occurred is written from then on, as zero too: see the class.
            seen |= set(counts)
            shares |= {f"{label}/{value}": counts[value] / len(judged) for value in sorted(seen)}
        return shares


def _episode_means(judged: Sequence[Experience]) -> dict[str, float]:
    """Means over the episodes whose every turn was judged."""
    known = [experience for experience in judged if experience.is_known]
    episodes = [experience for experience in known if experience.turn == 0]
    if not episodes:
        return {}
    return {
        "rollout/ep_rew_mean": _mean([e.reward + e.future for e in episodes]),
        "rollout/ep_len_mean": len(known) / len(episodes),
        "rollout/success_rate": sum(e.is_success for e in known) / len(episodes),
    }


def _turn_means(judged: Sequence[Experience]) -> dict[str, float]:
    return {
        "rollout/pass_rate": _mean([e.pass_rate for e in judged]),
        "rollout/completion_tokens": _mean([e.length for e in judged]),
        "rollout/truncated": _mean([not e.completion.finished for e in judged]),
        "rollout/advantage_std": float(np.std([e.advantage for e in judged])),
        "rollout/zero_advantage_share": _mean([e.advantage == 0 for e in judged]),
        **{f"reward/{name}": _mean([e.rewards.get(name, 0.0) for e in judged]) for name in judged[0].rewards},
    }


def _distributions(judged: Sequence[Experience]) -> dict[str, list[float]]:
    return {
        "advantage": [e.advantage for e in judged],
        "reward": [e.reward for e in judged],
        "completion_tokens": [e.length for e in judged],
        "pass_rate": [e.pass_rate for e in judged],
    }


def representative(experiences: Sequence[Experience]) -> Experience | None:
    """The first judged completion with a known failing line, else the first judged one; None without any."""
    judged = [experience for experience in experiences if not experience.infra_error]
    located = [e for e in judged if e.scope == "line" and any(found["start"] >= 0 for found in e.diagnostics)]
    return next(iter([*located, *judged]), None)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else 0.0
