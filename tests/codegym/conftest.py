"""Fakes that the tests of the environment share: a judge that reads the completion, and problems to ask."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from codegym import CallTest, Diagnostic, Feedback, Kind, Problem, Program, Scope, TestResult, Verdict
from codegym.feedback.diagnostic import Source


class FakeJudge:
    """The first word of a completion is the verdict of every test; an unknown word means ``fail``."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.batches = 0
        self.closed = False

    def judge(self, problem: Problem, completion: str) -> Feedback:
        self.seen.append((problem.task_id, completion))
        word = (completion.split() or [""])[0]
        verdict = Verdict(word) if word in set(Verdict) else Verdict.FAIL
        kind = Kind.NONE if verdict is Verdict.PASS else Kind.WRONG_ANSWER
        scope = Scope.NONE if verdict is Verdict.PASS else Scope.GLOBAL
        return Feedback(
            task_id=problem.task_id,
            program=Program(source=completion, completion=completion, segments=()),
            verdict=verdict if problem.tests else Verdict.UNJUDGED,
            kind=kind,
            scope=scope,
            diagnostics=tuple(
                Diagnostic(
                    source=Source.TEST,
                    kind=kind,
                    scope=scope,
                    message=f"expected {test.expected!r}",  # type: ignore[union-attr]
                    test_index=index,
                )
                for index, test in enumerate(problem.tests)
                if verdict is not Verdict.PASS
            ),
            tests=tuple(
                TestResult(
                    index=index,
                    status=verdict,
                    public=test.public,
                    kind=kind,
                    call="f()",
                    expected=repr(test.expected),  # type: ignore[union-attr]
                    actual="None",
                    seconds=0.25,
                )
                for index, test in enumerate(problem.tests)
            ),
        )

    def judge_many(self, pairs: Sequence[tuple[Problem, str]]) -> list[Feedback]:
        self.batches += 1
        return [self.judge(problem, completion) for problem, completion in pairs]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def other_python() -> Callable[[str], str]:
    """Finds an interpreter of a version; a test that needs one which is not installed is skipped."""

    def find(version: str) -> str:
        if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
            return sys.executable
        installed = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python3"))
        python = str(installed[-1]) if installed else shutil.which(f"python{version}")
        works = python and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
        if not python or not works:
            pytest.skip(f"needs a second interpreter, python{version}")
        return python

    return find


@pytest.fixture
def fake_judge() -> FakeJudge:
    return FakeJudge()


@pytest.fixture
def new_fake_judge() -> Callable[[], FakeJudge]:
    return FakeJudge


@pytest.fixture
def problems() -> tuple[Problem, ...]:
    """Five problems with one public test each, and a private one whose value is easy to search for."""
    return tuple(
        Problem(
            task_id=f"toy/{number}",
            prompt=f"Return {number}.",
            entry_point="f",
            tests=(CallTest(expected=number, public=True), CallTest(args=("secret-in",), expected=f"secret-{number}")),
        )
        for number in range(5)
    )
