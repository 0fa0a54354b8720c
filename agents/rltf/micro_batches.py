"""Which completions go through the model together: none twice, and with little padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from agents.rollout.experience import Experience


@dataclass(frozen=True)
class Weighted:
    """Completions with what each counts in the batch's loss."""

    experiences: list[Experience]
    weights: list[float]


def deduplicated(experiences: Sequence[Experience], weights: Tensor) -> Weighted:
    """Joins equal completions of equal credit: one of them gets a forward pass, with the weights of all.

    The gradient is the same. Groups of short programs hold many duplicates, and more of them as the policy learns.

    Args:
        experiences: B completions with their advantages.
        weights: float32[B], what each counts.
    """
    first: dict[tuple[object, ...], int] = {}
    kept: list[Experience] = []
    sums: list[float] = []
    for experience, weight in zip(experiences, weights.tolist(), strict=True):
        index = first.setdefault(_identity(experience), len(kept))
        if index == len(kept):
            kept.append(experience)
            sums.append(0.0)
        sums[index] += weight
    return Weighted(kept, sums)


def micro_batches(experiences: Sequence[Experience], size: int) -> list[list[int]]:
    """Cuts completions into parts of at most ``size``, in the order that needs the fewest positions of the model.

    Neighbours have either about the same length, which needs little padding, or the same prompt, which a part holds
    only once.

    Args:
        experiences: The B completions to cut.
        size: Largest number of completions in a part.

    Returns:
        Lists of indices into ``experiences``, each index once.
    """
    prompts = [experience.completion.prompt_ids.tobytes() for experience in experiences]
    longest: dict[bytes, int] = {}
    for prompt, experience in zip(prompts, experiences, strict=True):
        longest[prompt] = max(longest.get(prompt, 0), experience.length)
    # Which order is better depends on how long prompts are beside completions: count both, and take the shorter.
    indices = range(len(experiences))
    by_length = sorted(indices, key=lambda index: experiences[index].length)
    by_prompt = sorted(indices, key=lambda i: (longest[prompts[i]], prompts[i], experiences[i].length))
    cuts = [[order[start : start + size] for start in indices[::size]] for order in (by_length, by_prompt)]
    return min(cuts, key=lambda parts: sum(_positions([experiences[index] for index in part]) for part in parts))


def _positions(experiences: Sequence[Experience]) -> int:
    """Positions of the model that a part takes, padding included."""
    prompts = {e.completion.prompt_ids.tobytes(): len(e.completion.prompt_ids) for e in experiences}
    # Padded to the longest: the model computes padding like everything else.
    return len(prompts) * max(prompts.values()) + len(experiences) * max(e.length for e in experiences)


def _identity(e: Experience) -> tuple[object, ...]:
    written = e.completion
    # All that the loss reads: completions may only be joined if their gradients are equal.
    credit = (
        e.advantage,
        tuple(sorted(e.rewards.items())),
        e.span.tobytes(),
        e.is_success,
        e.kind,
    )
    return (e.version, written.prompt_ids.tobytes(), written.token_ids.tobytes(), written.finished, *credit)
