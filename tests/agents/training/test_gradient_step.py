"""One optimizer step on a loss in parts: what it adds up, what it skips, and when it gives up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from agents.training.gradient_step import MOST_SKIPPED, GradientStep
from codegym.errors import DivergedError

Parts = Iterator[tuple[Tensor, str]]


@pytest.fixture
def layer() -> nn.Linear:
    """A layer of two weights, both 1."""
    made = nn.Linear(2, 1, bias=False)
    nn.init.ones_(made.weight)
    return made


def gradient_step(layer: nn.Linear, max_grad_norm: float = 100.0, micro_batch_size: int = 4) -> GradientStep:
    return GradientStep(layer, torch.optim.SGD(layer.parameters(), lr=0.1), max_grad_norm, micro_batch_size)


def test_parts_add_up_to_one_step(layer: nn.Linear) -> None:
    def losses(size: int) -> Parts:
        yield 3 * layer.weight[0, 0], "first"
        yield 4 * layer.weight[0, 1], "second"

    taken = gradient_step(layer).take(losses)
    assert (taken.losses, taken.measures, taken.gradient_norm, taken.skipped) == ((3, 4), ("first", "second"), 5, False)
    torch.testing.assert_close(layer.weight.detach(), torch.tensor([[0.7, 0.6]]))


def test_gradients_are_scaled_down_to_the_largest_norm(layer: nn.Linear) -> None:
    taken = gradient_step(layer, max_grad_norm=1.0).take(lambda size: iter([(5 * layer.weight[0, 0], "")]))
    assert taken.gradient_norm == 5
    torch.testing.assert_close(layer.weight.detach(), torch.tensor([[0.9, 1.0]]))


def test_no_part_takes_no_step(layer: nn.Linear) -> None:
    step = gradient_step(layer)
    step.take(lambda size: iter([(layer.weight.sum(), "")]))
    before = layer.weight.detach().clone()
    taken = step.take(lambda size: iter(()))
    assert (taken.losses, taken.skipped) == ((), False)
    assert torch.equal(layer.weight, before)


def not_finite(layer: nn.Linear) -> Parts:
    yield layer.weight.sum() * float("nan"), ""


def test_a_gradient_that_is_not_finite_is_skipped(layer: nn.Linear) -> None:
    taken = gradient_step(layer).take(lambda size: not_finite(layer))
    assert taken.skipped
    assert torch.equal(layer.weight, torch.ones(1, 2))


def test_many_skipped_steps_in_a_row_end_training(layer: nn.Linear) -> None:
    step = gradient_step(layer)
    for _ in range(MOST_SKIPPED - 1):
        step.take(lambda size: not_finite(layer))
    with pytest.raises(DivergedError, match="10 steps in a row"):
        step.take(lambda size: not_finite(layer))


def test_a_step_that_was_taken_ends_the_row(layer: nn.Linear) -> None:
    # ten skipped steps in all, but never more than nine in a row
    step = gradient_step(layer)
    for _ in range(3):
        for _ in range(MOST_SKIPPED - 1):
            assert step.take(lambda size: not_finite(layer)).skipped
        assert not step.take(lambda size: iter([(layer.weight.sum(), "")])).skipped


def test_out_of_memory_halves_the_micro_batch_and_begins_again(layer: nn.Linear) -> None:
    sizes: list[int] = []

    def losses(size: int) -> Parts:
        sizes.append(size)
        yield layer.weight[0, 0] * 1.0, ""
        if size > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")

    step = gradient_step(layer, micro_batch_size=4)
    with pytest.warns(UserWarning, match="of 2"), pytest.warns(UserWarning, match="of 1"):
        taken = step.take(losses)
    assert (sizes, taken.losses, step.micro_batch_size) == ([4, 2, 1], (1,), 1)
    torch.testing.assert_close(layer.weight.detach(), torch.tensor([[0.9, 1.0]]))  # failed attempts left no gradient


def test_other_errors_are_not_taken_for_a_lack_of_memory(layer: nn.Linear) -> None:
    def losses(size: int) -> Parts:
        yield layer.weight.sum(), ""
        raise RuntimeError("shapes do not fit")

    step = gradient_step(layer)
    with pytest.raises(RuntimeError, match="shapes"):
        step.take(losses)
    assert step.micro_batch_size == 4
