"""Settings that every learner has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from agents.settings import SettingsRecord


@dataclass(frozen=True, kw_only=True)
class LearnerConfig(SettingsRecord):
    """What every learner has: an optimizer and batches."""

    RENAMED: ClassVar[Mapping[str, str]] = {"gain_factor": "norm_lr_multiplier"}

    learning_rate: float = 1e-4
    """Learning rate of AdamW; the default suits models of a few million parameters."""
    norm_lr_multiplier: float = 1.0
    """Experimental, only tried on models of a few million parameters: learning rate of one-dimensional weights (norms,
    biases), as a multiple of the others'. The demo and the studies of `tiny` use 100."""
    max_grad_norm: float = 1.0
    """Largest norm of the gradient; larger ones are scaled down to it."""
    batch_size: int = 32
    """Completions or pairs that an optimizer step learns from."""
    micro_batch_size: int = 16
    """Completions or pairs in one forward pass. A smaller number saves memory and changes no gradient."""

    def __post_init__(self) -> None:
        super().__post_init__()
        # At 0 nothing would be learned, which is more likely a slip than a wish.
        self.require_above(0, "learning_rate", "norm_lr_multiplier", "max_grad_norm")
        self.require_at_least(1, "micro_batch_size")

    @property
    def batch(self) -> int:
        """Completions or pairs that an optimizer step learns from, as a number above zero."""
        return self.batch_size
