"""Where the rejected program of a pair went wrong, as a reader wants to see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from agents.codedpo.data.pairs import Preference
from agents.scoring.matrix import Matrix, Outcome
from codegym.feedback.diagnostic import Source
from codegym.feedback.verdict import Verdict
from codegym.judge import Judge
from codegym.problem import Problem
from codegym.sandbox.limits import Limits

_LONGEST = 300
_RAISED = (Outcome.ERROR, Outcome.TIMEOUT)
"""Outcomes that have a place; a wrong answer has none."""


def with_error_places(
    pairs: Sequence[Preference],
    matrices: Sequence[Matrix],
    judge: Judge,
    limits: Limits,
    known: Iterable[Preference] = (),
) -> tuple[Preference, ...]:
    """Runs each rejected program that raised, or took too long, once more, to say what and where.

    Args:
        pairs: As they were made of the matrices.
        matrices: With what every program did on every test.
        judge: Runs the programs.
        limits: Of a program.
        known: Pairs of another time, whose errors are taken as they are.

    Returns:
        The pairs, in order.
    """
    runs = {
        (task.samples.task_id, task.samples.prompt, text): (task, row) for task in matrices for text, row in _rows(task)
    }
    before = {_key(pair): pair for pair in known if pair.error}
    found = dict(enumerate(pairs))
    asked: list[tuple[int, Problem]] = []
    for place, pair in enumerate(pairs):
        matrix, row = runs[pair.task_id, pair.prompt, pair.rejected]
        same, test = before.get(_key(pair)), _raising_test(pair, matrix, row)
        if same is not None:
            found[place] = _with_error(pair, same.error, same.error_start, same.error_end)
        elif test is not None:
            asked.append((place, matrix.samples.problem((test,), limits)))
    for index, feedback in judge.judge_as_they_end((problem, pairs[place].rejected) for place, problem in asked):
        seen = next((one for one in feedback.diagnostics if one.source is not Source.LINT), None)
        if seen is not None and feedback.verdict is not Verdict.INFRA_ERROR:
            place = asked[index][0]
            found[place] = _with_error(pairs[place], seen.message[:_LONGEST], seen.start, seen.end)
    return tuple(found[place] for place in range(len(pairs)))


def _with_error(pair: Preference, message: str, start: int, end: int) -> Preference:
    return replace(pair, error=message, error_start=start, error_end=end)


def _key(pair: Preference) -> tuple[str, str, str, str]:
    return pair.task_id, pair.prompt, pair.rejected, pair.tests_chosen


def _rows(matrix: Matrix) -> Iterator[tuple[str, str]]:
    return zip(matrix.samples.completions, matrix.rows, strict=True)


def _raising_test(pair: Preference, matrix: Matrix, row: str) -> str | None:
    """The first test that the chosen program alone passes and on which the rejected one raised."""
    raised = {test for test, letter in zip(matrix.tests, row, strict=True) if letter in _RAISED}
    return next((test for test in pair.tests_chosen.split("\n") if test in raised), None)
