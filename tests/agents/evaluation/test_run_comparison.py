from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from agents.evaluation.efficiency import Efficiency
from agents.evaluation.evaluation import Evaluation, ProblemResult
from agents.evaluation.run_comparison import compare, permutation_p, sign_p
from codegym.errors import InvalidSettingError


def evaluation(
    passed: Sequence[int], judged: int = 4, suite: str = "s", costs: Sequence[float | None] = ()
) -> Evaluation:
    results = [
        ProblemResult(
            task_id=f"p/{place}",
            difficulty="",
            judged=judged,
            passed=count,
            kinds={"none": count, "wrong_answer": judged - count},
            cost=(*costs, *[None] * len(passed))[place],
        )
        for place, count in enumerate(passed)
    ]
    return Evaluation(suite=suite, problems=tuple(results), k=(1,))


def test_by_hand() -> None:
    before = evaluation([0, 2, 4, 1, 3], costs=[None, 2.0, 1.0, 1.0, 4.0])
    after = evaluation([2, 2, 3, 4], costs=[1.0, 1.0, 0.95, 2.0])
    found = compare(before, after)
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
    json.dumps(found.to_dict())


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


def test_no_problem_solved_by_both_has_no_efficiency() -> None:
    assert compare(evaluation([0]), evaluation([1], costs=[1.0])).efficiency is None
    assert Efficiency.of([], []) is None


def test_an_evaluation_survives_its_file() -> None:
    result = evaluation([0, 2, 4], costs=[None, 2.0, 1.0])
    read = Evaluation.from_dict(json.loads(json.dumps(result.to_dict())))
    assert read.to_dict() == result.to_dict()
    assert read.problems == result.problems
