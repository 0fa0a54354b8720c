"""What a policy wrote: the text, the sampled tokens, and the span of characters of each token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegym.feedback.token_spans import span_mask


@dataclass(frozen=True, kw_only=True, eq=False)
class Completion:
    """One completion of a prompt. Training uses these ids and offsets: nothing is tokenized a second time.

    Attributes:
        prompt: The text that was continued.
        text: The decoded completion, without special tokens.
        prompt_ids: The prompt's token ids as they went into the model, int64 [P].
        token_ids: The sampled ids, int64 [T]; the last one is the end-of-sequence token if ``finished``.
        offsets: Span of characters in ``text`` that each token touches, half-open, int64 [T, 2]. Tokens that share a
            character (the bytes of an ``é``) both touch it; special tokens touch nothing.
        logprobs: Log-probability of each sampled id under the distribution that it was drawn from, float32 [T]; zero
            where nothing was drawn (a reference solution), the model's own where the choice was greedy.
        finished: Whether the model ended the completion itself; otherwise the length limit cut it off.
    """

    prompt: str
    text: str
    prompt_ids: NDArray[np.int64]
    token_ids: NDArray[np.int64]
    offsets: NDArray[np.int64]
    logprobs: NDArray[np.float32]
    finished: bool

    def __len__(self) -> int:
        return len(self.token_ids)

    def tokens_between(self, start: int, end: int) -> NDArray[np.bool_]:
        """Returns which tokens touch the characters ``[start, end)`` of the text, as a mask [T].

        Args:
            start: First character; negative for a span that is not in the completion, which no token touches.
            end: One past the last character. An empty range stands for the character at ``start``, at the end of the
                text for the last one there is.
        """
        return span_mask(self.offsets, start, end)
