"""Which completions go through the model together: nothing is read twice, and little of what is read is padding."""

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


def merged(experiences: Sequence[Experience], weights: Tensor) -> Weighted:
    """Joins equal completions of equal credit: one of them is read, and counts as much as all of them.

    Short programs are often written more than once, and the surer the policy the more often. The gradient is the same.

    Args:
        experiences: B completions with their advantages.
        weights: float32[B], what each counts.
    """
    first: dict[tuple[object, ...], int] = {}
    kept: list[Experience] = []
    sums: list[float] = []
    for experience, weight in zip(experiences, weights.tolist(), strict=True):
        place = first.setdefault(_likeness(experience), len(kept))
        if place == len(kept):
            kept.append(experience)
            sums.append(0.0)
        sums[place] += weight
    return Weighted(kept, sums)


def micro_batches(experiences: Sequence[Experience], size: int) -> list[list[int]]:
    """Cuts them into parts of at most ``size``, in the order that has the model read the fewest positions.

    Either neighbours are of a length, which needs little padding, or of a prompt, which is then read only once.

    Args:
        experiences: B completions.
        size: Most completions in a part.

    Returns:
        Lists of places in ``experiences``, each place once.
    """
    prompts = [experience.completion.prompt_ids.tobytes() for experience in experiences]
    longest: dict[bytes, int] = {}
    for prompt, experience in zip(prompts, experiences, strict=True):
        longest[prompt] = max(longest.get(prompt, 0), experience.length)
    places = range(len(experiences))
    by_length = sorted(places, key=lambda place: experiences[place].length)
    by_prompt = sorted(places, key=lambda p: (longest[prompts[p]], prompts[p], experiences[p].length))
    cuts = [[order[start : start + size] for start in places[::size]] for order in (by_length, by_prompt)]
    return min(cuts, key=lambda parts: sum(_positions([experiences[place] for place in part]) for part in parts))


def _positions(experiences: Sequence[Experience]) -> int:
    """How many positions a model reads of them side by side, padding included."""
    prompts = {e.completion.prompt_ids.tobytes(): len(e.completion.prompt_ids) for e in experiences}
    return len(prompts) * max(prompts.values()) + len(experiences) * max(e.length for e in experiences)


def _likeness(e: Experience) -> tuple[object, ...]:
    written = e.completion
    credit = (
        e.advantage,
        tuple(sorted(e.rewards.items())),
        e.span.tobytes(),
        e.unreached.tobytes(),
        e.is_success,
        e.kind,
    )
    return (e.version, written.prompt_ids.tobytes(), written.token_ids.tobytes(), written.finished, *credit)
