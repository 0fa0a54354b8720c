"""The order in which pairs are learned from: a function of seed and epoch alone, so that a run can be resumed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Number of batches whose pairs are sorted by length together: little padding, but a new mixture in each epoch.
_NEIGHBOURHOOD = 16


def epoch_batches(lengths: Sequence[int], batch_size: int, seed: int, epoch: int, shuffle: bool) -> list[list[int]]:
    """Cuts an epoch into batches; every pair is in one of them, and the last may be smaller.

    Args:
        lengths: Tokens of each pair.
        batch_size: Pairs in a batch.
        seed: Seed of the run.
        epoch: Number of the epoch, from 0.
        shuffle: A new order in each epoch, pairs of about the same length in one batch; else the order as it is.

    Returns:
        The indices of each batch's pairs.
    """
    if not shuffle:
        return _cut(list(range(len(lengths))), batch_size)
    # A generator for each epoch: a resumed run makes the order of its epoch anew, without those before.
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths)).tolist()
    batches: list[list[int]] = []
    for part in _cut(order, _NEIGHBOURHOOD * batch_size):
        batches += _cut(sorted(part, key=lambda index: lengths[index]), batch_size)
    # Batches of short and long pairs are mixed: otherwise each part of an epoch would have one length.
    return [batches[index] for index in rng.permutation(len(batches))]


def learning_rate_factor(seen: int, batch: int, total: int, warmup: float, falls: bool) -> float:
    """The learning rate of the next batch, as a share of the highest one.

    It rises linearly over the first ``warmup`` share of training, and then falls linearly to zero.

    Args:
        seen: Pairs learned from so far.
        batch: Pairs of the next batch.
        total: Pairs of the whole training.
        warmup: Length of the rise, as a share of ``total``.
        falls: Whether it falls; else it stays at the highest rate.
    """
    rising = warmup * total
    # The rate of a batch is that at its end, so that even the first batch teaches something.
    rise = (seen + batch) / rising if seen < rising else 1.0
    fall = (total - seen) / (total - rising) if falls else 1.0
    return float(min(rise, max(fall, 0.0), 1.0))


def _cut(indices: list[int], size: int) -> list[list[int]]:
    return [indices[start : start + size] for start in range(0, len(indices), size)]
