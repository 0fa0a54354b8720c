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
    programs, tests = self_validation(LINK, damping=0.5, iterations=2)
    scores = rank(LINK, Ranking.SELF_VALIDATION, damping=0.5, iterations=2)
    np.testing.assert_array_equal(scores.programs, programs)
    np.testing.assert_array_equal(scores.tests, tests)


def test_the_counterexample_larger_agreement_wins_but_not_by_count() -> None:
    for ranking, right_wins in (
        (Ranking.SELF_VALIDATION, False),
        (Ranking.DUAL_AGREEMENT, False),
        (Ranking.COUNT, True),
    ):
        programs = rank(COUNTEREXAMPLE, ranking).programs
        assert bool(programs[7:].min() > programs[:7].max()) is right_wins


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
