"""Weights of the tokens of a pair: all alike, or more where chosen and rejected differ."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Weights = NDArray[np.float32]


class Focus(StrEnum):
    """Which tokens the preference loss compares."""

    WHOLE = "whole"
    """Every token counts 1: plain DPO."""
    FOCUSED = "focused"
    """The differing middle counts more, the rejected suffix nothing (Focused-DPO, arXiv 2502.11475)."""
    TARGET = "target"
    """The chosen side whole, of the rejected side only what an edit would remove (Target-DPO, arXiv 2503.02783)."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where two sequences differ: between a common prefix and a common suffix, which do not overlap."""

    prefix: int
    """Tokens that both begin with."""
    suffix: int
    """Tokens that both end with, after the prefix."""


def difference(chosen: Ids, rejected: Ids) -> Difference:
    """Matches the longest common prefix, and in what is left the longest common suffix.

    Args:
        chosen: ``[C]``.
        rejected: ``[R]``.
    """
    shorter = min(len(chosen), len(rejected))
    prefix = _agreement(chosen[:shorter], rejected[:shorter])
    rest = shorter - prefix
    suffix = _agreement(chosen[::-1][:rest], rejected[::-1][:rest])
    return Difference(prefix=prefix, suffix=suffix)


def token_weights(chosen: Ids, rejected: Ids, focus: Focus, emphasis: float = 2.0) -> tuple[Weights, Weights]:
    """Weights of the tokens' log-ratios in the preference loss.

    With ``r(y) = sum_t w_t log [pi(y_t) / pi_ref(y_t)]`` for prefix p, middle m and suffix s of a pair:

    * whole: ``r_w - r_l`` of all tokens;
    * focused: ``p + emphasis * m + s`` against ``p + emphasis * m``, no rejected suffix (the prefixes cancel);
    * target: all of the chosen against those tokens of the rejected that an edit into the chosen removes.

    Args:
        chosen: Token ids ``[C]``.
        rejected: Token ids ``[R]``.
        focus: The kind of weights.
        emphasis: Weight of the middle with ``FOCUSED``; the paper found 2 better than 1 and 5.

    Returns:
        Weights ``[C]`` and ``[R]``.
    """
    ours, theirs = np.ones(len(chosen), np.float32), np.ones(len(rejected), np.float32)
    if focus is Focus.FOCUSED:
        found = difference(chosen, rejected)
        ours[found.prefix : len(chosen) - found.suffix] = emphasis
        theirs[found.prefix : len(rejected) - found.suffix] = emphasis
        # The suffix that both share says nothing about which is better: its rejected side would be pushed down.
        theirs[len(rejected) - found.suffix :] = 0
    elif focus is Focus.TARGET:
        # autojunk would treat the most frequent tokens of a long program as noise.
        matcher = SequenceMatcher(a=rejected.tolist(), b=chosen.tolist(), autojunk=False)
        for block in matcher.get_matching_blocks():
            # Matching blocks need no edit: pushing them down would unlearn what the chosen side has, too.
            theirs[block.a : block.a + block.size] = 0
    return ours, theirs


def per_token(weights: Weights) -> Weights:
    """Scales weights to a sum of 1, so that a sum of log-ratios becomes their mean; all zeros stay zeros."""
    total = float(weights.sum())
    return weights / np.float32(total) if total > 0 else weights


def _agreement(first: Ids, second: Ids) -> int:
    """How many leading tokens of two sequences of one length agree."""
    unequal = np.flatnonzero(first != second)
    return int(unequal[0]) if len(unequal) else len(first)
