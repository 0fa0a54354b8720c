"""One optimizer step on a loss that comes in parts: accumulate, clip, step, and survive what goes wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from agents.engines.out_of_memory import is_out_of_memory
from codegym.errors import DivergedError

M = TypeVar("M")
MOST_SKIPPED = 10
"""Number of steps in a row without a finite gradient that ends training; a single one is only skipped."""


@dataclass(frozen=True, kw_only=True)
class StepTaken(Generic[M]):
    """What an optimizer step did."""

    measures: tuple[M, ...]
    """What was measured on each part of the loss, in order."""
    losses: tuple[float, ...]
    """The parts, which add up to the loss."""
    gradient_norm: float = 0.0
    """Norm of the gradient before clipping."""
    skipped: bool = False
    """The gradient was not finite, and no step was taken."""


class GradientStep:
    """Takes optimizer steps on losses that are cut into micro-batches.

    Args:
        model: The model that is trained.
        optimizer: The optimizer of its weights.
        max_grad_norm: Largest norm of the gradient; larger ones are scaled down to it.
        micro_batch_size: Size of the parts. Where memory runs out it is halved, with a warning, and stays so.
    """

    def __init__(
        self, model: nn.Module, optimizer: torch.optim.Optimizer, max_grad_norm: float, micro_batch_size: int
    ) -> None:
        self._model, self._optimizer = model, optimizer
        self._max_grad_norm = max_grad_norm
        self.micro_batch_size = micro_batch_size
        self._skipped = 0

    def take(self, losses: Callable[[int], Iterable[tuple[Tensor, M]]]) -> StepTaken[M]:
        """Accumulates the gradients of a loss's parts, and steps.

        Args:
            losses: Called with the micro-batch size; yields each part with what was measured on it. Parts add up to the
                loss of the whole batch, so that their number changes no gradient. No part, no step.

        Raises:
            RuntimeError: If a micro-batch of one does not fit into memory.
            DivergedError: If the gradients of many steps in a row were not finite.
        """
        while True:
            try:
                taken = self._accumulate(losses(self.micro_batch_size))
                break
            except (MemoryError, RuntimeError) as error:
                if self.micro_batch_size == 1 or not is_out_of_memory(error):
                    raise
                # Halved for good: the next batch is as large as this one.
                self.micro_batch_size //= 2
            warnings.warn(f"out of memory: going on with a micro_batch_size of {self.micro_batch_size}.", stacklevel=2)
            # The cached blocks have the sizes of the larger micro-batch, which will not be asked for again.
            torch.cuda.empty_cache()
        return self._step(taken) if taken.losses else taken

    def _accumulate(self, losses: Iterable[tuple[Tensor, M]]) -> StepTaken[M]:
        self._optimizer.zero_grad(set_to_none=True)
        values, measures = [], []
        for loss, measured in losses:
            loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            values.append(float(loss.detach()))
            measures.append(measured)
        return StepTaken(measures=tuple(measures), losses=tuple(values))

    def _step(self, taken: StepTaken[M]) -> StepTaken[M]:
        # A NaN in one weight's gradient makes the norm NaN: no weight may move, or all of them would be lost.
        norm = float(torch.nn.utils.clip_grad_norm_(self._model.parameters(), self._max_grad_norm))
        if np.isfinite(norm):
            self._optimizer.step()
        self._skipped = 0 if np.isfinite(norm) else self._skipped + 1
        if self._skipped == MOST_SKIPPED:
            raise DivergedError(
                f"the gradient was not finite in {MOST_SKIPPED} steps in a row, none of which was taken: go on from "
                "the last checkpoint with a smaller learning rate, or in float32."
            )
        return StepTaken(
            measures=taken.measures, losses=taken.losses, gradient_norm=norm, skipped=not np.isfinite(norm)
        )
