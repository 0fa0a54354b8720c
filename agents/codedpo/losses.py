"""The preference losses, as pure functions of summed log-probabilities; ``B`` is the size of the batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def dpo_loss(
    policy_chosen: Tensor, policy_rejected: Tensor, ref_chosen: Tensor, ref_rejected: Tensor, beta: float
) -> Tensor:
    """Direct preference optimisation (arXiv 2305.18290, equation 7).

    ``-log sigmoid(beta * [(log pi(y_w) - log pi_ref(y_w)) - (log pi(y_l) - log pi_ref(y_l))])``

    Args:
        policy_chosen: ``[B]`` log-probabilities of the chosen completions under the policy, summed over tokens.
        policy_rejected: ``[B]`` likewise, rejected completions.
        ref_chosen: ``[B]`` chosen completions under the reference.
        ref_rejected: ``[B]`` rejected completions under the reference.
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
        reference: ``[B]`` likewise under the reference.
        desirable: ``[B]`` bool.
        kl: Estimate of KL(policy || reference) over the batch, a scalar.
        beta: Strength of the pull towards the reference, above 0.

    Returns:
        Losses ``[B]``.
    """
    point = torch.as_tensor(kl, dtype=policy.dtype, device=policy.device).detach().clamp(min=0)
    gain = policy - reference - point
    return 1 - torch.sigmoid(beta * torch.where(desirable, gain, -gain))
