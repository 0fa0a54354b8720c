"""Efficiency: which tests and programs are credible, and differences in cost that are no chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.codedpo.data.efficiency import credible_programs, credible_tests, faster_than, task_costs
from agents.scoring.costs import Costs, CostSettings, NoCosts
from agents.scoring.matrix import Matrix, MatrixJudge
from agents.scoring.ranking import Ranking, Scores, rank
from agents.scoring.task_samples import TaskSamples
from codegym.judge import Judge
from codegym.store import Store

LINEAR = "def f(xs):\n    return len(set(xs)) != len(xs)\n"
SQUARE = "def f(xs):\n    return any(x == y for i, x in enumerate(xs) for y in xs[:i] if i >= 0 and len(xs) > 0)\n"
WRONG = "def f(xs):\n    return False\n"
TESTS = "assert f([1, 2, 3]) == False\nassert f([1, 2, 1]) == True\nassert f([]) == False\n"


def judged(judge: Judge, completions: list[str], tests: str = TESTS) -> tuple[Matrix, Scores]:
    samples = TaskSamples(
        task_id="t", prompt="Twins?", completions=tuple(completions), test_texts=(tests,), entry_point="f"
    )
    (matrix,) = MatrixJudge(judge).fill([samples])
    return matrix, rank(matrix.link, Ranking.COUNT)


def test_credible_are_the_tests_of_the_best_and_who_passes_them(judge: Judge) -> None:
    matrix, scores = judged(judge, [WRONG, LINEAR, SQUARE, LINEAR + "\n"], TESTS + "assert f([7]) == True\n")
    assert credible_tests(matrix, scores).tolist() == [0, 1, 2]
    assert credible_programs(matrix, scores) == [1, 2]


def test_inputs_grow_until_the_difference_shows_and_costs_are_kept(judge: Judge, tmp_path: Path) -> None:
    square = "def f(xs):\n    return any(xs[i] == xs[k] for i in range(len(xs)) for k in range(i))\n"
    slow = "def f(xs):\n    for _ in range(100 * len(xs)): pass\n    return len(set(xs)) != len(xs)\n"
    matrix, scores = judged(judge, [LINEAR, square, slow], "assert f([1, 1]) == True\n")
    store, settings = Store(tmp_path / "cache"), CostSettings(repetitions=5)
    costs = task_costs(matrix, scores, judge, settings, store)
    assert isinstance(costs, Costs)
    assert (costs.programs, costs.calls, costs.seconds.shape) == ((0, 1, 2), 1, (3, 5))
    assert costs.scale > 1
    assert faster_than(costs.seconds[0], costs.seconds[2])
    again = task_costs(matrix, scores, judge, settings, store)
    assert isinstance(again, Costs)
    np.testing.assert_allclose(again.seconds, costs.seconds, atol=1e-9)
    assert len(store) == 1
    store.close()


@pytest.mark.parametrize(
    ("completions", "tests", "reason"),
    [
        ([WRONG, WRONG], "assert f([1]) == True", NoCosts.NOT_CREDIBLE),
        ([LINEAR, WRONG], TESTS, NoCosts.ONE_PROGRAM),
        ([LINEAR, SQUARE], "assert f(list('aa'))", NoCosts.NO_CALL),
    ],
)
def test_what_cannot_be_measured_has_a_reason(
    judge: Judge, completions: list[str], tests: str, reason: NoCosts
) -> None:
    assert task_costs(*judged(judge, completions, tests), judge, CostSettings(), Store()) is reason


def test_cheaper_needs_both_size_and_certainty() -> None:
    base = np.linspace(1.0, 1.01, 9)
    assert faster_than(base, base * 1.2)
    assert not faster_than(base, base * 1.05)
    assert not faster_than(base[:3], base[:3] * 1.2), "three against three cannot be sure at one in a hundred"
    assert not faster_than(base * 1.2, base)
