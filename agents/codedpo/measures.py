"""What is logged about an optimizer step on pairs, under the keys that DPO trainers use."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from stable_baselines3.common.logger import Logger
from torch import Tensor

from agents.codedpo.data.pairs import Preference, write_pairs
from agents.codedpo.logprobs import RowScores
from agents.codedpo.token_pairs import TokenPairs
from agents.training.gradient_step import StepTaken
from agents.training.run_folder import PAIRS
from agents.training.run_log import TEXT_ONLY

_PAIRS_SHOWN = 12
_PAIRS_KEPT = 5000


@dataclass(frozen=True, kw_only=True)
class PairMeasures:
    """Sums over the pairs of a micro-batch; :meth:`of_all` joins them."""

    pairs: int = 0
    preference_loss: float = 0.0
    """Summed over pairs; 0 for SFT."""
    nll: float = 0.0
    """Cross-entropy of the chosen completions, summed over their tokens."""
    chosen_tokens: int = 0
    logps_chosen: float = 0.0
    """Log-probabilities of the chosen completions, with the loss's weights of tokens."""
    logps_rejected: float = 0.0
    reward_chosen: float = 0.0
    """``beta`` times the log-ratio to the reference."""
    reward_rejected: float = 0.0
    right: int = 0
    """Pairs whose chosen completion has the higher reward."""
    padding: int = 0
    """Positions of the padded batches that hold no token."""
    positions: int = 0
    """All positions of the padded batches."""

    @classmethod
    def of_all(cls, parts: Sequence[PairMeasures]) -> PairMeasures:
        """Adds micro-batches up."""
        # Sums and not means: micro-batches may have different sizes.
        return cls(**{field.name: sum(getattr(part, field.name) for part in parts) for field in fields(cls)})

    @classmethod
    def of_scores(cls, scores: RowScores, chosen: Tensor) -> PairMeasures:
        """Measures a forward pass.

        Args:
            scores: Scores of all rows.
            chosen: bool [B], which rows are chosen completions.
        """
        mask = scores.mask[chosen]
        return cls(
            pairs=int(chosen.sum()),
            nll=-float(torch.where(mask, scores.logps[chosen].detach(), 0.0).sum()),
            chosen_tokens=int(mask.sum()),
            padding=scores.padding,
            positions=scores.mask.numel(),
        )


def log_step(
    logger: Logger,
    taken: StepTaken[PairMeasures],
    *,
    learning_rate: float,
    compares: bool,
) -> None:
    """Records an optimizer step; several between two writings are averaged.

    Args:
        logger: The logger of the run.
        taken: The step that was taken.
        learning_rate: Learning rate of the step.
        compares: Whether rejected completions take part; in SFT they do not.
    """
    measures = PairMeasures.of_all(taken.measures)
    pairs = max(measures.pairs, 1)
    logger.record("train/learning_rate", learning_rate)
    logger.record_mean("train/loss", sum(taken.losses))
    logger.record_mean("train/nll_loss", measures.nll / max(measures.chosen_tokens, 1))
    logger.record_mean("train/gradient_norm", taken.gradient_norm)
    logger.record_mean("train/skipped_steps", float(taken.skipped))
    logger.record_mean("train/padding", measures.padding / max(measures.positions, 1))
    if not compares:
        return
    logger.record_mean("train/preference_loss", measures.preference_loss / pairs)
    logger.record_mean("logps/chosen", measures.logps_chosen / pairs)
    logger.record_mean("logps/rejected", measures.logps_rejected / pairs)
    logger.record_mean("rewards/chosen", measures.reward_chosen / pairs)
    logger.record_mean("rewards/rejected", measures.reward_rejected / pairs)
    logger.record_mean("rewards/margins", (measures.reward_chosen - measures.reward_rejected) / pairs)
    logger.record_mean("rewards/accuracies", measures.right / pairs)


def log_pairs(logger: Logger, token_pairs: TokenPairs, pairs: Sequence[Preference]) -> None:
    """Records what there is to learn from, and writes pairs beside the log for a report.

    Args:
        logger: The logger of the run.
        token_pairs: The pairs as ids; how many were skipped, and why.
        pairs: The same pairs as texts; some are shown as diffs.
    """
    # Recorded once, before the first step: pairs do not change while they are learned from.
    for name, count in token_pairs.counts().items():
        logger.record(f"pairs/{name}", count)
    for name, values in (
        ("pair_margin", [pair.margin for pair in pairs]),
        ("chosen_tokens", [len(pair.chosen.ids) for pair in token_pairs.pairs]),
        ("rejected_tokens", [len(pair.rejected.ids) for pair in token_pairs.pairs]),
    ):
        logger.record(f"distribution/{name}", torch.tensor(values, dtype=torch.float32), exclude=TEXT_ONLY)
    # A report shows some pairs; tens of thousands would only make its page heavy.
    if logger.dir is not None:
        kept = min(_PAIRS_KEPT, len(pairs))
        write_pairs(Path(logger.dir) / PAIRS, [pairs[number * len(pairs) // kept] for number in range(kept)])
    shown = pairs[:: max(1, len(pairs) // _PAIRS_SHOWN)][:_PAIRS_SHOWN]
    logger.record("samples/pairs", "\n\n".join(map(pair_text, shown)), exclude=TEXT_ONLY)


def pair_text(pair: Preference) -> str:
    """Returns a pair in Markdown: its task, its kind, its scores, and both completions as a unified diff."""
    rejected, chosen = (text.splitlines() for text in (pair.rejected, pair.chosen))
    # n=100: programs are short, and a reader wants to see all of both.
    lines = difflib.unified_diff(rejected, chosen, "rejected", "chosen", lineterm="", n=100)
    scores = f"{pair.score_chosen:.2f} against {pair.score_rejected:.2f}"
    code = "\n".join(f"    {line}" for line in lines)
    return f"**{pair.task_id or 'pair'}**, {pair.kind}, {scores}\n\n{code}"
