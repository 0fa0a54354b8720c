from itertools import combinations

import numpy as np
import pytest

from agents.evaluation.pass_at_k import pass_at_k


def by_enumeration(n: int, c: int, k: int) -> float:
    draws = list(combinations([True] * c + [False] * (n - c), k))
    return sum(map(any, draws)) / len(draws)


@pytest.mark.parametrize("n", range(1, 8))
def test_equals_the_share_of_all_draws(n: int) -> None:
    for c in range(n + 1):
        for k in range(1, n + 1):
            assert pass_at_k(n, c, k) == pytest.approx(by_enumeration(n, c, k), abs=1e-12)


def test_hand_worked() -> None:
    assert pass_at_k(5, 2, 1) == pytest.approx(0.4)
    assert pass_at_k(5, 2, 2) == pytest.approx(0.7)  # 1 - (3/5)(2/4)
    assert pass_at_k(5, 2, 4) == 1.0
    assert pass_at_k(10, 0, 10) == 0.0
    assert isinstance(pass_at_k(5, 2, 1), float)


def test_arrays_broadcast() -> None:
    estimate = pass_at_k([5, 10], [2, 0], 2)
    np.testing.assert_allclose(estimate, [0.7, 0.0])
    assert pass_at_k(20, np.arange(21), 10).shape == (21,)


def test_large_numbers_stay_exact() -> None:
    # 1 - (1 - 1/2000 * ...) : one passing sample is in half of all halves
    assert pass_at_k(2000, 1, 1000) == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize(("n", "c", "k"), [(5, 6, 1), (5, -1, 1), (5, 2, 6), (5, 2, 0), (5, 2.5, 1)])
def test_refuses_what_makes_no_sense(n: int, c: float, k: int) -> None:
    with pytest.raises(ValueError, match="pass_at_k needs"):
        pass_at_k(n, c, k)
