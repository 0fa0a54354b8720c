"""Wrong answers have no traceback: which lines are to be suspected.

Two ways, both pure functions of traces. *Spectrum*: lines that failing tests run and passing tests do not (Ochiai's
coefficient). *Divergence*: the first values that a reference solution never has on the same test; the line that
produced them is suspected most, the lines that led there less.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from codegym.feedback.diagnostic import Diagnostic, Source
from codegym.feedback.feedback import Feedback
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.location import Location
from codegym.feedback.tracing import Trace
from codegym.feedback.verdict import Verdict
from codegym.program import Program

DECAY = 0.8
"""How much less each earlier line is suspected than the one after it, on the way to the first divergence."""
MOST_SUSPECTS = 5
"""Lines that are named as suspects at most."""
# A header or an import runs in every test, and only leads to the line that is wrong.
_HEADER = re.compile(r"\s*(?:(?:async\s+)?def\b|class\b|import\b|from\b|@)")
_MESSAGES = {
    Source.SPECTRUM: "suspected of the wrong answer: failing tests run it",
    Source.DIVERGENCE: "suspected of the wrong answer: here it parts from a reference solution",
}


def spectrum(traces: Sequence[Trace], passed: Sequence[bool]) -> dict[int, float]:
    """Scores lines by Ochiai's coefficient.

    Args:
        traces: One for each test; tests without a trace do not count.
        passed: Whether each test passed.

    Returns:
        For every line that was run, ``failed(line) / sqrt(failed * (failed(line) + passed(line)))``, in [0, 1].
    """
    seen = [(trace.lines, ok) for trace, ok in zip(traces, passed, strict=True) if trace.lines]
    failed = sum(not ok for _, ok in seen)
    scores = {}
    for line in frozenset().union(*(lines for lines, _ in seen)):
        runs = [ok for lines, ok in seen if line in lines]
        bad = runs.count(False)
        scores[line] = bad / math.sqrt(failed * len(runs)) if bad else 0.0
    return scores


def divergence(traces: Sequence[Trace], references: Sequence[Trace], passed: Sequence[bool]) -> dict[int, float]:
    """Scores lines by how directly they lead to the first value that a reference never has.

    In each failing test the line that produces the first divergent value gets 1, the line that ran before it ``DECAY``,
    the one before that ``DECAY`` squared, and so on. A line that produces divergent values in passing tests too
    computes in another way than the reference, which is no fault: it is passed over for lines that do so less often.

    Args:
        traces: The program's, one for each test, with values.
        references: A right program's on the same tests.
        passed: Whether each test passed.

    Returns:
        For every suspected line its mean blame over the failing tests, in [0, 1].
    """
    tests = [
        (trace, {value for step in reference.steps for value in step.values}, ok)
        for trace, reference, ok in zip(traces, references, passed, strict=True)
        if trace.steps and reference.steps
    ]
    harmless = _divergent_share([(trace, known) for trace, known, ok in tests if ok])
    blame: dict[int, float] = defaultdict(float)
    failing = [(trace, known) for trace, known, ok in tests if not ok]
    for trace, known in failing:
        for line, weight in _way_to_divergence(trace, known, harmless).items():
            blame[line] += weight / len(failing)
    return dict(blame)


def _divergent_share(tests: Sequence[tuple[Trace, set[int]]]) -> Mapping[int, float]:
    """Returns for each line the share of these tests in which it produced a value that the reference never has."""
    counts: dict[int, int] = defaultdict(int)
    for trace, known in tests:
        for line in {step.line for step in trace.steps if not known.issuperset(step.values)}:
            counts[line] += 1
    return {line: count / len(tests) for line, count in counts.items()}


def _way_to_divergence(trace: Trace, known: set[int], harmless: Mapping[int, float]) -> dict[int, float]:
    divergent = [index for index, step in enumerate(trace.steps) if not known.issuperset(step.values)]
    first = min(divergent, key=lambda index: (harmless.get(trace.steps[index].line, 0.0), index), default=None)
    # Without any divergent value the end of the test is what went wrong.
    last = len(trace.steps) - 1 if first is None else first
    weights: dict[int, float] = {}
    weight = 1.0
    for step in reversed(trace.steps[: last + 1]):
        if step.line not in weights:
            weights[step.line] = weight
            weight *= DECAY
    return weights


def ranked(scores: Mapping[int, float]) -> list[tuple[int, float]]:
    """Returns lines with their scores, most suspected first, equal ones in the order of the text."""
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def with_suspects(feedback: Feedback, traces: Sequence[Trace], references: Sequence[Trace] | None = None) -> Feedback:
    """Adds the lines that were run, and for a wrong answer the suspected lines, to a feedback.

    Suspects have a place, so the wrong answer's scope becomes ``line``.

    Args:
        feedback: What the judge said.
        traces: The program's, one for each test.
        references: A right program's, if there is one.
    """
    # Lines that only seem not to have run would be taken for neither right nor wrong: rather say nothing.
    executed = frozenset().union(*(trace.lines for trace in traces)) if all(trace.whole for trace in traces) else ()
    feedback = replace(feedback, executed_lines=tuple(sorted(executed)))
    if feedback.verdict is not Verdict.FAIL:
        return feedback
    run = [index for index, test in enumerate(feedback.tests) if test.status is not Verdict.NOT_RUN]
    passed = [feedback.tests[index].status is Verdict.PASS for index in run]
    traces = [traces[index] for index in run]
    suspects = list(_suspects(feedback.program, ranked(spectrum(traces, passed)), Source.SPECTRUM))
    if references is not None:
        blame = ranked(divergence(traces, [references[index] for index in run], passed))
        suspects += _suspects(feedback.program, blame[:1], Source.DIVERGENCE)
    if not suspects:
        return feedback
    known = [replace(d, scope=Scope.LINE) if d.kind is Kind.WRONG_ANSWER else d for d in feedback.diagnostics]
    scope = Scope.LINE if feedback.kind is Kind.WRONG_ANSWER else feedback.scope
    return replace(feedback, scope=scope, diagnostics=(*known, *suspects))


def _suspects(program: Program, scores: Sequence[tuple[int, float]], source: Source) -> Iterator[Diagnostic]:
    """Yields the first few lines that a policy can be blamed for; headers and imports only lead to them."""
    found = 0
    for line, score in scores:
        if not 1 <= line <= len(program.line_starts) or score <= 0 or found == MOST_SUSPECTS:
            continue
        start, end = program.line_starts[line - 1], program.line_end(line)
        text = program.source[start:end]
        if _HEADER.match(text):
            continue
        start += len(text) - len(text.lstrip())
        location = Location.of_range(program, start, max(start, start + len(text.strip())))
        if not location.in_completion:
            continue
        found += 1
        yield Diagnostic(
            source=source,
            kind=Kind.SUSPICIOUS_LINE,
            scope=Scope.LINE,
            message=_MESSAGES[source],
            score=min(score, 1.0),  # rounding can lift it a little above
            **vars(location),
        )
