"""The online buffer: a queue of experiences of bounded length."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from agents.rollout.experience import Experience


class ExperienceBuffer:
    """First in, first out: it grows until it is full, and then drops the oldest.

    Args:
        capacity: Largest number of experiences.

    Raises:
        ValueError: If the capacity is below one.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"a buffer needs a capacity of at least 1, got {capacity!r}.")
        # A bounded deque drops its oldest element by itself.
        self._queue: deque[Experience] = deque(maxlen=capacity)

    @property
    def capacity(self) -> int:
        """Largest number of experiences."""
        return self._queue.maxlen or 0

    @property
    def is_full(self) -> bool:
        """Whether another experience would push out the oldest."""
        return len(self) == self.capacity

    def __len__(self) -> int:
        return len(self._queue)

    def __iter__(self) -> Iterator[Experience]:
        """Oldest first."""
        return iter(self._queue)

    def add(self, experiences: Iterable[Experience]) -> None:
        """Appends them in order."""
        self._queue.extend(experiences)

    def drop_older_than(self, version: int) -> int:
        """Removes experiences of older versions of the policy, and returns their number."""
        kept = [experience for experience in self._queue if experience.version >= version]
        dropped = len(self._queue) - len(kept)
        self._queue = deque(kept, maxlen=self.capacity)
        return dropped

    def sample(self, size: int, rng: np.random.Generator) -> list[Experience]:
        """Draws experiences without replacement, in the order of the queue; all if there are at most ``size``."""
        if size >= len(self):
            return list(self._queue)
        # Sorted, so that the same experiences make the same batch in whatever order they were drawn.
        chosen = np.sort(rng.choice(len(self), size=size, replace=False))
        return [self._queue[index] for index in chosen.tolist()]
