"""How well a ranking agrees with the measured truth; ties count with their expectation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agents.scoring.ranking import Scores


@dataclass(frozen=True, kw_only=True)
class RankingQuality:
    """What a ranking is worth on one task that has right and wrong programs.

    Attributes:
        spearman: Rank correlation of scores and truth, -1 to 1; 0 where all scores are equal.
        auc: Probability that a right program is above a wrong one, ties counting half.
        top: Probability that the first program is right, drawn among those that share the first place.
        pair: Probability that of a best-against-worst pair the best is right and the worst is wrong.
        reversed: Probability that it is the other way round: what such a pair teaches is wrong.
    """

    spearman: float
    auc: float
    top: float
    pair: float
    reversed: float


def ranking_quality(scores: Scores, labels: Sequence[bool]) -> RankingQuality | None:
    """Compares scores with the truth; None where all programs are right or all are wrong.

    Args:
        scores: Scores of the programs.
        labels: Whether each is right.
    """
    truth = np.asarray(labels, dtype=np.float64)
    right = int(truth.sum())
    wrong = len(truth) - right
    if not right or not wrong:
        return None
    from scipy.stats import rankdata  # half a second to load, which the help of a command need not wait for

    # Rounded, since rankings count scores within 1e-9 as tied.
    ranks = rankdata(np.round(scores.programs, 9))
    auc = (ranks[truth > 0].sum() - right * (right + 1) / 2) / (right * wrong)
    is_flat = scores.is_flat
    best, worst = float(truth[scores.best()].mean()), float(truth[scores.worst()].mean())
    both = float(truth.mean())
    return RankingQuality(
        spearman=0.0 if is_flat else float(np.corrcoef(ranks, rankdata(truth))[0, 1]),
        auc=float(auc),
        top=best,
        pair=_of_two(both, len(truth)) if is_flat else best * (1 - worst),
        reversed=_of_two(both, len(truth)) if is_flat else (1 - best) * worst,
    )


def _of_two(share: float, number: int) -> float:
    """Probability that of two different programs, drawn among all, the first is right and the second is wrong."""
    return share * (1 - share) * number / (number - 1)
