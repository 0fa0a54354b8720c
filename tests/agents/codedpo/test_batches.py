from __future__ import annotations

import numpy as np
import pytest

from agents.codedpo.batches import epoch_batches, learning_rate_factor


def test_every_pair_is_in_one_batch_of_an_epoch() -> None:
    lengths = np.random.default_rng(0).integers(5, 500, 103).tolist()
    for shuffle in (True, False):
        batches = epoch_batches(lengths, 8, seed=3, epoch=2, shuffle=shuffle)
        assert sorted(place for batch in batches for place in batch) == list(range(103))
        assert sorted(map(len, batches)) == [7] + [8] * 12


def test_without_shuffling_the_order_is_the_file_s() -> None:
    assert epoch_batches([9, 1, 5], 2, seed=0, epoch=0, shuffle=False) == [[0, 1], [2]]


def test_an_epoch_s_order_depends_on_seed_and_epoch_alone() -> None:
    lengths = list(range(64))
    orders = [epoch_batches(lengths, 4, seed, epoch, shuffle=True) for seed, epoch in ((1, 0), (1, 0), (1, 1), (2, 0))]
    assert orders[0] == orders[1]
    assert orders[0] not in orders[2:]
    assert orders[2] != orders[3]


def test_neighbours_in_length_need_less_padding() -> None:
    lengths = np.random.default_rng(0).integers(5, 500, 256).tolist()

    def padded(batches: list[list[int]]) -> int:
        return sum(len(batch) * max(lengths[place] for place in batch) for batch in batches)

    mixed = epoch_batches(lengths, 8, seed=0, epoch=0, shuffle=False)
    assert padded(epoch_batches(lengths, 8, seed=0, epoch=0, shuffle=True)) < 0.7 * padded(mixed)


def test_the_learning_rate_rises_and_falls() -> None:
    factors = [learning_rate_factor(seen, 10, 100, warmup=0.2, falls=True) for seen in range(0, 100, 10)]
    assert factors == pytest.approx([0.5, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])
    constant = [learning_rate_factor(seen, 10, 100, warmup=0.0, falls=False) for seen in (0, 50, 90, 200)]
    assert constant == [1, 1, 1, 1]
    assert learning_rate_factor(200, 10, 100, warmup=0.1, falls=True) == 0  # a batch that goes beyond the end
