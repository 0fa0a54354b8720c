from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from agents.evaluation.efficiency import CostRatios, Efficiency
from agents.evaluation.evaluation import Evaluation, ProblemResult
from agents.evaluation.run_comparison import compare, permutation_p, sign_p
from codegym.errors import InvalidSettingError


def evaluation(passed: Sequence[int], judged: int = 4, suite: str = "s") -> Evaluation:
    results = [
        ProblemResult(
            task_id=f"p/{place}",
            difficulty="",
            judged=judged,
            passed=count,
            kinds={"none": count, "wrong_answer": judged - count},
            cost=0.5 if count else None,
        )
        for place, count in enumerate(passed)
    ]
    return Evaluation(suite=suite, problems=tuple(results), k=(1,))


def test_by_hand() -> None:
    before = evaluation([0, 2, 4, 1, 3])
    after = evaluation([2, 2, 3, 4])
    found = compare(before, after, costs=[costs(2.0), costs(1 / 0.95), costs(0.5)])
    assert (found.problems, found.unpaired) == (4, ("p/4",))
    assert found.before.estimate == pytest.approx(7 / 16)
    assert found.difference.estimate == pytest.approx((2 - 1 + 3) / 16)
    assert (found.won, found.lost) == (("p/0", "p/3"), ("p/2",))
    assert found.kinds == {"none": (7 / 16, 11 / 16), "wrong_answer": (9 / 16, 5 / 16)}
    assert found.p_sign == 1.0
    # signs of (.5, -.25, .75): |sum| >= 1 for (+,-,+), (+,+,+) and their mirror images: 4 of 8
    assert found.p_permutation == pytest.approx(0.5)
    assert found.efficiency is not None
    assert found.efficiency.problems == 3
    assert found.efficiency.speed_up.estimate == pytest.approx((2 * (1 / 0.95) * 0.5) ** (1 / 3))
    assert found.efficiency.share_cheaper.estimate == pytest.approx(1 / 3)
    assert Efficiency.from_dict(json.loads(json.dumps(found.to_dict()))["efficiency"]) == found.efficiency
    assert found.keys == (before.key, after.key)
    assert before.key != after.key


def costs(speed_up: float, rounds: int = 7) -> CostRatios:
    return CostRatios(np.full(rounds, speed_up))


def test_cheaper_is_ten_percent_and_no_chance() -> None:
    assert costs(1 / 0.89).is_cheaper
    assert not costs(1 / 0.91).is_cheaper
    assert not costs(2.0, rounds=6).is_cheaper, "six rounds alike come by chance once in 64"
    mixed = CostRatios(np.array([2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.9]))
    assert (mixed.speed_up, mixed.is_cheaper) == (2.0, False)


def test_signs_by_hand() -> None:
    assert sign_p(0, 0) == 1.0
    assert sign_p(5, 0) == pytest.approx(2 / 32)
    assert sign_p(1, 5) == pytest.approx(2 * (1 + 6) / 64)


def test_permutations_agree_with_enumeration_and_are_reproducible() -> None:
    rng = np.random.default_rng(5)
    change = rng.normal(0.2, 0.5, size=10)
    signs = np.array(np.meshgrid(*[[-1, 1]] * 10)).reshape(10, -1)
    every = np.abs(change @ signs / 10)
    assert permutation_p(change) == pytest.approx((every >= abs(change.mean()) - 1e-12).mean())
    assert permutation_p(np.zeros(5)) == 1.0
    many = rng.normal(0.02, 0.5, size=300)
    assert permutation_p(many, seed=1) == permutation_p(many, seed=1)
    assert 0.2 < permutation_p(many, seed=1) <= 1.0


def test_different_suites_cannot_be_compared() -> None:
    with pytest.raises(InvalidSettingError, match="only runs on the same problems"):
        compare(evaluation([1], suite="a"), evaluation([1], suite="b"))


def test_costs_of_two_times_are_not_held_against_each_other() -> None:
    assert compare(evaluation([1]), evaluation([1])).efficiency is None
    assert Efficiency.of([]) is None


def test_an_evaluation_survives_its_file() -> None:
    result = evaluation([0, 2, 4])
    read = Evaluation.from_dict(json.loads(json.dumps(result.to_dict())))
    assert read.to_dict() == result.to_dict()
    assert read.problems == result.problems
    assert read.key == result.key
