"""Verdicts of a test and of a whole program, and how the one follows from the other."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """The outcome of a test or of a program; equal to its own text."""

    PASS = "pass"
    FAIL = "fail"
    TIMEOUT = "timeout"
    ERROR = "error"
    INFRA_ERROR = "infra_error"
    NOT_RUN = "not_run"
    """Of a test alone: another one did not pass before it, and the judge stops early."""
    UNJUDGED = "unjudged"
    """Nothing can be said of the program: there were no tests, or a test is itself at fault and no other one failed."""

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """Returns the worst: infra_error > error > timeout > fail > not_run > unjudged > pass; ``UNJUDGED`` of none."""
        return max(verdicts, key=_ORDER.index, default=cls.UNJUDGED)


# Tests that were not judged or not run beat passed ones: a program must not pass by what was never tested.
_ORDER = (
    Verdict.PASS,
    Verdict.UNJUDGED,
    Verdict.NOT_RUN,
    Verdict.FAIL,
    Verdict.TIMEOUT,
    Verdict.ERROR,
    Verdict.INFRA_ERROR,
)
