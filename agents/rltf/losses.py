"""RLTF's loss as pure functions of tensors: from credit of tokens to losses of completions.

Shapes: B completions, T tokens (right-padded). ``completion_mask`` [B, T] is 1 on the sampled tokens and 0 on
padding; ``span_mask`` [B, T] says how much a token belongs to the failing location: 1 or 0 for a hard span, anything
between for a soft one. Every ``*_loss`` returns one number for each completion, summed over its tokens.
``agents.training.normalization`` then weighs the completions of a batch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from agents.rltf.config import PolicyLoss


def rltf_loss(
    logps: Tensor,
    coarse: Tensor,
    fine: Tensor,
    adaptive: Tensor,
    span_mask: Tensor,
    completion_mask: Tensor,
    baseline: Tensor,
) -> Tensor:
    """The RL part of RLTF's objective (arXiv 2307.04349, equations 4 to 8): ``L_coarse + L_fine + L_adaptive``.

    ``L = - (R_coarse - b) sum_t log p_t  -  (R_adaptive - b) sum_t log p_t  -  alpha R_fine sum_{t in span} log p_t``
    with ``alpha = T / (E - S)``, the completion's length over the span's. Coarse and adaptive subtract the baseline,
    fine does not.

    Args:
        logps: float[B, T], log-probabilities of the sampled tokens.
        coarse: float[B], the reward of the verdict.
        fine: float[B], the reward of the failing span.
        adaptive: float[B], the reward of the pass rate.
        span_mask: [B, T], the failing span; a completion whose span is empty has no fine term.
        completion_mask: [B, T].
        baseline: float[B].

    Returns:
        float[B], differentiable in ``logps``.

    Raises:
        ValueError: If the shapes do not fit together.
    """
    # Both components compare with the baseline, so the paper subtracts it twice.
    advantage = (coarse - baseline) + (adaptive - baseline)
    return policy_gradient_loss(logps, span_credit(advantage, fine, span_mask, completion_mask))


def uniform_credit(advantage: Tensor, completion_mask: Tensor) -> Tensor:
    """The same credit for every token: the advantage.

    Args:
        advantage: float[B].
        completion_mask: [B, T].

    Returns:
        float[B, T], zero on padding.
    """
    return advantage[:, None] * completion_mask.to(advantage.dtype)


def span_credit(advantage: Tensor, fine: Tensor, span_mask: Tensor, completion_mask: Tensor) -> Tensor:
    """The paper's credit of tokens (equations 4 to 8): the advantage on all, and ``alpha * fine`` on the span besides.

    Args:
        advantage: float[B], what the whole completion earned above its baseline.
        fine: float[B].
        span_mask: [B, T].
        completion_mask: [B, T].

    Returns:
        float[B, T], zero on padding.

    Raises:
        ValueError: If the shapes do not fit together.
    """
    mask, span = _masks(advantage, span_mask, completion_mask)
    return advantage[:, None] * mask + fine[:, None] * _alpha(span, mask) * span


def conserving_credit(
    advantage: Tensor, span_mask: Tensor, completion_mask: Tensor, *, emphasis: float = 4.0
) -> Tensor:
    """Moves the advantage onto the failing span, or off it, and conserves its total (after EGCA, arXiv 2603.16158).

    A negative advantage weighs ``1 + emphasis`` times as much on the span, a positive one leaves the span out. The
    weights are scaled to a mean of 1, so that each row sums to ``advantage * T`` and no weight exceeds
    ``1 + emphasis``. A short span cannot dominate a batch, as it can with ``alpha``. Where no token is left to weigh,
    the advantage is spread evenly.

    Args:
        advantage: float[B].
        span_mask: [B, T].
        completion_mask: [B, T].
        emphasis: 0 is plain REINFORCE; large values are a hard mask.

    Returns:
        float[B, T], zero on padding.

    Raises:
        ValueError: If the shapes do not fit together.
    """
    mask, span = _masks(advantage, span_mask, completion_mask)
    weights = torch.where(advantage[:, None] < 0, mask + emphasis * span, mask - span)
    # Praise of a program whose span is the whole of it has no token left.
    weights = torch.where(weights.sum(1, keepdim=True) > 0, weights, mask)
    return advantage[:, None] * _alpha(weights, mask) * weights


def policy_gradient_loss(logps: Tensor, credit: Tensor) -> Tensor:
    """REINFORCE: ``- sum_t credit_t log p_t``.

    Args:
        logps: float[B, T].
        credit: float[B, T], taken as a constant; zero on padding.

    Returns:
        float[B].
    """
    return -(credit.detach() * _on(credit, logps)).sum(1)


def clipped_loss(logps: Tensor, behaviour: Tensor, credit: Tensor, clip_range: float) -> Tensor:
    """PPO's clipped surrogate (arXiv 1707.06347, equation 7): ``- sum_t min(r_t c_t, clip(r_t, 1 - e, 1 + e) c_t)``.

    ``r_t`` is the ratio of the token's probability to that at sampling.

    Args:
        logps: float[B, T].
        behaviour: float[B, T], log-probabilities of the same tokens when they were sampled.
        credit: float[B, T], zero on padding.
        clip_range: e.

    Returns:
        float[B].
    """
    # Padding is masked before exp: an infinity times a credit of zero would be NaN, in the gradient too.
    ratio = torch.exp(_on(credit, logps - behaviour))
    clipped = ratio.clamp(1 - clip_range, 1 + clip_range)
    # The minimum is pessimistic: a ratio that moved too far the wrong way still has its gradient.
    return -torch.minimum(ratio * credit.detach(), clipped * credit.detach()).sum(1)


def kl_loss(logps: Tensor, reference: Tensor, completion_mask: Tensor) -> Tensor:
    """Estimates KL(policy || reference) on the policy's samples: ``sum_t exp(d_t) - d_t - 1``, d = reference - policy.

    Args:
        logps: float[B, T].
        reference: float[B, T], the reference model's log-probabilities of the same tokens.
        completion_mask: [B, T].

    Returns:
        float[B], never negative.
    """
    # The k3 estimator (http://joschu.net/blog/kl-approx.html): unbiased like -d, but never negative.
    difference = _on(completion_mask, reference.detach() - logps)
    return ((torch.exp(difference) - difference - 1) * completion_mask.to(logps.dtype)).sum(1)


def supervised_loss(logps: Tensor, completion_mask: Tensor) -> Tensor:
    """Cross-entropy on ground-truth programs: ``- sum_t log p_t``.

    Args:
        logps: float[B, T].
        completion_mask: [B, T].

    Returns:
        float[B].
    """
    return -_on(completion_mask, logps).sum(1)


POLICY_LOSSES: dict[PolicyLoss, Callable[[Tensor, Tensor, Tensor, float], Tensor]] = {
    "clipped": clipped_loss,
    "reinforce": lambda logps, behaviour, credit, clip_range: policy_gradient_loss(logps, credit),
}
"""Each takes log-probabilities now [B, T] and at sampling [B, T], credit [B, T] and the clip range, and gives losses
[B]. A new one is a function, a literal and a row."""


def _masks(advantage: Tensor, span_mask: Tensor, completion_mask: Tensor) -> tuple[Tensor, Tensor]:
    if span_mask.shape != completion_mask.shape or advantage.shape != completion_mask.shape[:1]:
        raise ValueError(
            f"expected masks of one shape [B, T] and rewards [B], got span_mask {tuple(span_mask.shape)}, "
            f"completion_mask {tuple(completion_mask.shape)}, rewards {tuple(advantage.shape)}."
        )
    mask = completion_mask.to(advantage.dtype)
    return mask, span_mask.to(advantage.dtype) * mask


def _alpha(span: Tensor, mask: Tensor) -> Tensor:
    """T / (E - S) as [B, 1]; zero for an empty span, where there is nothing to credit."""
    size = span.sum(1, keepdim=True)
    # A soft span may sum to less than 1, which is no reason to divide by zero.
    return torch.where(size > 0, mask.sum(1, keepdim=True) / size.clamp(min=1e-6), torch.zeros_like(size))


def _on(mask: Tensor, values: Tensor) -> Tensor:
    """Zero wherever the mask is: padding may hold anything, infinities too."""
    return torch.where(mask != 0, values, torch.zeros_like(values))
