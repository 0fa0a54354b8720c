"""What an execution means: the record that the judge hands out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codegym.feedback.diagnostic import Diagnostic
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.verdict import Verdict
from codegym.program import Program
from codegym.sandbox.execution import Trust


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """One test's outcome.

    Attributes:
        index: Position in ``Problem.tests``.
        status: The verdict of this test.
        public: Whether it may be shown to the agent.
        kind: What went wrong, ``Kind.NONE`` for a pass.
        call: What was tried, as text for people (``f([1, 2], k=3)``), cut to a bounded length.
        expected: The expected value or output, as text, cut to a bounded length.
        actual: The value or output that came, or the error, as text, cut to a bounded length.
        cpu_seconds: Measured from outside the program's process.
        seconds: Wall-clock time of this test.
        peak_memory_bytes: Largest resident size seen, 0 where unknown.
    """

    __test__ = False  # pytest: this is a record, not a test

    index: int
    status: Verdict
    public: bool
    kind: Kind
    call: str = ""
    expected: str = ""
    actual: str = ""
    cpu_seconds: float = 0.0
    seconds: float = 0.0
    peak_memory_bytes: int = 0

    @property
    def is_failure(self) -> bool:
        """Whether it was run and did not pass."""
        return self.status not in (Verdict.PASS, Verdict.NOT_RUN)


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """The meaning of one judged completion.

    Attributes:
        task_id: The id of the problem.
        program: The code that was judged, with its map back to the completion.
        verdict: The worst of the tests' verdicts; ``UNJUDGED`` without tests, or if a test is at fault and none failed.
        kind: What went wrong first among the tests of the worst verdict.
        scope: Which part of the completion the error speaks of.
        diagnostics: Everything found wrong, most certain first.
        tests: One result a test, in order.
        trust: Whether the verdict could in principle be forged.
        executed_lines: Lines of the program that some test ran; empty where that is not known: if the program was not
            traced, or a trace was cut short.
    """

    task_id: str
    program: Program
    verdict: Verdict
    kind: Kind
    scope: Scope
    diagnostics: tuple[Diagnostic, ...] = ()
    tests: tuple[TestResult, ...] = ()
    trust: Trust = Trust.ISOLATED
    executed_lines: tuple[int, ...] = ()

    @property
    def tests_total(self) -> int:
        """How many tests there were."""
        return len(self.tests)

    @property
    def tests_passed(self) -> int:
        """How many of them passed."""
        return sum(test.status is Verdict.PASS for test in self.tests)

    @property
    def pass_rate(self) -> float:
        """Share of the tests that passed, 0 without any: a crash in one takes nothing from the others.

        Tests that are themselves at fault do not count. Where the judge stopped early, tests that were not run count as
        not passed: the rate is then the least that the program's can be.
        """
        # A test at fault takes nothing from a right program.
        judged = sum(test.status is not Verdict.UNJUDGED for test in self.tests)
        return self.tests_passed / judged if judged else 0.0

    @property
    def is_unknown(self) -> bool:
        """Whether the tests say nothing of the program: the machine failed, or a test is at fault and none failed."""
        return self.verdict is Verdict.INFRA_ERROR or (self.verdict is Verdict.UNJUDGED and bool(self.tests))

    @property
    def is_success(self) -> bool:
        """Whether every test passed and there was one."""
        return self.verdict is Verdict.PASS

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds over all tests."""
        return sum(test.cpu_seconds for test in self.tests)

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as plain, JSON-safe data (enums as their texts)."""
        return {
            "task_id": self.task_id,
            "source": self.program.source,
            "verdict": self.verdict.value,
            "kind": self.kind.value,
            "scope": self.scope.value,
            "pass_rate": self.pass_rate,
            "tests_passed": self.tests_passed,
            "tests_total": self.tests_total,
            "diagnostics": [plain(diagnostic) for diagnostic in self.diagnostics],
            "tests": [plain(test) for test in self.tests],
            "trust": self.trust.value,
            "executed_lines": list(self.executed_lines),
        }


def plain(record: Diagnostic | TestResult) -> dict[str, Any]:
    """Returns a record's fields as JSON-safe data."""
    # The texts themselves and not the enums, which are texts too: pickles and checkpoints outlive these classes.
    return {name: getattr(value, "value", value) for name, value in vars(record).items()}
