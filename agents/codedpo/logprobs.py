"""How probable a model finds the completions of pairs: rows of tokens in, one weighted sum a row out."""

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
    """bool [B, T], where there is a token."""
    weighted: Tensor
    """[B], summed with the rows' weights: what the preference losses read."""

    @property
    def padding(self) -> int:
        """Places of the batch that hold no token."""
        return int((~self.mask).sum())


def score_rows(policy: LMPolicy, rows: Sequence[TokenRow]) -> RowScores:
    """Scores rows side by side; a prompt that several of them share is read once.

    Args:
        policy: Whose model scores, with gradients where they are on.
        rows: B of them.
    """
    batch = TokenBatch.of([row.prompt_ids for row in rows], [row.ids for row in rows]).to(policy.device)
    logps = policy.token_logprobs(batch)
    weights = np.zeros(batch.completion_ids.shape, dtype=np.float32)
    for place, row in enumerate(rows):
        weights[place, : len(row.weights)] = row.weights
    weighted = sequence_logprobs(logps, torch.from_numpy(weights).to(policy.device))
    return RowScores(logps=logps, mask=batch.completion_mask, weighted=weighted)
