"""A lesson as ids, and the loss of a batch of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class Example:
    """A lesson as ids, and how many of them are its prompt."""

    ids: list[int]
    prompt_length: int

    @property
    def answered(self) -> int:
        """Tokens of the answer, its end included."""
        return len(self.ids) - self.prompt_length


def answer_loss(model: Any, batch: Sequence[Example]) -> Tensor:
    """Sum of the cross-entropy of the answers' tokens; a mean would weigh a token in a batch of few long lessons more.

    Padding is on the right, so causal attention needs no mask.
    """
    longest = max(len(s.ids) for s in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.int64)
    is_answer = torch.zeros(len(batch), longest, dtype=torch.bool)
    for row, sequence in enumerate(batch):
        ids[row, : len(sequence.ids)] = torch.tensor(sequence.ids)
        is_answer[row, sequence.prompt_length : len(sequence.ids)] = True
    states = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    logits = model.lm_head(states[is_answer[:, 1:]])
    return functional.cross_entropy(logits.float(), ids[:, 1:][is_answer[:, 1:]], reduction="sum")
