"""Where the rejected program of a pair went wrong: only those that raised are run, once, and the place is theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import cast

import pytest

from agents.codedpo.data.error_spans import with_error_spans
from agents.codedpo.data.pairs import PairKind, Preference
from agents.scoring.matrix import MATRIX_LIMITS, Matrix
from agents.scoring.task_samples import TaskSamples
from codegym.feedback.feedback import Feedback
from codegym.judge import Judge
from codegym.problem import Problem

GOOD = "def f(x):\n    return x\n"
TESTS = ("assert f(0) == 0", "assert f(1) == 1")


class Counting:
    """Remembers what it judges."""

    def __init__(self, judge: Judge) -> None:
        self.judge, self.asked = judge, list[str]()

    def judge_as_they_end(self, pairs: Iterable[tuple[Problem, str]]) -> Iterator[tuple[int, Feedback]]:
        asked = list(pairs)
        self.asked += [f"{text}# {problem.tests[0]}" for problem, text in asked]
        return self.judge.judge_as_they_end(asked)


def matrix(rejected: str, row: str, task_id: str = "t/1") -> Matrix:
    samples = TaskSamples(task_id=task_id, prompt="p", completions=(GOOD, rejected), entry_point="f")
    return Matrix(samples=samples, tests=TESTS, rows=("PP", row))


def pair(rejected: str, tests: str = "\n".join(TESTS), task_id: str = "t/1") -> Preference:
    return Preference(prompt="p", chosen=GOOD, rejected=rejected, task_id=task_id, tests_chosen=tests)


@pytest.fixture
def explain(judge: Judge) -> Callable[..., tuple[Preference, ...]]:
    def explain(pairs: list[Preference], matrices: list[Matrix], **more: object) -> tuple[Preference, ...]:
        return with_error_spans(pairs, matrices, judge, MATRIX_LIMITS, **more)  # type: ignore[arg-type]

    return explain


@pytest.mark.parametrize(
    ("rejected", "row", "said", "place"),
    [
        ("def f(x):\n    return é + y\n", "EE", "NameError: name 'é' is not defined", "é"),
        ("def f(x) return x\n", "EE", "SyntaxError: expected ':'", "return"),
        ("def f(x):\n    while x: pass\n    return x\n", "PT", "time limit exceeded", "while x: pass"),
    ],
)
def test_what_raised_is_said_with_its_place(
    explain: Callable[..., tuple[Preference, ...]], rejected: str, row: str, said: str, place: str
) -> None:
    tests = TESTS[1] if row[0] == "P" else "\n".join(TESTS)
    [found] = explain([pair(rejected, tests)], [matrix(rejected, row)])
    assert found.error == said
    assert rejected[found.error_start : found.error_end] == place


def test_a_wrong_answer_is_not_run_again_and_neither_is_what_is_known(judge: Judge) -> None:
    wrong, raising, both = "def f(x):\n    return 7\n", "def f(x):\n    return y\n", "def f(x):\n    return 1 // x\n"
    pairs = [pair(wrong, task_id="a"), pair(raising, task_id="b"), pair(both, TESTS[0], "c")]
    pairs.append(replace(pairs[1], kind=PairKind.EFFICIENCY, tests_chosen=""))
    matrices = [matrix(wrong, "FF", "a"), matrix(raising, "EE", "b"), matrix(both, "EP", "c")]
    counting = Counting(judge)
    found = with_error_spans(pairs, matrices, cast(Judge, counting), MATRIX_LIMITS)
    assert len(counting.asked) == 2
    assert [bool(one.error) for one in found] == [False, True, True, False]
    assert found[2].error.startswith("ZeroDivisionError")
    again = with_error_spans(pairs, matrices, cast(Judge, counting), MATRIX_LIMITS, known=found)
    assert again == found
    assert len(counting.asked) == 2
