"""Weights of completions in the loss of a batch: the normalizations of the literature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the command line reads the settings' types where torch is not installed
    from torch import Tensor

Normalization = Literal["sum", "token", "sequence"]


def completion_weights(lengths: Tensor, keep: Tensor, normalization: Normalization) -> Tensor:
    """Weights of the completions of a batch; ``(weights * losses).sum()`` is the loss of the batch.

    With losses summed over the tokens of each completion of length ``T_i``, and B kept completions:

    * ``"sum"``: ``1 / B``, the mean over completions of sums over tokens (RLTF, arXiv 2307.04349);
    * ``"sequence"``: ``1 / (B T_i)``, the mean over completions of means over tokens (GRPO, arXiv 2402.03300, eq. 3);
    * ``"token"``: ``1 / sum_i T_i``, the mean over all tokens of the batch (DAPO, arXiv 2503.14476, eq. 8).

    Args:
        lengths: [B], tokens of each completion.
        keep: bool[B], False for completions that must not teach, such as those that the machine failed to judge.
        normalization: Which of the three.

    Returns:
        float32[B], zero where not kept; all zero if nothing is kept.
    """
    # Weights are made for the whole batch at once: then cutting the batch into micro-batches changes no gradient.
    kept = keep.float()
    sizes = lengths.float().clamp(min=1)
    if normalization == "token":
        return kept / (kept * sizes).sum().clamp(min=1)
    shares = kept / kept.sum().clamp(min=1)
    return shares / sizes if normalization == "sequence" else shares
