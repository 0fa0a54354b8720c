"""CodeDPO's losses as pure functions of tensors: two kinds of preference, and imitation.

Shapes: B completions (or pairs), T tokens (right-padded). A preference loss takes one number for each completion:
:func:`sequence_logprobs` sums the log-probabilities of its tokens, each times a weight (``agents.codedpo.focus``). The
weights alone make the token-focused and the length-normalised variants; policy and reference are summed with the same.
Every loss returns one number for each pair or completion, so that cutting a batch changes nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def sequence_logprobs(logps: Tensor, weights: Tensor) -> Tensor:
    """``sum_t w_t log p_t``: with weights 1 on a completion's tokens its log-probability.

    Args:
        logps: ``[B, T]`` log-probabilities of the tokens; anything where the weight is 0.
        weights: ``[B, T]``, 0 on padding.

    Returns:
        ``[B]``, differentiable in ``logps``.
    """
    weights = weights.to(logps.dtype)
    # Padding may hold infinities, whose product with a weight of zero would be NaN.
    return torch.where(weights != 0, weights * logps, torch.zeros_like(logps)).sum(1)


def dpo_loss(
    policy_chosen: Tensor, policy_rejected: Tensor, ref_chosen: Tensor, ref_rejected: Tensor, beta: float
) -> Tensor:
    """Direct preference optimisation (arXiv 2305.18290, equation 7).

    ``-log sigmoid(beta * [(log pi(y_w) - log pi_ref(y_w)) - (log pi(y_l) - log pi_ref(y_l))])``

    Args:
        policy_chosen: ``[B]`` log-probabilities of the chosen completions under the policy, summed over tokens.
        policy_rejected: ``[B]`` log-probabilities of the rejected completions under the policy.
        ref_chosen: ``[B]`` log-probabilities of the chosen completions under the reference.
        ref_rejected: ``[B]`` log-probabilities of the rejected completions under the reference.
        beta: Strength of the pull towards the reference, above 0.

    Returns:
        Losses ``[B]``.
    """
    margin = (policy_chosen - ref_chosen) - (policy_rejected - ref_rejected)
    return -logsigmoid(beta * margin)


def kto_loss(policy: Tensor, reference: Tensor, desirable: Tensor, kl: Tensor | float, beta: float) -> Tensor:
    """Kahneman-Tversky optimisation (arXiv 2402.01306, equation 8) with both weights 1.

    ``1 - sigmoid(beta * (r - z))`` for a desirable completion, ``1 - sigmoid(beta * (z - r))`` for another, with
    ``r = log pi(y) - log pi_ref(y)`` and the reference point ``z = max(0, KL)``, through which no gradient flows.

    Args:
        policy: ``[B]`` log-probabilities under the policy, summed over tokens.
        reference: ``[B]`` log-probabilities under the reference.
        desirable: ``[B]`` bool.
        kl: Estimate of KL(policy || reference) over the batch, a scalar.
        beta: Strength of the pull towards the reference, above 0.

    Returns:
        Losses ``[B]``.
    """
    # z says how far the policy has moved in general; a gradient through it would push all completions alike.
    point = torch.as_tensor(kl, dtype=policy.dtype, device=policy.device).detach().clamp(min=0)
    gain = policy - reference - point
    return 1 - torch.sigmoid(beta * torch.where(desirable, gain, -gain))


def kto_reference_point(policy: Tensor, reference: Tensor) -> Tensor:
    """KTO's estimate of KL(policy || reference): the mean log-ratio over completions of *other* prompts.

    ``z = max(0, 1/B * sum_i [log pi(y_j | x_i) - log pi_ref(y_j | x_i)])``, ``j != i`` (arXiv 2402.01306, section 4.1).

    Args:
        policy: ``[B]`` log-probabilities of mismatched prompts and completions under the policy.
        reference: ``[B]`` log-probabilities of the same under the reference.

    Returns:
        A scalar without gradient.
    """
    # Clamped at zero: a KL divergence is never negative, though its estimate may be.
    return (policy - reference).mean().detach().clamp(min=0)


def nll_loss(logps: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy, ``-sum_t w_t log p_t``: the second term of CodeDPO's objective, or all of SFT's.

    Args:
        logps: ``[B, T]``.
        weights: ``[B, T]``; 1 over the completion's length on its tokens gives the mean over tokens.

    Returns:
        Losses ``[B]``.
    """
    return -sequence_logprobs(logps, weights)
