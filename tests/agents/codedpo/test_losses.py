from __future__ import annotations

import math

import numpy as np
import torch

from agents.codedpo.focus import Focus, token_weights
from agents.codedpo.losses import dpo_loss, kto_loss, kto_reference_point, nll_loss, sequence_logprobs


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


def test_a_sequence_is_the_weighted_sum_of_its_tokens() -> None:
    logps = torch.tensor([[-1.0, -2.0, -4.0], [-1.0, -float("inf"), float("nan")]], dtype=torch.float64)
    weights = torch.tensor([[1.0, 2.0, 0.5], [3.0, 0.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(sequence_logprobs(logps, weights), torch.tensor([-7.0, -3.0], dtype=torch.float64))


def test_padding_has_no_gradient() -> None:
    logps = torch.tensor([[-1.0, -2.0]], dtype=torch.float64, requires_grad=True)
    sequence_logprobs(logps, torch.tensor([[2.0, 0.0]])).sum().backward()
    assert logps.grad is not None
    assert logps.grad.tolist() == [[2.0, 0.0]]


def test_focused_dpo_by_hand() -> None:
    """Prefix p, chosen m s, rejected m' s': the prefix cancels, the middle counts double, s' is left out."""
    policy = {"p": -1.0, "m": -2.0, "s": -0.5, "m'": -3.0, "s'": -9.0}
    reference = {"p": -1.5, "m": -2.5, "s": -0.4, "m'": -2.0, "s'": -1.0}
    weights = token_weights(np.array([1, 2, 3]), np.array([1, 4, 3]), Focus.FOCUSED, emphasis=2.0)
    sides = [
        sequence_logprobs(column(*(model[name] for name in names))[None], torch.from_numpy(side)[None])
        for model in (policy, reference)
        for names, side in zip((("p", "m", "s"), ("p", "m'", "s'")), weights, strict=True)
    ]
    margin = 2 * (0.5) + (-0.1) - 2 * (-1.0)
    torch.testing.assert_close(dpo_loss(*sides, beta=0.1), column(math.log(1 + math.exp(-0.1 * margin))))


def test_kto_reference_point_is_the_mean_log_ratio_of_other_prompts() -> None:
    torch.testing.assert_close(kto_reference_point(column(-1, -4), column(-3, -5)), column(1.5)[0].detach())
    assert kto_reference_point(column(-3, -5), column(-1, -4)) == 0
    assert not kto_reference_point(column(-1), column(-3)).requires_grad


def test_nll_is_the_mean_over_tokens_with_weights_of_one_over_the_length() -> None:
    logps = column(-1, -2, -6)[None]
    torch.testing.assert_close(nll_loss(logps, torch.full((1, 3), 1 / 3, dtype=torch.float64)), column(3))
