"""The reference model is asked once: its log-probabilities of all pairs are kept instead of a second model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.logprobs import score_rows
from agents.codedpo.token_pairs import TokenPair, TokenRow
from agents.policy.policy import LMPolicy
from codegym.errors import InvalidSettingError

Sums = NDArray[np.float32]
OF_THE_REFERENCE = ("method", "focus", "emphasis", "length_normalized", "max_length", "reference")
"""Settings that decide which tokens the reference scores, and with which weights."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """Weighted sums of log-probabilities under the reference, of N pairs."""

    chosen: Sums
    """float32 [N]."""
    rejected: Sums
    """float32 [N]."""
    mismatched: Sums
    """float32 [N, 2], the rows of ``mismatched_rows`` of each pair; [0, 2] where the loss does not need them."""


def ask_reference(policy: LMPolicy, pairs: Sequence[TokenPair], config: CodeDPOConfig) -> Reference:
    """Scores all pairs with the reference model: the policy as it is now, or without its adapters.

    Args:
        policy: The policy at the start of training.
        pairs: All pairs that will be trained on.
        config: ``reference``, ``method`` (KTO needs mismatched rows, SFT nothing at all), and the micro-batch's size.

    Raises:
        InvalidSettingError: If the reference is the model without adapters, and the policy has none.
    """
    nothing = Reference(chosen=np.zeros(0, np.float32), rejected=np.zeros(0, np.float32), mismatched=_no_rows())
    if config.method == "sft":
        return nothing
    rows = [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
    if config.method == "kto":
        rows += [row for pair in range(len(pairs)) for row in mismatched_rows(pairs, pair, policy)]
    # Without gradients four times as many rows fit into the memory of a training micro-batch.
    with _without_adapters(policy.model) if config.reference == "base" else nullcontext():
        sums = _sums(policy, rows, size=4 * config.micro_batch_size)
    number = len(pairs)
    rest = sums[2 * number :].reshape(-1, 2) if config.method == "kto" else _no_rows()
    return replace(nothing, chosen=sums[:number], rejected=sums[number : 2 * number], mismatched=rest)


def mismatched_rows(pairs: Sequence[TokenPair], index: int, policy: LMPolicy) -> tuple[TokenRow, TokenRow]:
    """A pair's prompt with both completions of another prompt: the last pair before it that has one.

    KTO takes its reference point from such rows. If all prompts are equal, the pair's own completions are taken.

    Args:
        pairs: All pairs of the training.
        index: Index of the pair.
        policy: The policy, whose context limits the completion.
    """
    prompt = pairs[index].chosen.prompt_ids
    # The same partner in every epoch, so that the reference's sums can be kept.
    others = (pairs[index - back] for back in range(1, len(pairs)))
    other = next((pair for pair in others if not np.array_equal(pair.chosen.prompt_ids, prompt)), pairs[index])
    room = policy.room_after(prompt)

    def answer(row: TokenRow) -> TokenRow:
        return TokenRow(prompt_ids=prompt, ids=row.ids[:room], weights=row.weights[:room])

    return answer(other.chosen), answer(other.rejected)


def _sums(policy: LMPolicy, rows: Sequence[TokenRow], size: int) -> Sums:
    sums = np.zeros(len(rows), np.float32)
    # Rows of one prompt stand side by side, so that it is processed once; rows of about one length need little padding.
    order = sorted(
        range(len(rows)), key=lambda i: (len(rows[i].prompt_ids), rows[i].prompt_ids.tobytes(), len(rows[i]))
    )
    for start in range(0, len(order), size):
        part = order[start : start + size]
        with torch.no_grad():
            sums[part] = score_rows(policy, [rows[i] for i in part]).weighted.float().cpu().numpy()
    return sums


def _without_adapters(model: Any) -> AbstractContextManager[Any]:
    if not hasattr(model, "disable_adapter"):
        raise InvalidSettingError(
            f"CodeDPOConfig.reference='base' needs a model with adapters (peft), got {type(model).__name__}; "
            "reference='start' takes the policy as it is at the start."
        )
    context: AbstractContextManager[Any] = model.disable_adapter()
    return context


def _no_rows() -> Sums:
    return np.zeros((0, 2), np.float32)
