"""AdamW that keeps its own float32 copy of low-precision weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn


def make_optimizer(model: nn.Module, learning_rate: float, norm_lr_multiplier: float = 1.0) -> torch.optim.AdamW:
    """AdamW without weight decay over the weights of a model that require a gradient.

    Args:
        model: The model that is trained.
        learning_rate: Learning rate of matrices.
        norm_lr_multiplier: Learning rate of one-dimensional weights (norms, biases), as a multiple of that.
    """
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in wanted if (parameter.ndim > 1) is is_matrix], "multiplier": multiplier}
        for is_matrix, multiplier in ((True, 1.0), (False, norm_lr_multiplier))
    ]
    groups = [group for group in groups if group["params"]]
    # Masters cost 4 bytes a weight more than bfloat16 alone, as much as float32 weights under autocast would; but the
    # model stays in bfloat16, so that sampling, most of a learning step, reads half the memory and casts nothing.
    whole = all(parameter.dtype == torch.float32 for parameter in wanted)
    optimizer = (torch.optim.AdamW if whole else MasterAdamW)(groups, lr=learning_rate, weight_decay=0.0)
    set_learning_rate(optimizer, learning_rate)
    return optimizer


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Sets the rate of matrices, and of one-dimensional weights their multiple of it."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["multiplier"]


def restore_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Takes over the moments of an optimizer, but not its multiples of the learning rate.

    Args:
        optimizer: The optimizer to restore, from ``make_optimizer``.
        state: ``state_dict()`` of an optimizer for the same model. Its learning rate comes along: set yours afterwards.
    """
    # A run that is resumed with another norm_lr_multiplier must not fall back to the one in its checkpoint.
    multipliers = [group["multiplier"] for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, multiplier in zip(optimizer.param_groups, multipliers, strict=True):
        group["multiplier"] = multiplier


class MasterAdamW(torch.optim.AdamW):
    """AdamW on float32 copies (masters) of bfloat16 or float16 weights.

    A step of 1e-6 is less than the rounding of a bfloat16 weight, which has eight bits: without masters nothing would
    be learned.

    Args:
        groups: Groups of the model's weights; their gradients are read, and they are written after every step.
        lr: Learning rate of all weights.
        weight_decay: Weight decay of AdamW.
    """

    def __init__(self, groups: Sequence[Mapping[str, Any]], lr: float, weight_decay: float) -> None:
        self._weights: list[nn.Parameter] = [weight for group in groups for weight in group["params"]]
        self._masters = [weight.detach().float().clone().requires_grad_() for weight in self._weights]
        masters = iter(self._masters)
        own = [{**group, "params": [next(masters) for _ in group["params"]]} for group in groups]
        super().__init__(own, lr=lr, weight_decay=weight_decay)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients of weights and masters."""
        for weight in self._weights:
            weight.grad = None
        super().zero_grad(set_to_none)

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # torch has overloads
        """Steps the masters, and rounds them into the weights."""
        for master, weight in zip(self._masters, self._weights, strict=True):
            master.grad = None if weight.grad is None else weight.grad.float()
        loss: float | None = super().step(closure)
        with torch.no_grad():
            for master, weight in zip(self._masters, self._weights, strict=True):
                weight.copy_(master)
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The state of AdamW, and the masters."""
        return {**super().state_dict(), "masters": [master.detach() for master in self._masters]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over the state of AdamW, and the masters."""
        state = dict(state_dict)
        masters = state.pop("masters")
        super().load_state_dict(state)
        with torch.no_grad():
            for master, kept in zip(self._masters, masters, strict=True):
                master.copy_(kept)
