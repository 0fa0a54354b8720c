"""Hand-worked numbers for RLTF's loss; the defects are those of the released code."""

import math
from typing import get_args

import pytest
import torch
from torch import Tensor

from agents.rltf.config import PolicyLoss
from agents.rltf.losses import (
    POLICY_LOSSES,
    clipped_loss,
    conserving_credit,
    kl_loss,
    policy_gradient_loss,
    rltf_loss,
    span_credit,
    supervised_loss,
)


def rows(*values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


LOGPS = rows([-1.0, -2.0, -3.0, -4.0], [-1.0, -1.0, 0.0, 0.0])
MASK = rows([1, 1, 1, 1], [1, 1, 0, 0])


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_the_paper_by_hand() -> None:
    # row 0: an error at token 1: coarse -0.6, adaptive -0.3, baseline 0.1, fine -0.3 on 1 of 4 tokens: alpha = 4
    #   -(-0.7 - 0.4) * (-10) = -11.0;   -4 * (-0.3) * (-2) = -2.4
    # row 1: passed: coarse 1, adaptive 1, baseline 0.1, fine 0: -(0.9 + 0.9) * (-2) = 3.6
    loss = rltf_loss(
        LOGPS,
        coarse=numbers(-0.6, 1.0),
        fine=numbers(-0.3, 0.0),
        adaptive=numbers(-0.3, 1.0),
        span_mask=rows([0, 1, 0, 0], [0, 0, 0, 0]),
        completion_mask=MASK,
        baseline=numbers(0.1, 0.1),
    )
    torch.testing.assert_close(loss, numbers(-13.4, 3.6))


def test_alpha_is_length_over_span_length() -> None:
    # defect 3: the released alpha is always 1
    zero = numbers(0.0, 0.0)
    credit = span_credit(zero, numbers(-0.3, -0.3), rows([0, 1, 1, 0], [1, 0, 0, 0]), MASK)
    torch.testing.assert_close(credit, rows([0, -0.6, -0.6, 0], [-0.6, 0, 0, 0]))


def test_global_span_weighs_every_token_once() -> None:
    # defect 4: a timeout or a recursion blames the whole program
    credit = span_credit(numbers(0.0, 0.0), numbers(-0.3, -0.3), MASK, MASK)
    torch.testing.assert_close(credit, -0.3 * MASK)


def test_an_empty_span_has_no_fine_term() -> None:
    credit = span_credit(numbers(1.0, 0.0), numbers(-0.3, -0.3), torch.zeros_like(MASK), MASK)
    torch.testing.assert_close(credit, rows([1, 1, 1, 1], [0, 0, 0, 0]))


def test_padding_never_counts() -> None:
    garbage = LOGPS.clone()
    garbage[1, 2:] = torch.tensor([float("-inf"), float("nan")])
    garbage.requires_grad_()
    span = torch.ones_like(MASK)  # also on padding
    arguments = (numbers(-0.6, -0.6), numbers(-0.3, -0.3), numbers(-0.3, -0.3), span, MASK, numbers(0.0, 0.0))
    loss = rltf_loss(garbage, *arguments)
    torch.testing.assert_close(loss, rltf_loss(LOGPS, *arguments))
    loss.sum().backward()
    assert garbage.grad is not None
    torch.testing.assert_close(garbage.grad, 1.2 * MASK)


def test_gradient_is_minus_the_credit() -> None:
    logps = LOGPS.clone().requires_grad_()
    credit = span_credit(numbers(0.5, -1.0), numbers(-0.3, 0.0), rows([0, 0, 1, 1], [0, 0, 0, 0]), MASK)
    policy_gradient_loss(logps, credit).sum().backward()
    assert logps.grad is not None
    torch.testing.assert_close(logps.grad, -credit)


def test_soft_spans_share_the_fine_reward_by_suspicion() -> None:
    # weights 1 and 0.5 on 4 tokens: alpha = 4 / 1.5
    credit = span_credit(numbers(0.0), numbers(-0.3), rows([1, 0.5, 0, 0]), rows([1, 1, 1, 1]))
    torch.testing.assert_close(credit, rows([-0.8, -0.4, 0, 0]))


def test_conserving_credit_by_hand() -> None:
    mask = torch.ones(3, 4, dtype=torch.float64)
    span = rows([0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0])
    credit = conserving_credit(numbers(-1.0, 0.6, -1.0), span, mask, emphasis=4.0)
    # blame weighs 1, 5, 1, 1 with a mean of 2; praise 1, 0, 1, 1 with a mean of 3/4; without a span all the same
    expected = rows([-0.5, -2.5, -0.5, -0.5], [0.8, 0.0, 0.8, 0.8], [-1, -1, -1, -1])
    torch.testing.assert_close(credit, expected)
    torch.testing.assert_close(credit.sum(1), numbers(-4.0, 2.4, -4.0))


def test_blame_weighs_five_times_as_much_on_the_span_by_default() -> None:
    # weights 1, 5, 1, 1 with a mean of 2: the default emphasis is 4
    credit = conserving_credit(numbers(-1.0), rows([0, 1, 0, 0]), rows([1, 1, 1, 1]))
    torch.testing.assert_close(credit, rows([-0.5, -2.5, -0.5, -0.5]))


def test_conserving_credit_is_bounded() -> None:
    mask, span = torch.ones(1, 1000, dtype=torch.float64), torch.zeros(1, 1000, dtype=torch.float64)
    span[0, 7] = 1
    assert conserving_credit(numbers(-1.0), span, mask, emphasis=4.0).min() >= -5.0


def test_conserving_credit_of_a_global_span_is_even() -> None:
    credit = conserving_credit(numbers(0.5, -0.5), MASK, MASK)
    torch.testing.assert_close(credit, rows([0.5] * 4, [-0.5, -0.5, 0, 0]))


def test_clipped_loss_by_hand() -> None:
    # ratio 2 is cut to 1.2 for praise but not for blame; ratio 0.5 is cut to 0.8 for blame but not for praise
    behaviour = rows([-1.0] * 4)
    logps = behaviour + torch.log(rows([2.0, 2.0, 0.5, 0.5]))
    logps.requires_grad_()
    loss = clipped_loss(logps, behaviour, rows([1.0, -1.0, 1.0, -1.0]), clip_range=0.2)
    torch.testing.assert_close(loss, numbers(-1.2 + 2.0 - 0.5 + 0.8))
    loss.sum().backward()
    assert logps.grad is not None
    # defect 9: outside the trust region nothing moves
    torch.testing.assert_close(logps.grad, rows([0.0, 2.0, -0.5, 0.0]))


def test_clipped_loss_on_policy_is_reinforce() -> None:
    first, second = LOGPS.clone().requires_grad_(), LOGPS.clone().requires_grad_()
    credit = span_credit(numbers(0.5, -1.0), numbers(-0.3, 0.0), rows([0, 0, 1, 1], [0, 0, 0, 0]), MASK)
    clipped_loss(first, LOGPS, credit, clip_range=0.2).sum().backward()
    policy_gradient_loss(second, credit).sum().backward()
    assert first.grad is not None
    torch.testing.assert_close(first.grad, second.grad)


def test_every_policy_loss_has_a_name_and_they_agree_on_policy() -> None:
    assert set(POLICY_LOSSES) == set(get_args(PolicyLoss))
    credit = span_credit(numbers(0.5, -1.0), numbers(-0.3, 0.0), rows([0, 0, 1, 1], [0, 0, 0, 0]), MASK)
    gradients = []
    for loss in POLICY_LOSSES.values():
        logps = LOGPS.clone().requires_grad_()
        loss(logps, LOGPS, credit, 0.2).sum().backward()
        gradients.append(logps.grad)
    assert gradients[0] is not None
    for gradient in gradients[1:]:
        torch.testing.assert_close(gradients[0], gradient)


def test_kl_by_hand() -> None:
    reference = LOGPS + math.log(2) * rows([1, 0, 0, 0], [0, 0, 0, 0])
    torch.testing.assert_close(kl_loss(LOGPS, reference, MASK), numbers(2 - math.log(2) - 1, 0.0))


def test_supervised_by_hand() -> None:
    torch.testing.assert_close(supervised_loss(LOGPS, MASK), numbers(10.0, 2.0))


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"\[B, T\]"):
        span_credit(numbers(1.0, 1.0), numbers(0.0, 0.0), MASK[:, :3], MASK)
