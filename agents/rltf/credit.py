"""From what the environment paid to what each token gets: rewards -> advantages -> credit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from agents.rltf.advantages import ADVANTAGES, Returns, best_rewards
from agents.rltf.config import RLTFConfig
from agents.rltf.fine_credit import CREDIT_RULES
from agents.rollout.experience import Experience
from codegym.feedback.kind import Kind, Scope
from codegym.rewards import FINE_PENALTY


@dataclass(frozen=True)
class Judged:
    """A collection with its advantages, and the best return of every task, turn by turn, after it."""

    experiences: list[Experience]
    best: dict[str, float]


def with_advantages(collected: Sequence[Experience], config: RLTFConfig, best: Mapping[str, float]) -> Judged:
    """Sets the advantage and the failing span of every completion of a collection, and leaves greedy ones out.

    The advantage compares the sequence-level reward (of this turn and of those that followed) with what
    ``config.advantage`` says. Where the machine failed, at this turn or a later one, it is 0, and nothing is compared
    with such a completion.

    Args:
        collected: The experiences of one collection.
        config: Which rewards teach, what they are compared with, and where failures are blamed.
        best: The best return of every task, turn by turn, before this collection.
    """
    located = [with_span(experience, config) for experience in collected]
    names = [_task_and_turn(experience) for experience in located]
    returns = Returns(
        values=np.array([sequence_reward(experience, config) for experience in located], dtype=np.float64),
        groups=[experience.group for experience in located],
        turns=[experience.turn for experience in located],
        is_greedy=[experience.is_greedy for experience in located],
        best=np.array([best.get(name, 0.0) for name in names], dtype=np.float64),
    )
    # Not known becomes no advantage: such a completion pushes nothing.
    advantages = np.nan_to_num(ADVANTAGES[config.advantage](returns))
    judged = [replace(e, advantage=float(a)) for e, a in zip(located, advantages, strict=True) if not e.is_greedy]
    return Judged(judged, best_rewards(best, names, returns.values))


def sequence_reward(experience: Experience, config: RLTFConfig) -> float:
    """What the completion as a whole earned: all components but fine and those switched off; NaN if not known."""
    if not experience.is_known:
        return float("nan")
    # Only the paper's components can be switched off; those of a user's own reward always count.
    off = {"coarse", "fine", "adaptive"} - set(config.feedback)
    return experience.future + sum(reward for name, reward in experience.rewards.items() if name not in off)


def fine_reward(experience: Experience, config: RLTFConfig) -> float:
    """The reward of the failing span; a truncated completion always gets the penalty."""
    if not CREDIT_RULES[config.fine_credit].pays_fine_reward or "fine" not in experience.rewards:
        return 0.0
    return FINE_PENALTY if is_truncated(experience) else float(experience.rewards["fine"])


def is_truncated(experience: Experience) -> bool:
    """Whether the length limit ended a program that was not complete. One that passes every test was complete."""
    return not (experience.completion.finished or experience.is_success or experience.infra_error)


def with_span(experience: Experience, config: RLTFConfig) -> Experience:
    """Sets the failing span; all of a truncated completion is to blame, whatever error came of the truncation."""
    if is_truncated(experience):
        # What a parser says of the last line is no mistake of that line: the paper counts truncation as U_global.
        experience = replace(experience, kind=Kind.TRUNCATED, scope=Scope.GLOBAL)
    return replace(experience, span=CREDIT_RULES[config.fine_credit].span(experience))


def teaches(experience: Experience, config: RLTFConfig) -> bool:
    """Whether a completion enters the loss at all."""
    return experience.is_known and not (config.loss.mask_truncated and is_truncated(experience))


def has_no_credit(experience: Experience, config: RLTFConfig) -> bool:
    """Whether none of a completion's tokens gets any gradient, from its credit or from another term of the loss."""
    # The fine reward has no baseline: it blames a span also where the advantage is zero.
    blames_span = fine_reward(experience, config) != 0 and bool(experience.span.any())
    return experience.advantage == 0 and not blames_span and config.loss.kl_coefficient == 0


def token_credit(experiences: Sequence[Experience], completion_mask: Tensor, config: RLTFConfig) -> Tensor:
    """The credit of every token.

    Args:
        experiences: B completions with their advantages and spans.
        completion_mask: [B, T].
        config: How failures are blamed.

    Returns:
        float32[B, T], zero on padding.
    """
    device = completion_mask.device
    span = torch.zeros(completion_mask.shape, device=device)
    for row, experience in enumerate(experiences):
        span[row, : experience.length] = torch.from_numpy(experience.span).to(device)
    advantage = torch.tensor([experience.advantage for experience in experiences], device=device)
    fine = torch.tensor([fine_reward(experience, config) for experience in experiences], device=device)
    return CREDIT_RULES[config.fine_credit].credit(advantage, fine, span, completion_mask)


def _task_and_turn(experience: Experience) -> str:
    """What the history of best returns is kept by: at a later turn there are fewer turns to come."""
    return f"{experience.task_id} turn {experience.turn}" if experience.turn else experience.task_id
