"""What a policy writes for prompts, kept by content: the same policy with the same settings is never asked twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np
import torch

from agents.engines.sampling import Sampling
from agents.policy.policy import LMPolicy
from codegym.store import Store, content_key

T = TypeVar("T")

MOST_AT_ONCE = 256
"""Completions that are written together: the most that a kill can take away."""


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """Lets a policy write, and keeps what it wrote.

    Entries are keyed by the policy's fingerprint (its weights, tokenizer and template), the sampling settings, the seed
    and the prompts. A policy that has learned meanwhile is asked anew, whatever it is called.
    """

    policy: LMPolicy
    sampling: Sampling
    seed: int = 0
    store: Store | None = None
    """Where the texts are kept; None keeps nothing."""

    def write(self, *requests: tuple[Sequence[str], int], draw: Sequence[int]) -> list[list[tuple[str, ...]]]:
        """Returns what the policy writes for one portion of the work.

        Args:
            requests: Prompts, each list with the number of texts to write for each of its prompts. The lists are
                written one after another with one generator.
            draw: Numbers that tell this portion's generator from that of others: what is written for it depends on
                them, the seed, and the requests alone. A run that was killed goes on with what it would have written.

        Returns:
            For each request, for each of its prompts, the texts.
        """
        plain = [(list(prompts), n) for prompts, n in requests]
        rows = self.kept(lambda: self._written(plain, draw), "texts", list(draw), plain)
        return [[tuple(texts) for texts in of_request] for of_request in rows]

    def kept(self, make: Callable[[], T], *parts: object) -> T:
        """Returns the entry of this policy, these settings and these parts; what is not there is made, and kept.

        Args:
            make: Writes it; plain data.
            parts: What it depends on, beside the policy, the sampling settings and the seed.
        """
        if self.store is None:
            return make()
        own = (self.policy.fingerprint(), sorted(asdict(self.sampling).items()), self.seed)
        return self.store.get_or_make(content_key("sampler", *own, *parts), make)

    def generator(self, draw: Sequence[int]) -> torch.Generator:
        """Returns a portion's own generator."""
        state = np.random.SeedSequence([self.seed, *draw]).generate_state(1)[0]
        return torch.Generator().manual_seed(int(state))

    def _written(self, requests: Sequence[tuple[Sequence[str], int]], draw: Sequence[int]) -> list[list[list[str]]]:
        # One generator for all of them: what the second request gets depends on how much the first one drew.
        generator = self.generator(draw)
        return [list(self._texts(prompts, n, generator)) for prompts, n in requests]

    def _texts(self, prompts: Sequence[str], n: int, generator: torch.Generator) -> Iterator[list[str]]:
        repeated = [prompt for prompt in prompts for _ in range(n)]
        written = dict(self.policy.stream(repeated, self.sampling, generator))
        for start in range(0, len(repeated), n):
            yield [written[index].text for index in range(start, start + n)]
