"""One program as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.evaluation.judged_program import JudgedProgram

# Shades of a token's credit on each side of zero.
_STEPS = 100
_LETTERS = {"pass": ".", "fail": "F", "error": "E", "timeout": "T", "infra_error": "I", "unjudged": "U", "not_run": "-"}


@dataclass(frozen=True, kw_only=True)
class ReportSample:
    """A program, its verdict and diagnostics, and the credit of each of its tokens."""

    task_id: str
    completion: str
    verdict: str
    kind: str
    scope: str
    tests: str
    """One letter a test, as in :class:`JudgedProgram`."""
    part: str = ""
    """The suite and setting of an evaluation."""
    step: int = 0
    turn: int = 0
    prompt: str = ""
    """Given with the first program of a task in its run, or in its part of an evaluation."""
    rewards: Mapping[str, float] = field(default_factory=dict)
    advantage: float | None = None
    diagnostics: tuple[Mapping[str, Any], ...] = ()
    failed_tests: tuple[Mapping[str, Any], ...] = ()
    lengths: tuple[int, ...] = ()
    """Characters that each token adds to the text."""
    credit: tuple[int, ...] = ()
    """Credit of each of these tokens, from -100 to 100, in hundredths of ``most_credit``."""
    most_credit: float = 0.0

    def to_row(self) -> dict[str, Any]:
        """Returns what is not empty, for JSON."""
        return {name: value for name, value in vars(self).items() if value not in ("", (), {}, None)}


def learned_sample(row: Mapping[str, Any]) -> ReportSample:
    """Makes a sample of a line of a run's record."""
    most = max((abs(value) for value in row["credit"]), default=0.0)
    # Whole numbers: the page has one for every token, and a colour needs no more digits.
    shades = [round(_STEPS * value / most) if most else 0 for value in row["credit"]]
    lengths, credit = _segments(row["offsets"], shades, len(row["completion"]))
    return ReportSample(
        task_id=row["task_id"],
        completion=row["completion"],
        verdict="infra_error" if row["infra_error"] else row["verdict"],
        kind=row["kind"],
        scope=row["scope"],
        tests="".join(_LETTERS.get(status, "?") for status in row["tests"]),
        step=row["step"],
        turn=row["turn"],
        prompt=row.get("prompt", ""),
        rewards=row["rewards"],
        advantage=row["advantage"],
        diagnostics=tuple(_diagnostic(found) for found in row["diagnostics"]),
        failed_tests=tuple(_test(test) for test in row["failed_tests"]),
        lengths=lengths,
        credit=credit,
        most_credit=most,
    )


def evaluated_sample(program: JudgedProgram, part: str) -> ReportSample:
    """Makes a sample of an evaluation's program."""
    return ReportSample(
        task_id=program.task_id,
        completion=program.completion,
        verdict=program.verdict.value,
        kind=program.kind.value,
        scope=program.scope.value,
        tests=program.tests,
        part=part,
        turn=program.turn,
        prompt=program.prompt,
        diagnostics=tuple(_diagnostic(found) for found in program.diagnostics),
        failed_tests=tuple(_test(test) for test in program.failed_tests),
    )


def _segments(
    offsets: Sequence[Sequence[int]], shades: Sequence[int], length: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Cuts the text where tokens begin: characters that several tokens touch belong to the first of them."""
    lengths, credit, done = [], [], 0
    # A character of several bytes may take several tokens, which then share its offsets.
    for (_, end), shade in zip(offsets, shades, strict=True):
        if end > done:
            lengths.append(min(end, length) - done)
            credit.append(shade)
            done = min(end, length)
    return tuple(lengths), tuple(credit)


def _diagnostic(found: Mapping[str, Any]) -> dict[str, Any]:
    names = ("source", "kind", "scope", "message", "start_line", "start", "end", "test_index", "score")
    return {name: found[name] for name in names}


def _test(test: Mapping[str, Any]) -> dict[str, Any]:
    # Only what the page shows: a report of 10,000 programs is one file.
    names = ("index", "status", "public", "kind", "call", "expected", "actual")
    return {name: test[name] for name in names if test.get(name) not in ("", None)}
