"""AdamW that keeps its own float32 copy of low-precision weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn


def make_optimizer(model: nn.Module, learning_rate: float, gain_factor: float = 1.0) -> torch.optim.AdamW:
    """AdamW without weight decay over the weights of a model that want a gradient.

    Args:
        model: What is trained.
        learning_rate: Of matrices.
        gain_factor: What one-dimensional weights (gains of norms, biases) learn at, as a multiple of that.
    """
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in wanted if (parameter.ndim > 1) is is_matrix], "factor": factor}
        for is_matrix, factor in ((True, 1.0), (False, gain_factor))
    ]
    groups = [group for group in groups if group["params"]]
    whole = all(parameter.dtype == torch.float32 for parameter in wanted)
    optimizer = (torch.optim.AdamW if whole else MasterAdamW)(groups, lr=learning_rate, weight_decay=0.0)
    set_learning_rate(optimizer, learning_rate)
    return optimizer


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Sets the rate of matrices, and of one-dimensional weights their multiple of it."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["factor"]


def restore_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Takes over what an optimizer has learned; the multiples of the rate stay those that this one was made with.

    Args:
        optimizer: From ``make_optimizer``.
        state: ``state_dict()`` of one for the same model. Its learning rate comes along: set your own afterwards.
    """
    factors = [group["factor"] for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, factor in zip(optimizer.param_groups, factors, strict=True):
        group["factor"] = factor


class MasterAdamW(torch.optim.AdamW):
    """AdamW on float32 masters of bfloat16 or float16 weights.

    A learning rate of 1e-6 changes a bfloat16 weight, which has eight bits, by less than its rounding: without masters
    nothing would be learned.

    Args:
        groups: The model's weights; their gradients are read, and they are written after every step.
        lr: Learning rate.
        weight_decay: Of AdamW.
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

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
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
