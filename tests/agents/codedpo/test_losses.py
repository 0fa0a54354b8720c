from __future__ import annotations

import math

import torch

from agents.codedpo.losses import dpo_loss, kto_loss


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_dpo_by_hand() -> None:
    # Margins: (-1 - -2) - (-5 - -3) = 3, and (-4 - -4) - (-4 - -4) = 0.
    losses = dpo_loss(column(-1, -4), column(-5, -4), column(-2, -4), column(-3, -4), beta=0.1)
    torch.testing.assert_close(losses, column(math.log(1 + math.exp(-0.3)), math.log(2)))


def test_dpo_gradient_pushes_apart_by_beta_times_the_doubt() -> None:
    chosen, rejected = column(-1), column(-5)
    dpo_loss(chosen, rejected, column(-2), column(-3), beta=0.1).sum().backward()
    doubt = 1 / (1 + math.exp(0.3))
    torch.testing.assert_close(chosen.grad, torch.tensor([-0.1 * doubt], dtype=torch.float64))
    torch.testing.assert_close(rejected.grad, torch.tensor([0.1 * doubt], dtype=torch.float64))


def test_dpo_is_stable_at_extreme_margins() -> None:
    losses = dpo_loss(column(-1e4, 0), column(0, -1e4), column(0, 0), column(0, 0), beta=1.0)
    torch.testing.assert_close(losses, column(1e4, 0))


def test_kto_by_hand() -> None:
    # r = 2 and -1; z = 0.5: gains 1.5 (desirable) and -(-1.5) = 1.5 (undesirable).
    losses = kto_loss(column(-1, -4), column(-3, -3), torch.tensor([True, False]), torch.tensor(0.5), beta=0.2)
    expected = 1 - 1 / (1 + math.exp(-0.3))
    torch.testing.assert_close(losses, column(expected, expected))


def test_kto_reference_point_is_never_negative_and_carries_no_gradient() -> None:
    desirable = torch.tensor([True])
    negative = kto_loss(column(-1), column(-2), desirable, -3.0, beta=0.2)
    torch.testing.assert_close(negative, kto_loss(column(-1), column(-2), desirable, 0.0, beta=0.2))
    kl = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    kto_loss(column(-1), column(-2), desirable, kl, beta=0.2).sum().backward()
    assert kl.grad is None
