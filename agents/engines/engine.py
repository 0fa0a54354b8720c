"""The protocol of engines: token ids of prompts in, sampled token ids with their log-probabilities out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from agents.engines.sampling import Sampling


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """What an engine sampled for one prompt.

    Attributes:
        token_ids: The sampled ids, int64 [T], after the prefix if there was one.
        logprobs: Log-probability of each id under the distribution that it was drawn from, float32 [T].
        finished: Whether the last id is an end token; otherwise the length limit ended the sample.
    """

    token_ids: NDArray[np.int64]
    logprobs: NDArray[np.float32]
    finished: bool


class Engine(Protocol):
    """Anything that continues prompts. The policy tokenizes before it and decodes after it."""

    def stream(
        self,
        prompts: Sequence[NDArray[np.int64]],
        sampling: Sampling,
        generator: torch.Generator,
        prefixes: Sequence[NDArray[np.int64]] = (),
    ) -> Iterator[tuple[int, Sample]]:
        """Continues every prompt and yields ``(index of the prompt, sample)`` as soon as a sample has ended.

        Args:
            prompts: Token ids, int64 [P] each.
            sampling: How tokens are drawn.
            generator: The only source of randomness.
            prefixes: The ids that each sample begins with, int64 [F] each, with log-probability 0 because they were not
                drawn. The policy leaves the argument out where no sample has a prefix, so an engine without prefixes
                serves everything else.
        """
