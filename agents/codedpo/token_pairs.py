"""Pairs as a model is trained on them: token ids, what each token counts, and which pairs cannot teach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.focus import Ids, Weights, difference, per_token, token_weights
from agents.codedpo.pairs import Preference
from agents.policy import LMPolicy


class Skip(StrEnum):
    """Why a pair is not learned from."""

    IDENTICAL = "identical"
    """Chosen and rejected are the same tokens."""
    DIFFERENCE_CUT = "difference_cut"
    """The places where they differ do not all lie within ``max_length``: it would learn from half of a reason."""
    PROMPT_TOO_LONG = "prompt_too_long"
    """The prompt alone fills ``max_length``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenPair:
    """Two completions of one prompt, cut to the length limit behind all that tells them apart."""

    prompt_ids: Ids
    """int64 [P], as the model reads them."""
    chosen_ids: Ids
    """int64 [C], the end token included."""
    rejected_ids: Ids
    """int64 [R]."""
    chosen_weights: Weights
    """What each token's log-ratio counts in the preference loss, float32 [C]."""
    rejected_weights: Weights
    """Likewise, float32 [R]."""
    is_cut: bool = False
    """A common end was lost to the length limit."""

    @property
    def length(self) -> int:
        """Tokens of the prompt and the longer completion: what it takes in a padded batch."""
        return len(self.prompt_ids) + max(len(self.chosen_ids), len(self.rejected_ids))


@dataclass(frozen=True, kw_only=True)
class TokenPairs:
    """The pairs that can teach, in order, and what became of the others."""

    pairs: tuple[TokenPair, ...]
    skipped: Counter[Skip]
    cut: int
    """Pairs among ``pairs`` that lost a common end to the length limit."""


def make_token_pairs(preferences: Sequence[Preference], policy: LMPolicy, config: CodeDPOConfig) -> TokenPairs:
    """Tokenises pairs once; from here on the ids are what is trained.

    Args:
        preferences: The pairs.
        policy: With the tokenizer, and the model's context.
        config: ``max_length`` and the tokens to look at.
    """
    made = [_token_pair(preference, policy, config) for preference in preferences]
    good = tuple(pair for pair in made if isinstance(pair, TokenPair))
    return TokenPairs(
        pairs=good,
        skipped=Counter(pair for pair in made if isinstance(pair, Skip)),
        cut=sum(pair.is_cut for pair in good),
    )


def _token_pair(preference: Preference, policy: LMPolicy, config: CodeDPOConfig) -> TokenPair | Skip:
    ours, theirs = policy.text_ids(preference.chosen), policy.text_ids(preference.rejected)
    if np.array_equal(ours, theirs):
        return Skip.IDENTICAL
    prompt_ids = policy.encode(preference.prompt)
    room = policy.room_after(prompt_ids, config.max_length or None)
    if room is not None and room < 1:
        return Skip.PROMPT_TOO_LONG
    suffix = difference(ours, theirs).suffix
    if room is not None and max(len(ours), len(theirs)) - suffix > room:
        return Skip.DIFFERENCE_CUT
    weights = token_weights(ours, theirs, config.focus, config.emphasis)
    chosen_weights, rejected_weights = (side[:room] for side in weights)
    if config.length_normalized:
        chosen_weights, rejected_weights = per_token(chosen_weights), per_token(rejected_weights)
    return TokenPair(
        prompt_ids=prompt_ids,
        chosen_ids=ours[:room],
        rejected_ids=theirs[:room],
        chosen_weights=chosen_weights,
        rejected_weights=rejected_weights,
        is_cut=room is not None and max(len(ours), len(theirs)) > room,
    )
