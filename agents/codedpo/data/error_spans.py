"""Where the rejected program of a pair went wrong, as a span of its text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agents.codedpo.data.pairs import Preference
from agents.scoring.matrix import Matrix, Outcome
from codegym.feedback.diagnostic import Source
from codegym.feedback.verdict import Verdict
from codegym.judge import Judge
from codegym.problem import Problem
from codegym.sandbox.limits import Limits

_LONGEST = 300
_RAISED = (Outcome.ERROR, Outcome.TIMEOUT)  # outcomes that have a span in the source; a wrong answer has none


def with_error_spans(
    pairs: Sequence[Preference],
    matrices: Sequence[Matrix],
    judge: Judge,
    limits: Limits,
    known: Iterable[Preference] = (),
) -> tuple[Preference, ...]:
    """Runs each rejected program that raised, or took too long, once more, to say what and where.

    Args:
        pairs: The pairs that were made of the matrices.
        matrices: With what every program did on every test.
        judge: Runs the programs.
        limits: Limits of one program.
        known: Pairs of an earlier run, whose errors are taken over.

    Returns:
        The pairs, in order.
    """
    runs = {
        (task.samples.task_id, task.samples.prompt, text): (task, row)
        for task in matrices
        for text, row in zip(task.samples.completions, task.rows, strict=True)
    }
    before = {_key(pair): pair for pair in known if pair.error}
    found = dict(enumerate(pairs))
    to_run: list[tuple[int, Problem]] = []
    for index, pair in enumerate(pairs):
        matrix, row = runs[pair.task_id, pair.prompt, pair.rejected]
        # A pair of an earlier run keeps its span: finding it costs another run.
        same, test = before.get(_key(pair)), _raising_test(pair, matrix, row)
        if same is not None:
            found[index] = _with_error(pair, same.error, same.error_start, same.error_end)
        elif test is not None:
            to_run.append((index, matrix.samples.problem((test,), limits)))
    for run, feedback in judge.judge_as_they_end((problem, pairs[index].rejected) for index, problem in to_run):
        # A linter's finding is no failure: the program raised somewhere else.
        seen = next((one for one in feedback.diagnostics if one.source is not Source.LINT), None)
        if seen is not None and feedback.verdict is not Verdict.INFRA_ERROR:
            index = to_run[run][0]
            found[index] = _with_error(pairs[index], seen.message[:_LONGEST], seen.start, seen.end)
    return tuple(found[index] for index in range(len(pairs)))


def _with_error(pair: Preference, message: str, start: int, end: int) -> Preference:
    return replace(pair, error=message, error_start=start, error_end=end)


def _key(pair: Preference) -> tuple[str, str, str, str]:
    return pair.task_id, pair.prompt, pair.rejected, pair.tests_chosen


def _raising_test(pair: Preference, matrix: Matrix, row: str) -> str | None:
    """The first test that the chosen program alone passes and on which the rejected one raised."""
    raised = {test for test, letter in zip(matrix.tests, row, strict=True) if letter in _RAISED}
    return next((test for test in pair.tests_chosen.split("\n") if test in raised), None)
