"""Feedback as a text for the agent, from what it may know: the compiler's word and the public tests."""

from __future__ import annotations

from collections.abc import Iterator

from codegym.feedback.diagnostic import COMPARING, Diagnostic
from codegym.feedback.feedback import Feedback, TestResult
from codegym.feedback.value_text import shown_line
from codegym.feedback.verdict import Verdict
from codegym.problem import Problem, StdioTest

MOST_SHOWN = 5  # failed public tests, and diagnostics, that are shown in full
LONGEST_PROGRAM = 8_000  # characters of a program that its author is shown again


def public_diagnostics(feedback: Feedback) -> tuple[Diagnostic, ...]:
    """Returns the diagnostics that were found without a test or by a public one.

    Suspected lines come from comparing all tests, so they are public only where every test is.
    """
    public = {test.index for test in feedback.tests if test.public}
    # What was found by comparing tests would tell of private ones.
    hidden = COMPARING if len(public) < len(feedback.tests) else frozenset()
    return tuple(
        d for d in feedback.diagnostics if d.source not in hidden and (d.test_index < 0 or d.test_index in public)
    )


def turn_text(feedback: Feedback, problem: Problem) -> str:
    """Puts a turn into words for the next one: the program that the agent wrote, then ``observation_text``.

    An agent that only sees observations needs both to repair its program. A program beyond ``LONGEST_PROGRAM``
    characters is cut.
    """
    written = feedback.program.completion
    if len(written) > LONGEST_PROGRAM:
        written = written[:LONGEST_PROGRAM] + f"\n... ({len(written)} characters)"
    return f"Your program:\n{written.rstrip()}\n\n{observation_text(feedback, problem)}"


def observation_text(feedback: Feedback, problem: Problem) -> str:
    """Puts feedback into words for the next turn's prompt.

    Nothing in the text depends on a private test, not even whether it passed.

    Args:
        feedback: What the judge said.
        problem: The task that the agent works on.

    Returns:
        A text of bounded length.
    """
    public = [test for test in feedback.tests if test.public]
    # In the order of the tests, so that the text does not depend on how certain each finding is.
    diagnostics = sorted(public_diagnostics(feedback), key=lambda diagnostic: diagnostic.test_index)
    parts = [
        diagnostic_text(feedback, diagnostic)
        for diagnostic in diagnostics[:MOST_SHOWN]
        if diagnostic.start_line or diagnostic.test_index < 0
    ]
    failed = [test for test in public if test.is_failure]
    passed = sum(test.status is Verdict.PASS for test in public)
    not_run = len(public) - passed - len(failed)
    if public:
        parts.append(f"Public tests: {passed} of {len(public)} passed{f', {not_run} not run' if not_run else ''}.")
    parts.extend("\n".join(_test_lines(test, problem)) for test in failed[:MOST_SHOWN])
    if not parts:
        parts.append("The program was run. There are no public tests to report on.")
    return "\n".join(parts)


def diagnostic_text(feedback: Feedback, diagnostic: Diagnostic) -> str:
    """Returns a diagnostic as CPython words it: the place, the line with carets under it, the message."""
    if not diagnostic.start_line:
        return diagnostic.message
    program = feedback.program
    start = program.line_starts[diagnostic.start_line - 1]
    line = shown_line(program.source[start : program.line_end(diagnostic.start_line)])
    end_col = diagnostic.end_col if diagnostic.end_line == diagnostic.start_line else len(line.rstrip())
    carets = " " * diagnostic.start_col + "^" * max(1, end_col - diagnostic.start_col)
    # A program may consist of one line of any length.
    shown = "\n".join(text[:200].rstrip() for text in (f"    {line}", f"    {carets}"))
    return f"Line {diagnostic.start_line}: {diagnostic.message}\n{shown}"


def _test_lines(test: TestResult, problem: Problem) -> Iterator[str]:
    what = "input" if isinstance(problem.tests[test.index], StdioTest) else "call"
    yield f"Test {test.index} ({test.kind}):"
    for name, text in ((what, test.call), ("expected", test.expected), ("got", test.actual)):
        if text:
            separator = "\n" if "\n" in text.strip() else " "
            yield f"  {name}:{separator}{text.rstrip()}"
