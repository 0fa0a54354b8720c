"""Each ranking on matrices worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from agents.scoring.ranking import Ranking, Scores, rank
from agents.scoring.self_validation import self_validation

LINK = np.array([[1, 1, 1], [1, 1, 0], [1, 1, 0], [0, 0, 0]])
COUNTEREXAMPLE = np.zeros((12, 15))
COUNTEREXAMPLE[:7, :7] = 1  # seven wrong programs agree with seven wrong tests
COUNTEREXAMPLE[7:, 7:] = 1  # five right programs pass eight right tests


@pytest.mark.parametrize(
    ("ranking", "programs", "tests"),
    [
        (Ranking.FILTER, [1, 0, 0, 0], [0.75, 0.75, 0.25]),
        (Ranking.COUNT, [1, 2 / 3, 2 / 3, 0], [0.75, 0.75, 0.25]),
        (Ranking.DUAL_AGREEMENT, [3 / 4, 1, 1, 0], [1, 1, 3 / 4]),  # 1 x 3 against 2 x 2
    ],
)
def test_by_hand(ranking: Ranking, programs: list[float], tests: list[float]) -> None:
    scores = rank(LINK, ranking)
    np.testing.assert_allclose(scores.programs, programs)
    np.testing.assert_allclose(scores.tests, tests)


def test_self_validation_is_the_paper_s() -> None:
    for ranking, tests_first in ((Ranking.SELF_VALIDATION, True), (Ranking.SYNCHRONOUS, False)):
        programs, tests = self_validation(LINK, damping=0.5, iterations=2, tests_first=tests_first)
        scores = rank(LINK, ranking, damping=0.5, iterations=2)
        np.testing.assert_array_equal(scores.programs, programs)
        np.testing.assert_array_equal(scores.tests, tests)


def test_the_singular_vector_is_what_self_validation_converges_to() -> None:
    for link in (LINK, COUNTEREXAMPLE, (np.random.default_rng(0).random((9, 7)) < 0.5).astype(float)):
        programs, tests = self_validation(link, iterations=4000)
        scores = rank(link, Ranking.SINGULAR_VECTOR)
        np.testing.assert_allclose(scores.programs, programs, atol=1e-8)
        np.testing.assert_allclose(scores.tests, tests, atol=1e-8)


def test_two_leading_vectors_share_the_first_place() -> None:
    scores = rank(np.eye(2), Ranking.SINGULAR_VECTOR)
    np.testing.assert_allclose(scores.programs, [1, 1])


def test_the_counterexample_larger_agreement_wins_but_not_by_count() -> None:
    for ranking, right_wins in (
        (Ranking.SELF_VALIDATION, False),
        (Ranking.DUAL_AGREEMENT, False),
        (Ranking.COUNT, True),
    ):
        programs = rank(COUNTEREXAMPLE, ranking).programs
        assert bool(programs[7:].min() > programs[:7].max()) is right_wins


def test_reliability_finds_who_was_planted() -> None:
    rng = np.random.default_rng(1)
    right, valid = np.arange(15) < 5, np.arange(20) < 14
    chance = np.where(right[:, None], np.where(valid, 1.0, 0.0), np.where(valid, 0.5, 0.2))
    scores = rank((rng.random(chance.shape) < chance).astype(float), Ranking.RELIABILITY)
    np.testing.assert_array_equal(scores.programs > 0.5, right)
    np.testing.assert_array_equal(scores.tests > 0.5, valid)


@pytest.mark.parametrize("ranking", Ranking)
@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 3), (1, 1), (4, 2)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_flat_matrices_are_ties(ranking: Ranking, shape: tuple[int, int], value: float) -> None:
    scores = rank(np.full(shape, value), ranking)
    assert (len(scores.programs), len(scores.tests)) == shape
    assert np.isfinite(scores.programs).all()
    assert ((scores.programs >= 0) & (scores.programs <= 1)).all()
    assert ranking is Ranking.RANDOM or scores.is_flat


def test_ties_are_named() -> None:
    scores = Scores(np.array([1.0, 0.5, 1.0, 0.0]), np.zeros(0))
    assert scores.best().tolist() == [0, 2]
    assert scores.worst().tolist() == [3]
    assert not scores.is_flat


def test_random_is_seeded() -> None:
    first, again, other = (rank(LINK, Ranking.RANDOM, seed=seed).programs for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()


def test_a_link_of_other_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="zeros and ones"):
        rank([[0.5]], Ranking.COUNT)
