"""Weights of completions against numbers worked out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from agents.training.normalization import Normalization, completion_weights


def test_weights_by_hand() -> None:
    lengths, keep = torch.tensor([4, 2, 9]), torch.tensor([True, True, False])
    torch.testing.assert_close(completion_weights(lengths, keep, "sum"), torch.tensor([1 / 2, 1 / 2, 0]))
    torch.testing.assert_close(completion_weights(lengths, keep, "token"), torch.tensor([1 / 6, 1 / 6, 0]))
    torch.testing.assert_close(completion_weights(lengths, keep, "sequence"), torch.tensor([1 / 8, 1 / 4, 0]))


@pytest.mark.parametrize("normalization", ["sum", "token", "sequence"])
def test_where_nothing_is_kept_nothing_counts(normalization: Normalization) -> None:
    assert not completion_weights(torch.tensor([3, 0]), torch.zeros(2, dtype=torch.bool), normalization).any()


@pytest.mark.parametrize("normalization", ["sum", "token", "sequence"])
def test_micro_batches_give_the_same_gradient(normalization: Normalization) -> None:
    # defect 9: the released loss is a token mean of each micro-batch, so that its cut changes the gradient
    mask = torch.tensor([[1.0, 1, 1, 1], [1, 1, 0, 0]])
    weights = completion_weights(mask.sum(1), torch.tensor([True, True]), normalization)

    def gradient(cuts: list[slice]) -> Tensor:
        logps = torch.zeros(2, 4, requires_grad=True)
        for cut in cuts:
            (weights[cut] * -(logps[cut] * mask[cut]).sum(1)).sum().backward()
        assert logps.grad is not None
        return logps.grad

    torch.testing.assert_close(gradient([slice(0, 2)]), gradient([slice(0, 1), slice(1, 2)]))
