"""CodeDPO's settings of training, and the paper's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from agents.codedpo.focus import Focus
from agents.training.normalization import Normalization
from codegym.errors import InvalidSettingError, UnknownNameError

Method = Literal["dpo", "kto", "sft"]


@dataclass(frozen=True, kw_only=True)
class CodeDPOConfig:
    """How CodeDPO learns from pairs. The defaults suit small models; ``CodeDPOConfig.paper()`` is arXiv 2410.05605.

    Raises:
        InvalidSettingError: If a value makes no sense; the message names the field.
    """

    problems: int = 192
    """Problems that programs are written for, drawn at random; 0: all."""
    method: Method = "dpo"
    """What is learned from a pair: that one completion is better (dpo), that one is good and one is bad (kto), or only
    to write the chosen one (sft)."""
    focus: Focus = Focus.WHOLE
    """The tokens that dpo and kto look at: all, the differing middle more (Focused-DPO), or of the rejected completion
    only what differs (Target-DPO)."""
    emphasis: float = 2.0
    """How much more the middle counts with focus=focused."""
    length_normalized: bool = False
    """Means over tokens in place of sums in the preference loss; beta then wants to be larger by about the length."""
    beta: float = 0.1
    """Strength of the pull towards the reference."""
    nll_weight: float = 1.0
    """Weight of the cross-entropy on the chosen completion that is added to the preference loss; 0 leaves it out."""
    normalization: Normalization = "sequence"
    """The cross-entropy's mean: over completions of token means, over all tokens of the batch, or of token sums."""
    learning_rate: float = 1e-4
    """Of AdamW, at its highest; the default suits models of a few million parameters."""
    gain_factor: float = 1.0
    """What one-dimensional weights (gains of norms, biases) learn at, as a multiple of the learning rate."""
    schedule: Literal["linear", "constant"] = "linear"
    """After the warm-up: down to zero at the end of training, or as it is."""
    warmup: float = 0.1
    """Share of training in which the learning rate rises."""
    epochs: float = 3.0
    """Times that every pair is learned from, where ``learn`` is not told otherwise."""
    batch_size: int = 32
    """Pairs that an optimizer step learns from."""
    micro_batch_size: int = 8
    """Pairs of about the same length in one forward pass; smaller saves memory and changes no gradient."""
    max_grad_norm: float = 1.0
    """Gradients are scaled down to this norm."""
    max_length: int = 0
    """Tokens of prompt and completion together, the rest is cut off; 0: the model's context."""
    shuffle: bool = True
    """A new order in every epoch, pairs of about the same length together; else the order that they came in."""
    reference: Literal["start", "base"] = "start"
    """The reference model: the policy at the start of training, or a LoRA policy's model without its adapters."""

    def __post_init__(self) -> None:
        for name in ("batch_size", "micro_batch_size"):
            _check(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        for name in ("beta", "learning_rate", "gain_factor", "epochs", "max_grad_norm", "emphasis"):
            _check(getattr(self, name) > 0, name, "above 0", getattr(self, name))
        for name in ("nll_weight", "max_length", "problems"):
            _check(getattr(self, name) >= 0, name, "at least 0", getattr(self, name))
        _check(0 <= self.warmup < 1, "warmup", "at least 0 and below 1", self.warmup)
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise UnknownNameError(f"CodeDPOConfig.{name}", str(getattr(self, name)), known)

    @classmethod
    def paper(cls, **changes: Any) -> CodeDPOConfig:
        """The numbers of the paper: lr 5e-6, linear with warm-up, 10 epochs; beta and weights as in Target-DPO's."""
        return cls.of({"learning_rate": 5e-6, "epochs": 10.0, "beta": 0.1, "nll_weight": 1.0, **changes})

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> CodeDPOConfig:
        """Makes a configuration from plain data, as it comes out of a JSON file.

        Raises:
            UnknownNameError: If there is no such setting.
            InvalidSettingError: If a value makes no sense.
        """
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise UnknownNameError("setting of CodeDPO", name, known)
        settings: dict[str, Any] = dict(values)
        if settings.get("focus") in tuple(Focus):
            settings["focus"] = Focus(settings["focus"])
        return cls(**settings)


_CHOICES = {
    "method": ("dpo", "kto", "sft"),
    "focus": tuple(str(focus) for focus in Focus),
    "normalization": ("sequence", "token", "sum"),
    "schedule": ("linear", "constant"),
    "reference": ("start", "base"),
}


def _check(good: bool, name: str, expected: str, value: object) -> None:
    if not good:
        raise InvalidSettingError(f"CodeDPOConfig.{name} must be {expected}, got {value!r}.")
