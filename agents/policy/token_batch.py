"""Completions as padded tensors for training, and their log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.engines.cached_forward import distinct_rows, pad


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenBatch:
    """B completions, padded on the right to the longest, with the distinct prompts that they continue.

    Attributes:
        prompts: The distinct prompts' ids, as many as there are.
        prompt_index: Index of the prompt that each completion continues, int64 [B].
        completion_ids: Sampled ids, int64 [B, T], 0 for padding.
        completion_mask: True for tokens, False for padding, bool [B, T].
        logprobs: Log-probabilities kept from sampling, float32 [B, T], 0 for padding.
    """

    prompts: tuple[NDArray[np.int64], ...]
    prompt_index: Tensor
    completion_ids: Tensor
    completion_mask: Tensor
    logprobs: Tensor

    @classmethod
    def of(cls, prompts: Sequence[NDArray[np.int64]], completions: Sequence[NDArray[np.int64]]) -> TokenBatch:
        """Pads completions to one length, on the CPU, with log-probabilities of 0.

        Args:
            prompts: Ids of the prompt of each completion, B of them; equal ones are kept once.
            completions: Ids of each completion, B of them.
        """
        # Padding is on the right: causal attention then needs no mask for it, and token t is column t.
        ids, mask = pad(completions, "cpu", left=False)
        distinct, index = distinct_rows(prompts)
        return cls(
            prompts=tuple(distinct),
            prompt_index=torch.from_numpy(index),
            completion_ids=ids,
            completion_mask=mask.bool(),
            logprobs=torch.zeros(ids.shape, dtype=torch.float32),
        )

    def __len__(self) -> int:
        return len(self.prompt_index)

    def to(self, device: torch.device | str) -> TokenBatch:
        """Returns the batch on another device."""
        tensors = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "prompts"}
        return replace(self, **{name: tensor.to(device) for name, tensor in tensors.items()})


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenScores:
    """A batch's tokens under the model as it is now; tensors are float32 [B, T], zero for padding.

    Attributes:
        logprobs: Log-probability of each token, with gradient.
        entropy: Entropy in nats of the distribution that each token was drawn from, with gradient; None if it was not
            computed.
    """

    logprobs: Tensor
    entropy: Tensor | None
