"""What is written into the log about a collection and about an optimizer step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from stable_baselines3.common.logger import Logger

from agents.experience import Experience
from agents.rollout import Stopwatch
from agents.run_log import TEXT_ONLY
from agents.token_batch import TokenBatch, TokenScores

_SUMMED = ("loss", "tokens", "completions", "entropy", "entropy_tokens", "drift", "clipped", "kl", "staleness")
METRICS = ("rollout/success_rate", "rollout/ep_rew_mean")
"""What TensorBoard's table of runs shows beside the settings."""


@dataclass(frozen=True, kw_only=True)
class StepMeasures:
    """Sums over an optimizer step's tokens; adding them joins micro-batches."""

    loss: float = 0.0
    tokens: int = 0
    completions: int = 0
    entropy: float = 0.0
    entropy_tokens: int = 0
    """How many of the tokens the entropy was taken of: it costs a softmax with all its probabilities."""
    drift: float = 0.0
    """Sum of ``r - 1 - log r``, r the ratio to the probabilities at sampling: estimates the KL divergence to them."""
    clipped: float = 0.0
    kl: float = 0.0
    """To the reference model."""
    staleness: int = 0
    gradient_norm: float = 0.0
    skipped: bool = False
    """The gradient was not finite, and no step was taken."""
    is_supervised: bool = False

    @classmethod
    def of(
        cls, scores: TokenScores, batch: TokenBatch, clip_range: float | None, kl: float, staleness: int
    ) -> StepMeasures:
        """Measures a micro-batch."""
        with torch.no_grad():
            mask = batch.completion_mask
            tokens = int(mask.sum())
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
                kl=kl,
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
    logger.record_mean("train/reference_kl", measures.kl / completions)
    logger.record_mean("train/staleness", measures.staleness / completions)


def log_collection(logger: Logger, experiences: Sequence[Experience], watch: Stopwatch, seconds: float) -> None:
    """Records what a collection brought: rewards, verdicts, kinds, scopes, advantages, speed, one program to read."""
    judged = [experience for experience in experiences if not experience.infra_error]
    logger.record_mean("rollout/infra_errors", len(experiences) - len(judged))
    logger.record_mean("time/tokens_per_second", watch.tokens / max(watch.generation, 1e-9))
    logger.record_mean("time/generation_seconds", watch.generation)
    logger.record_mean("time/judging_seconds", watch.judging)
    logger.record_mean("time/judging_share", watch.judging / max(seconds, 1e-9))
    if not judged:
        return
    episodes = [experience for experience in judged if experience.turn == 0]
    logger.record_mean("rollout/ep_rew_mean", _mean([e.reward + e.future for e in episodes]))
    logger.record_mean("rollout/ep_len_mean", len(judged) / max(len(episodes), 1))
    logger.record_mean("rollout/success_rate", sum(e.is_success for e in judged) / max(len(episodes), 1))
    logger.record_mean("rollout/pass_rate", _mean([e.pass_rate for e in judged]))
    logger.record_mean("rollout/completion_tokens", _mean([e.length for e in judged]))
    logger.record_mean("rollout/truncated", _mean([not e.completion.finished for e in judged]))
    logger.record_mean("rollout/advantage_std", float(np.std([e.advantage for e in judged])))
    logger.record_mean("rollout/silent_share", _mean([e.advantage == 0 for e in judged]))
    for name in judged[0].rewards:
        logger.record_mean(f"reward/{name}", _mean([e.rewards.get(name, 0.0) for e in judged]))
    for label in ("verdict", "kind", "scope"):
        for value, count in Counter(getattr(e, label) for e in judged).items():
            logger.record(f"{label}/{value or 'unnamed'}", count / len(judged))
    for name, values in (
        ("advantage", [e.advantage for e in judged]),
        ("reward", [e.reward for e in judged]),
        ("completion_tokens", [e.length for e in judged]),
        ("pass_rate", [e.pass_rate for e in judged]),
    ):
        logger.record(f"distribution/{name}", torch.tensor(values, dtype=torch.float32), exclude=TEXT_ONLY)
    logger.record("samples/program", sample_text(_most_telling(judged)), exclude=TEXT_ONLY)


def sample_text(experience: Experience) -> str:
    """One completion for people, in Markdown: what was written, the failing place underlined, what was paid."""
    paid = ", ".join(f"{name} {value:+.2f}" for name, value in experience.rewards.items())
    said = f"**{experience.task_id}** {experience.verdict} ({experience.kind})"
    title = f"{said}, {paid}, advantage {experience.advantage:+.2f}"
    marked = "\n".join(_underlined(experience))
    return f"{title}\n\n    " + marked.replace("\n", "\n    ")


def _underlined(experience: Experience) -> list[str]:
    text, guilty = experience.completion.text, np.zeros(len(experience.completion.text), bool)
    for (start, end), weight in zip(experience.completion.offsets.tolist(), experience.span.tolist(), strict=False):
        guilty[start:end] |= weight > 0
    lines, place = [], 0
    for line in text.split("\n"):
        marks = guilty[place : place + len(line)]
        lines.append(line)
        if marks.any() and not guilty.all():
            lines.append("".join("^" if mark else " " for mark in marks).rstrip())
        place += len(line) + 1
    return lines


def _most_telling(experiences: Sequence[Experience]) -> Experience:
    """The first whose failing place is known, else the first."""
    placed = [experience for experience in experiences if experience.scope == "line" and experience.span.any()]
    return (placed or list(experiences))[0]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else 0.0
