"""Quality of a ranking, worked by hand; ties count with their expectation."""

from __future__ import annotations

import numpy as np
import pytest

from agents.scoring.ranking import Scores
from agents.scoring.ranking_quality import ranking_quality


def quality(scores: list[float], labels: list[bool]) -> tuple[float, ...]:
    found = ranking_quality(Scores(np.array(scores), np.zeros(0)), labels)
    assert found is not None
    return (found.auc, found.top, found.pair, found.reversed)


def test_a_perfect_and_a_reversed_ranking() -> None:
    assert quality([1.0, 0.9, 0.1, 0.0], [True, True, False, False]) == (1.0, 1.0, 1.0, 0.0)
    assert quality([0.0, 0.1, 0.9, 1.0], [True, True, False, False]) == (0.0, 0.0, 0.0, 1.0)


def test_ties_count_with_their_expectation() -> None:
    auc, top, pair, reverse = quality([1.0, 1.0, 0.5, 0.0, 0.0], [True, False, False, False, True])
    assert auc == pytest.approx((0.5 + 2 + 0 + 0 + 0.5) / 6)
    assert (top, pair, reverse) == (0.5, 0.25, 0.25)


def test_a_flat_ranking_is_chance() -> None:
    auc, top, pair, reverse = quality([0.5] * 4, [True, False, False, False])
    assert (auc, top) == (0.5, 0.25)
    assert pair == reverse == pytest.approx(1 * 3 / (4 * 3))


def test_spearman_is_scipys() -> None:
    from scipy.stats import spearmanr

    scores, labels = [0.1, 0.4, 0.4, 0.9, 0.0], [False, True, False, True, False]
    found = ranking_quality(Scores(np.array(scores), np.zeros(0)), labels)
    assert found is not None
    assert found.spearman == pytest.approx(float(spearmanr(scores, labels).statistic))


@pytest.mark.parametrize("label", [True, False])
def test_where_all_are_alike_there_is_nothing_to_rank(label: bool) -> None:
    assert ranking_quality(Scores(np.array([1.0, 0.0]), np.zeros(0)), [label, label]) is None
