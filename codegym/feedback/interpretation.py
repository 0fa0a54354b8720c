"""From what the sandbox observed to what it means. Pure: the same execution always gives the same feedback."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from codegym.errors import InfrastructureError
from codegym.feedback.diagnostic import Diagnostic, Source
from codegym.feedback.feedback import Feedback, TestResult
from codegym.feedback.kind import KINDS, Kind, KindTable, Meaning, Scope
from codegym.feedback.location import Location
from codegym.feedback.value_text import call_text, cut_text, value_text
from codegym.feedback.verdict import Verdict
from codegym.problem import CallTest, Problem, ScriptTest, StdioTest, TestCase
from codegym.program import Program
from codegym.sandbox.execution import Execution, Failure, Observation, Place, Status

MOST_DIAGNOSTICS = 16  # diagnostics that one feedback carries at most, from public and from private tests each
INNERMOST_FRAMES = 10  # frames at the end of a traceback in which the cycle of an endless recursion is looked for
# Failed private tests whose call and values are put into words: printing hundreds would cost more than judging.
MOST_TEXTS = 8

VERDICTS = {
    Status.OK: Verdict.FAIL,  # of an answer that was not accepted
    Status.REFUSED: Verdict.FAIL,
    Status.OPAQUE: Verdict.FAIL,
    Status.RAISED: Verdict.ERROR,
    Status.MISSING: Verdict.ERROR,
    Status.EXITED: Verdict.ERROR,
    Status.CRASHED: Verdict.ERROR,
    Status.MEMORY: Verdict.ERROR,
    Status.OUTPUT: Verdict.ERROR,
    Status.TAMPERED: Verdict.ERROR,
    Status.CPU_TIMEOUT: Verdict.TIMEOUT,
    Status.WALL_TIMEOUT: Verdict.TIMEOUT,
    Status.BUDGET: Verdict.TIMEOUT,
    Status.FAULTY: Verdict.UNJUDGED,
    Status.NOT_RUN: Verdict.NOT_RUN,
    Status.INFRA: Verdict.INFRA_ERROR,
}
"""The verdict of a test that was not passed, by how it ended."""

MESSAGES = {
    Status.MISSING: "the program does not define what the tests call",
    Status.EXITED: "the program ended before it answered",
    Status.CRASHED: "the interpreter crashed",
    Status.MEMORY: "memory limit exceeded",
    Status.OUTPUT: "output limit exceeded",
    Status.TAMPERED: "the program wrote to the channel on which results travel",
    Status.CPU_TIMEOUT: "time limit exceeded",
    Status.WALL_TIMEOUT: "time limit exceeded",
    Status.BUDGET: "time limit over all tests exceeded",
    Status.OPAQUE: "what the function returned is not data",
    Status.FAULTY: "the test itself is at fault",
    Status.NOT_RUN: "not run: an earlier test did not pass",
    Status.INFRA: "the machine failed",
}
"""What a diagnostic says where no exception says more."""

_NO_FAULT_OF_THE_PROGRAM = (Verdict.INFRA_ERROR, Verdict.UNJUDGED, Verdict.NOT_RUN)
_PASSED = Meaning(Kind.NONE, Scope.NONE)
_UNREADABLE = re.compile("[\0\ud800-\udfff]")
_TRIPLE_QUOTE = re.compile(r"[A-Za-z]{0,2}(\"\"\"|''')")


@dataclass(frozen=True, kw_only=True)
class _Finding:
    """One test's outcome before it is written down."""

    verdict: Verdict
    meaning: Meaning = _PASSED
    diagnostic: Diagnostic | None = None


_PASS = _Finding(verdict=Verdict.PASS)


def interpret(problem: Problem, program: Program, execution: Execution, *, kinds: KindTable = KINDS) -> Feedback:
    """Says what an execution means.

    Args:
        problem: The task, with its tests; its tests' expected answers are compared here, outside the sandbox.
        program: What was run.
        execution: One observation for each test, in order; for a problem without tests, of loading it.
        kinds: The tables from exceptions and statuses to kinds and scopes.

    Returns:
        The feedback. Nothing that a program did makes this raise.

    Raises:
        InfrastructureError: If there are fewer observations than tests.
    """
    observations = tuple(_blamed(problem, observation) for observation in execution.observations)
    if len(observations) < len(problem.tests):
        raise InfrastructureError(
            f"{problem.task_id}: expected {len(problem.tests)} observations, one a test, got {len(observations)}. "
            "The sandbox must answer every action of a job."
        )
    cases: Sequence[TestCase | None] = problem.tests or [None] * len(observations)
    reading = _Reading(problem, program, kinds)
    findings = [
        _PASS if _passes(problem, case, observation) else reading.finding(case, observation, index)
        for index, (case, observation) in enumerate(zip(cases, observations, strict=False))
    ]
    # The kind is that of the first test of the worst verdict, so that it does not depend on the order of the others.
    worst = Verdict.worst(finding.verdict for finding in findings)
    first = next((finding.meaning for finding in findings if finding.verdict is worst), _PASSED)
    return Feedback(
        task_id=problem.task_id,
        program=program,
        verdict=worst if problem.tests else Verdict.UNJUDGED,
        kind=first.kind,
        scope=first.scope,
        diagnostics=_merged(problem, findings),
        tests=tuple(_results(problem, observations, findings)),
        trust=execution.trust,
    )


def _blamed(problem: Problem, observation: Observation) -> Observation:
    """Returns what is seen where a test names what nobody has defined: the program, if the problem speaks of it.

    MBPP/601's tests build objects of a class ``Pair``, which the program has to define.
    """
    failure = observation.failure
    if observation.status is not Status.FAULTY or failure is None:
        return observation
    text = "\n".join((problem.prompt, problem.starter_code, *problem.solutions))
    is_named = re.search(rf"\b{re.escape(failure.message)}\b", text) is not None
    return replace(observation, status=Status.REFUSED, failure=None) if is_named else observation


class Settling:
    """Compares answers as they arrive and drops them: what remains is short, whatever a program said.

    Args:
        problem: The task, with its tests.
        order: The index of the test behind each action.
    """

    def __init__(self, problem: Problem, order: Sequence[int]) -> None:
        self.problem, self.order = problem, order
        self._texts = MOST_TEXTS

    def __call__(self, action: int, observation: Observation) -> Observation:
        """Returns what is to be kept of an observation."""
        case = self.problem.tests[self.order[action]] if self.problem.tests else None
        observation = _blamed(self.problem, observation)
        accepted = _passes(self.problem, case, observation)
        answer = ""
        if case is not None and observation.status is Status.OK and (case.public or not accepted):
            self._texts -= not case.public
            answer = _actual(case, observation) if self._texts >= 0 else ""
        # A test that is at fault, or a machine that failed, must not stop a judge that stops at the first failure.
        is_known = VERDICTS[observation.status] not in _NO_FAULT_OF_THE_PROGRAM
        return observation.decided(accepted if is_known else None, answer)


def _passes(problem: Problem, case: TestCase | None, observation: Observation) -> bool:
    if observation.status is not Status.OK:
        return False
    if observation.accepted is not None:
        return observation.accepted
    accepts = problem.comparison.accepts
    match case:
        case CallTest(expected_args=None):
            return accepts(case.args, case.expected, observation.value)
        case CallTest(expected_args=expected_args):
            changed = case.args if observation.args is None else observation.args
            return (
                expected_args is not None
                and len(changed) == len(expected_args)
                and all(accepts(case.args, *pair) for pair in zip(expected_args, changed, strict=True))
                and (case.expected is None or accepts(case.args, case.expected, observation.value))
            )
        case StdioTest():
            return problem.comparison.accepts_output(case.expected_stdout, observation.stdout, case.stdin)
        case _:  # a script that ran to its end, or a program that was only loaded
            return True


@dataclass(frozen=True)
class _Reading:
    """What observations are read against; tests that fail alike are read once."""

    problem: Problem
    program: Program
    kinds: KindTable
    known: dict[object, _Finding] = field(default_factory=dict)

    def finding(self, case: TestCase | None, observation: Observation, index: int) -> _Finding:
        """Returns what a failed test shows; equal faults of public and of private tests are kept apart."""
        key = (observation.status, observation.failure, case is None or case.public)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = _found(self, observation, -1 if case is None else index)
        return found


def _found(reading: _Reading, observation: Observation, index: int) -> _Finding:
    verdict = VERDICTS[observation.status]
    meaning = _meaning(reading, observation)
    if verdict in _NO_FAULT_OF_THE_PROGRAM:
        return _Finding(verdict=verdict, meaning=meaning)
    location = Location.of_span(reading.program, _span(reading.program, observation, meaning.kind))
    if _ends_in_triple_quotes(reading.program, location, meaning):
        meaning = Meaning(meaning.kind, Scope.IGNORE)
    if meaning.scope is Scope.LINE and not location.in_completion:
        meaning = Meaning(meaning.kind, Scope.GLOBAL)  # there is no line of the policy's to blame
    failure = observation.failure
    # Loading a program takes no input from a test, unless the program is a script that reads standard input.
    reads_input = any(isinstance(test, StdioTest) for test in reading.problem.tests)
    independent = failure is not None and failure.loading and (meaning.kind.is_syntax or not reads_input)
    diagnostic = Diagnostic(
        source=_source(verdict, meaning.kind),
        kind=meaning.kind,
        scope=meaning.scope,
        message=_message(observation),
        test_index=-1 if independent or meaning.kind is Kind.MISSING_FUNCTION else index,
        **vars(location),
    )
    return _Finding(verdict=verdict, meaning=meaning, diagnostic=diagnostic)


def _meaning(reading: _Reading, observation: Observation) -> Meaning:
    failure = observation.failure
    if observation.status is not Status.RAISED or failure is None:
        return reading.kinds.statuses[observation.status]
    meaning = reading.kinds.of_exception(failure.bases or (failure.exception,))
    compiling = failure.loading and not failure.frames
    # Which exception it is differs from version to version; what is wrong does not.
    if compiling and _UNREADABLE.search(reading.program.source):
        return reading.kinds.of_exception(("SyntaxError",))  # ValueError or UnicodeError, depending on the CPython
    # The program compiled: the error lies in a text that it handed to ``eval`` or ``exec``.
    if meaning.kind.is_syntax and not compiling:
        return Meaning(Kind.DYNAMIC_SYNTAX_ERROR, Scope.LINE)
    if failure.signature_mismatch:
        return Meaning(Kind.WRONG_SIGNATURE, meaning.scope)
    return meaning


def _span(program: Program, observation: Observation, kind: Kind) -> Place | None:
    failure = observation.failure
    if failure is None or failure.place is not None or not kind.is_syntax:
        return failure.place if failure else None
    found = _UNREADABLE.search(program.source)
    if found is None:
        return None
    line, col = program.position_of(found.start())
    return Place(start_line=line, start_col=col, end_line=line, end_col=col + 1)


def _ends_in_triple_quotes(program: Program, location: Location, meaning: Meaning) -> bool:
    """Whether a syntax error is a triple-quoted string that never ends: its line says nothing (RLTF's U_ignore)."""
    if meaning.kind is not Kind.SYNTAX_ERROR or meaning.scope is not Scope.LINE or not location.start_line:
        return False
    start = program.offset_of(location.start_line, location.start_col)
    opening = _TRIPLE_QUOTE.match(program.source, start)
    return opening is not None and opening.group(1) not in program.source[opening.end() :]


def _source(verdict: Verdict, kind: Kind) -> Source:
    if verdict is Verdict.TIMEOUT:
        return Source.TIMEOUT
    if verdict is Verdict.FAIL:
        return Source.TEST
    return Source.COMPILER if kind.is_syntax else Source.RUNTIME


def _message(observation: Observation) -> str:
    failure = observation.failure
    if observation.status is Status.RAISED and failure is not None:
        text = cut_text(f"{failure.exception}: {failure.message}" if failure.message else failure.exception)
        return text + _cycle(failure) if "RecursionError" in failure.bases else text
    return MESSAGES.get(observation.status, "wrong answer")


def _cycle(failure: Failure) -> str:
    """Names the lines that call each other without end: those that the innermost frames repeat."""
    innermost = failure.frames[-INNERMOST_FRAMES:]
    lines = sorted({span.start_line for span in innermost if innermost.count(span) > 1})
    if not lines:
        return ""
    return f" (line {lines[0]} calls itself)" if len(lines) == 1 else f" (a cycle through lines {lines})"


def _merged(problem: Problem, findings: Sequence[_Finding]) -> tuple[Diagnostic, ...]:
    """Returns each distinct fault once, with the first test that showed it; those of the worst verdict come first.

    Public tests speak before private ones, so that what they found never depends on a test that may not be shown.
    """
    worst = Verdict.worst(finding.verdict for finding in findings)
    public = [not problem.tests or problem.tests[index].public for index in range(len(findings))]
    distinct: dict[object, tuple[bool, Diagnostic]] = {}
    for shown in (True, False):
        room = len(distinct) + MOST_DIAGNOSTICS
        for finding, is_public in zip(findings, public, strict=True):
            found = finding.diagnostic
            if found is not None and is_public is shown and len(distinct) < room:
                span = (found.kind, found.start_line, found.start_col, found.end_line, found.end_col)
                # The first test that shows a fault speaks for all others.
                distinct.setdefault(span, (finding.verdict is not worst, found))
    return tuple(diagnostic for _, diagnostic in sorted(distinct.values(), key=lambda entry: entry[0]))


def _results(
    problem: Problem, observations: Iterable[Observation], findings: Sequence[_Finding]
) -> Iterator[TestResult]:
    texts = MOST_TEXTS
    for index, (test, observation, finding) in enumerate(zip(problem.tests, observations, findings, strict=False)):
        failed = finding.verdict not in (Verdict.PASS, Verdict.NOT_RUN)
        shown = test.public or (failed and texts > 0)
        texts -= failed and not test.public
        yield TestResult(
            index=index,
            status=finding.verdict,
            public=test.public,
            kind=finding.meaning.kind,
            call=_call(problem, test) if shown else "",
            expected=_expected(test) if shown else "",
            actual=_actual(test, observation) if shown else "",
            cpu_seconds=observation.cpu_seconds,
            seconds=observation.wall_seconds,
            peak_memory_bytes=observation.peak_memory_bytes,
        )


def _call(problem: Problem, test: TestCase) -> str:
    match test:
        case CallTest():
            return call_text(problem.entry_point or "", test.args, test.kwargs)
        case StdioTest():
            return cut_text(test.stdin)
        case ScriptTest():
            return cut_text(test.source)


def _expected(test: TestCase) -> str:
    match test:
        case CallTest(expected_args=None):
            return value_text(test.expected)
        case CallTest():
            return f"arguments after the call: {value_text(test.expected_args)}"
        case StdioTest():
            return cut_text(test.expected_stdout)
        case ScriptTest():
            return ""


def _actual(test: TestCase, observation: Observation) -> str:
    if observation.status is not Status.OK:
        return cut_text(observation.detail) or _message(observation)
    if observation.accepted is not None:
        return observation.answer
    match test:
        case CallTest(expected_args=None):
            return value_text(observation.value)
        case CallTest():
            changed = test.args if observation.args is None else observation.args
            return f"arguments after the call: {value_text(changed)}"
        case StdioTest():
            return cut_text(observation.stdout)
        case ScriptTest():
            return ""
