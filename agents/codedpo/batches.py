"""In which order pairs are learned from: a function of the seed and the epoch alone, so that a resumed run goes on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_NEIGHBOURHOOD = 16
"""Batches whose pairs are sorted by length together: little padding, and still another mixture in every epoch."""


def epoch_batches(lengths: Sequence[int], batch_size: int, seed: int, epoch: int, shuffle: bool) -> list[list[int]]:
    """Cuts an epoch into batches; every pair is in one of them, and the last may be smaller.

    Args:
        lengths: Tokens of each pair.
        batch_size: Pairs in a batch.
        seed: Of the run.
        epoch: From 0.
        shuffle: A new order in each epoch, pairs of about the same length in one batch; else the order as it is.

    Returns:
        The places of each batch's pairs.
    """
    if not shuffle:
        return _cut(list(range(len(lengths))), batch_size)
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths)).tolist()
    batches: list[list[int]] = []
    for part in _cut(order, _NEIGHBOURHOOD * batch_size):
        batches += _cut(sorted(part, key=lambda place: lengths[place]), batch_size)
    return [batches[place] for place in rng.permutation(len(batches))]


def learning_rate_factor(seen: int, batch: int, total: int, warmup: float, falls: bool) -> float:
    """The share of the highest learning rate at which the next batch is learned from.

    It rises over the first ``warmup`` share of training, never from zero, and then falls in a straight line to zero.

    Args:
        seen: Pairs learned from so far.
        batch: Pairs of the next batch.
        total: Pairs of the whole training.
        warmup: Share of ``total``.
        falls: False stays at the highest rate.
    """
    rising = warmup * total
    rise = (seen + batch) / rising if seen < rising else 1.0
    fall = (total - seen) / (total - rising) if falls else 1.0
    return float(min(rise, max(fall, 0.0), 1.0))


def _cut(places: list[int], size: int) -> list[list[int]]:
    return [places[start : start + size] for start in range(0, len(places), size)]
