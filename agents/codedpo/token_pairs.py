"""Pairs as a model is trained on them: token ids, what each token counts, and which pairs cannot teach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairs import Preference
from agents.codedpo.focus import Ids, Weights, difference, per_token, token_weights
from agents.policy.policy import LMPolicy


class Skip(StrEnum):
    """Why a pair is not learned from."""

    IDENTICAL = "identical"
    """Chosen and rejected are the same tokens."""
    DIFFERENCE_CUT = "difference_cut"
    """Some of what tells them apart lies beyond ``max_length``: it would be learned from half of a reason."""
    PROMPT_TOO_LONG = "prompt_too_long"
    """The prompt alone fills ``max_length``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenRow:
    """A prompt and a completion of it, as ids."""

    prompt_ids: Ids
    """int64 [P], as the model reads them."""
    ids: Ids
    """int64 [T], the end token included unless the length limit cut it off."""
    weights: Weights
    """float32 [T]: what each token's log-ratio counts in the preference loss."""

    def __len__(self) -> int:
        return len(self.prompt_ids) + len(self.ids)


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenPair:
    """Two completions of one prompt, cut to the length limit behind all that tells them apart."""

    chosen: TokenRow
    rejected: TokenRow
    is_cut: bool = False
    """A common end was lost to the length limit."""

    @property
    def length(self) -> int:
        """Tokens of its longer row: what it needs in a padded batch."""
        return max(len(self.chosen), len(self.rejected))


@dataclass(frozen=True, kw_only=True)
class TokenPairs:
    """The pairs that can teach, in order, and what became of the others."""

    pairs: tuple[TokenPair, ...]
    skipped: Mapping[Skip, tuple[int, ...]]
    """The places of the pairs that cannot teach, by the reason."""

    @property
    def cut(self) -> int:
        """How many of the pairs lost a common end."""
        return sum(pair.is_cut for pair in self.pairs)

    def counts(self) -> dict[str, int]:
        """How many pairs teach, how many of these were cut, and how many were skipped for each reason."""
        skipped = {f"skipped_{reason}": len(places) for reason, places in self.skipped.items()}
        return {"trained": len(self.pairs), "cut": self.cut, **skipped}


def make_token_pairs(preferences: Sequence[Preference], policy: LMPolicy, config: CodeDPOConfig) -> TokenPairs:
    """Tokenises pairs once; from here on the ids are what is trained.

    Args:
        preferences: The pairs.
        policy: With the tokenizer, and the model's context.
        config: ``max_length`` and the tokens to look at.
    """
    made = [_token_pair(preference, policy, config) for preference in preferences]
    return TokenPairs(
        pairs=tuple(pair for pair in made if isinstance(pair, TokenPair)),
        skipped={reason: tuple(i for i, pair in enumerate(made) if pair is reason) for reason in Skip},
    )


def _token_pair(preference: Preference, policy: LMPolicy, config: CodeDPOConfig) -> TokenPair | Skip:
    chosen, rejected = policy.text_ids(preference.chosen), policy.text_ids(preference.rejected)
    if np.array_equal(chosen, rejected):
        return Skip.IDENTICAL
    prompt_ids = policy.encode(preference.prompt)
    room = policy.room_after(prompt_ids, config.max_length or None)
    longest = max(len(chosen), len(rejected))
    if room is not None and room < 1:
        return Skip.PROMPT_TOO_LONG
    if room is not None and longest - difference(chosen, rejected).suffix > room:
        return Skip.DIFFERENCE_CUT
    rows = []
    for ids, weights in zip(
        (chosen, rejected), token_weights(chosen, rejected, config.focus, config.emphasis), strict=True
    ):
        kept = weights[:room]
        scaled = per_token(kept) if config.length_normalized else kept
        rows.append(TokenRow(prompt_ids=prompt_ids, ids=ids[:room], weights=scaled))
    return TokenPair(chosen=rows[0], rejected=rows[1], is_cut=room is not None and longest > room)
