"""Pairs as token ids with a weight for each token, and the reasons why some pairs cannot be learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairs import Preference
from agents.codedpo.focus import Ids, Weights, difference, per_token, token_weights
from agents.policy.policy import LMPolicy


class SkipReason(StrEnum):
    """Why a pair is not learned from."""

    IDENTICAL = "identical"
    """Chosen and rejected are the same tokens."""
    DIFFERENCE_CUT = "difference_cut"
    """A part of the difference lies beyond ``max_length``: half of a difference can be the wrong half."""
    PROMPT_TOO_LONG = "prompt_too_long"
    """The prompt alone fills ``max_length``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenRow:
    """A prompt and a completion of it, as ids."""

    prompt_ids: Ids
    """int64 [P]."""
    ids: Ids
    """int64 [T], the end token included unless the length limit cut it off."""
    weights: Weights
    """float32 [T]: weight of each token's log-ratio in the preference loss."""

    def __len__(self) -> int:
        return len(self.prompt_ids) + len(self.ids)


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenPair:
    """Two completions of one prompt, cut to the length limit after their last difference."""

    chosen: TokenRow
    rejected: TokenRow
    is_cut: bool = False
    """Whether the length limit cut off a common end."""

    @property
    def length(self) -> int:
        """Number of tokens of its longer row, which it takes in a padded batch."""
        return max(len(self.chosen), len(self.rejected))


@dataclass(frozen=True, kw_only=True)
class TokenPairs:
    """The pairs that can be learned from, in order, and why the others cannot."""

    pairs: tuple[TokenPair, ...]
    skipped: Mapping[SkipReason, tuple[int, ...]]
    """Indices of the pairs that cannot be learned from, by the reason."""

    @property
    def cut(self) -> int:
        """Number of pairs that lost a common end."""
        return sum(pair.is_cut for pair in self.pairs)

    def counts(self) -> dict[str, int]:
        """Numbers of pairs that are learned from, that were cut, and that were skipped for each reason."""
        skipped = {f"skipped_{reason}": len(indices) for reason, indices in self.skipped.items()}
        return {"trained": len(self.pairs), "cut": self.cut, **skipped}


def make_token_pairs(preferences: Sequence[Preference], policy: LMPolicy, config: CodeDPOConfig) -> TokenPairs:
    """Tokenises pairs, once for a whole training.

    Args:
        preferences: The pairs as texts.
        policy: The policy, for its tokenizer and the model's context.
        config: Settings; ``max_length`` and those of the tokens' weights count here.
    """
    made = [_token_pair(preference, policy, config) for preference in preferences]
    return TokenPairs(
        pairs=tuple(pair for pair in made if isinstance(pair, TokenPair)),
        skipped={reason: tuple(i for i, pair in enumerate(made) if pair is reason) for reason in SkipReason},
    )


def _token_pair(preference: Preference, policy: LMPolicy, config: CodeDPOConfig) -> TokenPair | SkipReason:
    chosen, rejected = policy.text_ids(preference.chosen), policy.text_ids(preference.rejected)
    if np.array_equal(chosen, rejected):
        return SkipReason.IDENTICAL
    prompt_ids = policy.encode(preference.prompt)
    room = policy.room_after(prompt_ids, config.max_length or None)
    longest = max(len(chosen), len(rejected))
    # Only a common end may be cut off: without it the pair still says what makes one completion better.
    if room is not None and room < 1:
        return SkipReason.PROMPT_TOO_LONG
    if room is not None and longest - difference(chosen, rejected).suffix > room:
        return SkipReason.DIFFERENCE_CUT
    rows = []
    for ids, weights in zip(
        (chosen, rejected), token_weights(chosen, rejected, config.focus, config.emphasis), strict=True
    ):
        kept = weights[:room]
        # After the cut: tokens that are not scored must not count in the mean.
        scaled = per_token(kept) if config.length_normalized else kept
        rows.append(TokenRow(prompt_ids=prompt_ids, ids=ids[:room], weights=scaled))
    return TokenPair(chosen=rows[0], rejected=rows[1], is_cut=room is not None and longest > room)
