"""Pairs from judged samples: the right ones, and a reason for each that is not made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.codedpo.data.pairing import (
    PairRejectReason,
    PairRules,
    correctness_pairs,
    distance,
    efficiency_pairs,
    make_pairs,
)
from agents.codedpo.data.pairs import PairKind
from agents.scoring.costs import Costs, NoCosts
from agents.scoring.matrix import Matrix
from agents.scoring.ranking import Ranking
from agents.scoring.task_samples import TaskSamples
from codegym.errors import InvalidSettingError

GOOD, MIDDLE, BAD = (
    "def f(x):\n    return 2 * x\n",
    "def f(number):\n    if number > 7:\n        return number\n    return number + number\n",
    "def f(x):\n    print('what is asked?')\n",
)
COUNT = PairRules(ranking=Ranking.COUNT)


def matrix(completions: list[str], rows: list[str], tests: int | None = None, **more: Any) -> Matrix:
    count = len(rows[0]) if tests is None else tests
    samples = TaskSamples(task_id="t/1", prompt="Double it.", completions=tuple(completions), source="tiny@0", **more)
    return Matrix(samples=samples, tests=tuple(f"assert f({n}) == {2 * n}" for n in range(count)), rows=tuple(rows))


def test_best_against_worst() -> None:
    (pair,) = correctness_pairs(matrix([MIDDLE, GOOD, BAD], ["PPF", "PPP", "FEF"]), COUNT)
    assert (pair.chosen, pair.rejected) == (GOOD, BAD)
    assert (pair.score_chosen, pair.score_rejected, pair.margin) == (1.0, 0.0, 1.0)
    assert (pair.prompt, pair.task_id, pair.source, pair.kind) == ("Double it.", "t/1", "tiny@0", "correctness")


def test_a_pair_names_the_tests_that_tell_its_programs_apart() -> None:
    (pair,) = correctness_pairs(matrix([MIDDLE, GOOD, BAD], ["FPPPF", "FFPPF", "PFEFF"]), COUNT)
    assert (pair.chosen, pair.rejected) == (MIDDLE, BAD)
    assert pair.tests_chosen.split("\n") == ["assert f(2) == 4", "assert f(3) == 6", "assert f(1) == 2"]  # by credit
    assert pair.tests_rejected == "assert f(0) == 0"
    many = matrix([GOOD, BAD], ["P" * 30, "F" * 30])
    (pair,) = correctness_pairs(many, COUNT)
    assert len(pair.tests_chosen.split("\n")) == 8
    (pair,) = correctness_pairs(replace(many, tests=("assert f(f'''\n''') == 2", *many.tests[1:])), COUNT)
    assert pair.tests_chosen.startswith("assert f(1)")  # a test of two lines would look like two tests


def test_more_pairs_go_from_outside_in_and_use_each_program_once() -> None:
    texts = [f"def f(x):\n    return {'x + ' * n}x  # {n * 'words '}\n" for n in range(5)]
    rows = ["PPPP", "PPPF", "PPFF", "PFFF", "FFFF"]
    pairs = correctness_pairs(matrix(texts, rows), replace(COUNT, pairs_per_task=3))
    assert isinstance(pairs, list)
    assert [(texts.index(p.chosen), texts.index(p.rejected)) for p in pairs] == [(0, 4), (1, 3)]


def test_the_same_text_twice_is_one_program() -> None:
    pairs = correctness_pairs(matrix([GOOD, GOOD, BAD], ["P", "P", "F"]), replace(COUNT, pairs_per_task=3))
    assert isinstance(pairs, list)
    assert len(pairs) == 1


@pytest.mark.parametrize(
    ("judged", "rules", "reason"),
    [
        (matrix([GOOD, BAD], ["", ""]), COUNT, PairRejectReason.NO_TEST),
        (matrix([GOOD, GOOD], ["P", "P"]), COUNT, PairRejectReason.ONE_PROGRAM),
        (matrix([], [], tests=3), COUNT, PairRejectReason.ONE_PROGRAM),
        (matrix([GOOD, BAD], ["P?", "FF"]), COUNT, PairRejectReason.INCOMPLETE),
        (matrix([GOOD, BAD], ["PP", "PP"]), COUNT, PairRejectReason.TIED),
        (matrix([GOOD, BAD], ["FF", "EE"]), COUNT, PairRejectReason.TIED),
        (matrix([GOOD, BAD], ["PPPP", "PPPF"]), replace(COUNT, min_margin=0.3), PairRejectReason.MARGIN),
        (matrix([GOOD, GOOD + "# x"], ["P", "F"]), replace(COUNT, min_distance=0.2), PairRejectReason.TOO_ALIKE),
        (matrix([GOOD, GOOD + "\n\n"], ["P", "F"]), COUNT, PairRejectReason.TOO_ALIKE),
        (matrix([GOOD, BAD], ["P", "F"]), replace(COUNT, max_characters=30), PairRejectReason.LENGTH),
        (matrix([GOOD, MIDDLE], ["P", "F"]), replace(COUNT, max_length_ratio=1.5), PairRejectReason.LENGTH),
    ],
)
def test_every_task_without_a_pair_has_a_reason(judged: Matrix, rules: PairRules, reason: PairRejectReason) -> None:
    assert correctness_pairs(judged, rules) is reason
    made = make_pairs([judged, matrix([GOOD, BAD], ["PPPPP", "FFFFF"])], replace(rules, kinds=(PairKind.CORRECTNESS,)))
    assert made.skipped[PairKind.CORRECTNESS][reason] >= 1
    assert made.tasks == 2


def test_ties_are_broken_by_the_seed_and_by_nothing_else() -> None:
    texts = [f"def f(x):\n    return x + {n} * {'abcdef'[n]}\n" for n in range(6)]
    tied = matrix(texts, ["P", "P", "P", "F", "F", "F"])
    chosen = {}
    for seed in range(40):
        (pair,) = correctness_pairs(tied, COUNT, seed)
        (again,) = correctness_pairs(tied, COUNT, seed)
        assert pair == again
        chosen[texts.index(pair.chosen)] = texts.index(pair.rejected)
    assert set(chosen) == {0, 1, 2}
    assert set(chosen.values()) <= {3, 4, 5}


def test_the_cheaper_program_is_preferred_when_it_is_sure_to_be_cheaper() -> None:
    samples = matrix([BAD, GOOD, MIDDLE], ["F", "P", "P"]).samples
    noise = np.linspace(-0.05, 0.05, 9)
    costs = Costs(programs=(1, 2), seconds=np.stack([2.0 + noise, 1.0 + noise]))
    (pair,) = efficiency_pairs(samples, costs, PairRules())
    assert (pair.chosen, pair.rejected, pair.kind) == (MIDDLE, GOOD, PairKind.EFFICIENCY)
    assert (pair.score_chosen, pair.score_rejected) == (1.0, 0.5)
    assert (pair.seconds_chosen, pair.seconds_rejected) == (1.0, 2.0)


@pytest.mark.parametrize(
    "seconds",
    [
        np.stack([np.linspace(1, 2, 9), np.linspace(1.2, 2.2, 9)]),  # noise
        np.stack([np.full(9, 1.0), np.full(9, 1.05)]),  # sure, but hardly cheaper
        np.full((2, 9), 1.0),
    ],
)
def test_a_difference_that_is_chance_or_small_is_none(seconds: np.ndarray) -> None:
    samples = matrix([GOOD, MIDDLE], ["P", "P"]).samples
    assert efficiency_pairs(samples, Costs(programs=(0, 1), seconds=seconds), PairRules()) is (
        PairRejectReason.NOT_FASTER
    )


def test_more_programs_make_a_difference_by_chance_more_likely_and_the_level_stricter() -> None:
    # All 5 runs of one below all 5 of another has the chance 1 / (10 over 5) = 1/252 = 0.0040 where both cost the same.
    # That is below 0.01 for two programs; three programs have three pairs, and 0.01 / 3 = 0.0033 is below it.
    runs = np.linspace(0.0, 0.04, 5)
    two = Costs(programs=(0, 2), seconds=np.stack([1.0 + runs, 2.0 + runs]))
    three = Costs(programs=(0, 1, 2), seconds=np.stack([1.0 + runs, 1.5 + runs, 2.0 + runs]))
    samples = matrix([GOOD, MIDDLE, BAD], ["P", "P", "P"]).samples
    (pair,) = efficiency_pairs(samples, two, PairRules())
    assert (pair.chosen, pair.rejected) == (GOOD, BAD)
    assert efficiency_pairs(samples, three, PairRules()) is PairRejectReason.NOT_FASTER


def test_kinds_are_made_as_asked() -> None:
    judged = matrix([GOOD, MIDDLE, BAD], ["PP", "PP", "FF"])
    costs = [Costs(programs=(0, 1), seconds=np.array([[1.0] * 9, [3.0] * 9]))]
    for kinds in ((PairKind.CORRECTNESS,), (PairKind.EFFICIENCY,), tuple(PairKind)):
        made = make_pairs([judged], PairRules(kinds=kinds), costs)
        assert tuple(pair.kind for pair in made.pairs) == kinds
    without = make_pairs([judged], PairRules())
    assert without.skipped[PairKind.EFFICIENCY] == {PairRejectReason.NOT_MEASURED: 1}


def test_tasks_of_one_name_keep_their_own_costs() -> None:
    first, second = matrix([GOOD, BAD], ["PP", "FF"]), matrix([GOOD, MIDDLE], ["PP", "PP"])
    costs = [NoCosts.ONE_PROGRAM, Costs(programs=(0, 1), seconds=np.array([[1.0] * 9, [3.0] * 9]))]
    made = make_pairs([first, second], PairRules(kinds=(PairKind.EFFICIENCY,)), costs)
    assert [(pair.chosen, pair.rejected) for pair in made.pairs] == [(GOOD, MIDDLE)]
    assert made.skipped[PairKind.EFFICIENCY] == {PairRejectReason.NOT_MEASURED: 1}


def test_distance_is_the_share_of_words_that_differ() -> None:
    assert distance("a b c d", "a  b\nc d") == 0.0
    assert distance("a b c d", "a b c e") == 0.25
    assert distance("a", "b") == 1.0


@pytest.mark.parametrize(
    "change", [{"min_margin": 2}, {"pairs_per_task": 0}, {"max_length_ratio": 0.5}, {"kinds": ()}, {"damping": -1}]
)
def test_rules_that_make_no_sense_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError, match=next(iter(change))):
        PairRules(**change)
