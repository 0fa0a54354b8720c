"""Log-probabilities of the completions of pairs: rows of tokens in, one weighted sum for each row out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from agents.codedpo.losses import sequence_logprobs
from agents.codedpo.token_pairs import TokenRow
from agents.policy.policy import LMPolicy
from agents.policy.token_batch import TokenBatch


@dataclass(frozen=True, kw_only=True, eq=False)
class RowScores:
    """A model's log-probabilities of B rows of up to T tokens."""

    logps: Tensor
    """[B, T], zero on padding."""
    mask: Tensor
    """bool [B, T], True on tokens and False on padding."""
    weighted: Tensor
    """[B], sums with the rows' weights, which the preference losses take."""

    @property
    def padding(self) -> int:
        """Positions of the batch that hold no token."""
        return int((~self.mask).sum())


def score_rows(policy: LMPolicy, rows: Sequence[TokenRow]) -> RowScores:
    """Scores rows in one batch; a prompt that several of them share is processed once.

    Args:
        policy: The policy whose model scores, with gradients where they are enabled.
        rows: The B rows to score.
    """
    # Chosen and rejected share their prompt, often the longer part of a row.
    batch = TokenBatch.of([row.prompt_ids for row in rows], [row.ids for row in rows]).to(policy.device)
    logps = policy.token_logprobs(batch)
    # The weights of padding are zero, so that what the model says there never counts.
    weights = np.zeros(batch.completion_ids.shape, dtype=np.float32)
    for index, row in enumerate(rows):
        weights[index, : len(row.weights)] = row.weights
    weighted = sequence_logprobs(logps, torch.from_numpy(weights).to(policy.device))
    return RowScores(logps=logps, mask=batch.completion_mask, weighted=weighted)
