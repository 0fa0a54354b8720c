"""CodeDPO's settings of training, and the paper's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from agents.codedpo.focus import Focus
from agents.training.normalization import Normalization
from agents.training.settings import LearnerConfig

Method = Literal["dpo", "kto", "sft"]


@dataclass(frozen=True, kw_only=True)
class CodeDPOConfig(LearnerConfig):
    """How CodeDPO learns from pairs. The defaults suit small models; ``CodeDPOConfig.paper()`` is arXiv 2410.05605.

    Raises:
        InvalidSettingError: If a value makes no sense; the message names the setting.
        UnknownNameError: If a method, a focus, ... does not exist.
    """

    problems: int = 192
    """Problems that programs are written for, drawn at random; 0: all."""
    method: Method = "dpo"
    """What is learned from a pair: that one completion is better (dpo), that one is good and one is bad (kto), or only
    to write the chosen one (sft)."""
    focus: Focus = Focus.WHOLE
    """Tokens that dpo and kto compare: all (whole), the differing middle more than the rest (focused: Focused-DPO), or
    of the rejected completion only what differs (target: Target-DPO)."""
    emphasis: float = 2.0
    """Weight of the differing middle, for focus=focused."""
    length_normalized: bool = False
    """Means over tokens in place of sums in the preference loss; beta should then be larger by about the length."""
    beta: float = 0.1
    """Strength of the pull towards the reference model."""
    nll_weight: float = 1.0
    """Weight of the cross-entropy on the chosen completion that is added to the preference loss; 0 leaves it out."""
    normalization: Normalization = "sequence"
    """Mean of the cross-entropy: over completions of token means (sequence), over all tokens of the batch (token), or
    over completions of token sums (sum)."""
    schedule: Literal["linear", "constant"] = "linear"
    """Learning rate after the warm-up: falling to zero at the end of training, or constant."""
    warmup: float = 0.1
    """Share of training in which the learning rate rises."""
    epochs: float = 3.0
    """Times that each pair is learned from, unless learn() gets a number of timesteps."""
    batch_size: int = 32
    """Pairs that an optimizer step learns from."""
    micro_batch_size: int = 8
    """Pairs of about the same length in one forward pass. A smaller number saves memory and changes no gradient."""
    max_length: int = 0
    """Longest prompt and completion together, in tokens; the rest is cut off. 0: the model's context."""
    shuffle: bool = True
    """Learn in a new order in each epoch, with pairs of about the same length in one batch; else in the given order."""
    reference: Literal["start", "base"] = "start"
    """Reference model: the policy at the start of training, or a LoRA policy's model without its adapters."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least(1, "batch_size")
        self.require_above(0, "beta", "epochs", "emphasis")
        self.require_at_least(0, "nll_weight", "max_length", "problems")
        # At 1 nothing would be left for the rate to fall in.
        self.require(0 <= self.warmup < 1, "warmup", "at least 0 and below 1")

    @classmethod
    def paper(cls, **changes: Any) -> Self:
        """The numbers of the paper: lr 5e-6, linear with warm-up, 10 epochs; beta and weights as in Target-DPO's."""
        # Changes come last: they replace the paper's numbers.
        return cls.of({**PAPER, **changes})


PAPER: Mapping[str, Any] = {"learning_rate": 5e-6, "epochs": 10.0, "beta": 0.1, "nll_weight": 1.0}
"""The settings of arXiv 2410.05605; where it is silent (beta, nll_weight), those of arXiv 2503.02783."""
