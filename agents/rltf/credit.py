"""From what the environment paid to what each token gets: rewards -> advantages -> credit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.rltf.advantages import (
    Floats,
    best_rewards,
    difficulty_weighted_pass_rates,
    group_deviation,
    group_mean_baseline,
    leave_one_out_baseline,
)
from agents.rltf.config import RLTFConfig
from agents.rltf.losses import conserving_credit, span_credit
from agents.rollout.experience import Experience
from codegym.feedback.kind import Kind, Scope
from codegym.rewards import ADAPTIVE_FLOOR, ADAPTIVE_RANGE, FINE_PENALTY

_EPSILON = 1e-4  # of a group's deviation: a group that agrees has advantages of zero, not of infinity


@dataclass(frozen=True)
class Judged:
    """A collection with its advantages, and the best reward of every task, turn by turn, after it."""

    experiences: list[Experience]
    best: dict[str, float]


def with_advantages(collected: Sequence[Experience], config: RLTFConfig, best: Mapping[str, float]) -> Judged:
    """Sets the advantage of every completion of a collection, and leaves greedy ones (baselines of others) out.

    The advantage is the sequence-level reward (coarse and adaptive, of this turn and of those that followed) minus
    its baseline. Where the machine failed, at this turn or a later one, it is 0, and such a completion is part of
    nobody's baseline.

    Args:
        collected: One collection.
        config: Which components teach, and the baseline.
        best: The best reward of every task, turn by turn, before this collection.
    """
    experiences = [blame_truncation(experience) for experience in collected]
    if "weighted_adaptive" in config.feedback:
        experiences = _weighted_by_difficulty(experiences)
    rewards = np.array([sequence_reward(experience, config) for experience in experiences])
    advantages = np.nan_to_num(_advantages(experiences, rewards, config, best))
    judged = [replace(e, advantage=float(a)) for e, a in zip(experiences, advantages, strict=True) if not e.is_greedy]
    return Judged(judged, best_rewards(best, [_task_and_turn(e) for e in experiences], rewards))


def sequence_reward(experience: Experience, config: RLTFConfig) -> float:
    """What the completion as a whole earned: all components but fine and those switched off; NaN if not known."""
    if not experience.is_known:
        return float("nan")
    on = {"adaptive" if term == "weighted_adaptive" else term for term in config.feedback} - {"fine"}
    off = {"coarse", "fine", "adaptive"} - on
    return experience.future + sum(reward for name, reward in experience.rewards.items() if name not in off)


def fine_reward(experience: Experience, config: RLTFConfig) -> float:
    """What its failing place earned; a completion that was cut off, whatever error came of it, earned the penalty."""
    if "fine" not in config.feedback or "fine" not in experience.rewards:
        return 0.0
    return FINE_PENALTY if is_cut(experience) else float(experience.rewards["fine"])


def is_cut(experience: Experience) -> bool:
    """Whether the length limit cut it off before it was done (one that passes every test was done)."""
    return not (experience.completion.finished or experience.is_success or experience.infra_error)


def blame_truncation(experience: Experience) -> Experience:
    """Blames all of a completion that was cut off, by its end-of-sequence flag and not by the error that came of it."""
    if not is_cut(experience):
        return experience
    return replace(experience, span=np.ones(experience.length, np.float32), kind=Kind.TRUNCATED, scope=Scope.GLOBAL)


def teaches(experience: Experience, config: RLTFConfig) -> bool:
    """Whether it enters the loss at all."""
    return experience.is_known and not (is_cut(experience) and "truncated" in config.masked)


def has_no_credit(experience: Experience, config: RLTFConfig) -> bool:
    """Whether it has no credit at all to give to its tokens, and no other term of the loss looks at it."""
    fine = 0.0 if config.fine_credit == "conserving" else fine_reward(experience, config)
    return experience.advantage == 0 and (fine == 0 or not experience.span.any()) and config.kl_coefficient == 0


def token_credit(experiences: Sequence[Experience], completion_mask: Tensor, config: RLTFConfig) -> Tensor:
    """The credit of every token.

    Args:
        experiences: B completions with their advantages.
        completion_mask: [B, T].
        config: Where blame goes.

    Returns:
        float32[B, T], zero on padding and on what no test ran.
    """
    device = completion_mask.device
    span = torch.zeros(completion_mask.shape, device=device)
    heard = completion_mask.clone()
    for row, experience in enumerate(experiences):
        span[row, : experience.length] = torch.from_numpy(experience.span).to(device)
        if len(experience.unreached):
            heard[row, : experience.length] &= torch.from_numpy(~experience.unreached).to(device)
    if config.fine_credit in ("line", "span"):
        span = (span > 0).float()
    advantage = torch.tensor([experience.advantage for experience in experiences], device=device)
    if config.fine_credit == "conserving":
        return conserving_credit(advantage, span, heard)
    fine = torch.tensor([fine_reward(experience, config) for experience in experiences], device=device)
    return span_credit(advantage, fine, span, heard)


def _advantages(
    experiences: Sequence[Experience], rewards: Floats, config: RLTFConfig, best: Mapping[str, float]
) -> NDArray[np.float64]:
    groups = [experience.group for experience in experiences]
    if config.baseline == "none":
        return np.asarray(rewards)
    if config.baseline == "historical_best":
        return rewards - np.array([best.get(_task_and_turn(e), 0.0) for e in experiences], np.float64)
    if config.baseline == "greedy":
        return rewards - _greedy_baseline(experiences, rewards)
    if config.baseline == "leave_one_out":
        return rewards - _leave_one_out_by_turn(experiences, rewards)
    centred = rewards - group_mean_baseline(rewards, groups)
    if config.baseline == "group_normalized":
        return np.asarray(centred / (group_deviation(rewards, groups) + _EPSILON))
    return centred


def _task_and_turn(experience: Experience) -> str:
    """What a return compares with: one of a later turn has fewer turns to come."""
    return f"{experience.task_id} turn {experience.turn}" if experience.turn else experience.task_id


def _leave_one_out_by_turn(experiences: Sequence[Experience], rewards: Floats) -> Floats:
    """Leave-one-out within each turn: who is alone in a group is held against others of the same turn."""
    turns = np.array([experience.turn for experience in experiences])
    groups = np.array([experience.group for experience in experiences], dtype=object)
    baseline = np.zeros(len(experiences))
    for turn in np.unique(turns):
        chosen = turns == turn
        baseline[chosen] = leave_one_out_baseline(rewards[chosen], groups[chosen].tolist())
    return baseline


def _greedy_baseline(experiences: Sequence[Experience], rewards: Floats) -> Floats:
    """The reward of the group's greedy completion, so of the same policy; the group's mean where it has none."""
    pairs = zip(experiences, rewards, strict=True)
    greedy = {e.group: reward for e, reward in pairs if e.is_greedy and not np.isnan(reward)}
    means = group_mean_baseline(rewards, [experience.group for experience in experiences])
    return np.array([greedy.get(e.group, mean) for e, mean in zip(experiences, means, strict=True)])


def _weighted_by_difficulty(experiences: Sequence[Experience]) -> list[Experience]:
    judged = [not e.infra_error and "adaptive" in e.rewards for e in experiences]
    chosen = [e for e, is_judged in zip(experiences, judged, strict=True) if is_judged]
    rates = iter(difficulty_weighted_pass_rates([e.passed for e in chosen], [e.group for e in chosen]))
    return [
        replace(e, rewards={**e.rewards, "adaptive": ADAPTIVE_FLOOR + ADAPTIVE_RANGE * float(next(rates))})
        if is_judged
        else e
        for e, is_judged in zip(experiences, judged, strict=True)
    ]
