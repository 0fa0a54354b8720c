"""A judge without a sandbox, so that the agent's own mechanics can be tested in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agents.policy.policy import LMPolicy
from codegym import Problem, ScriptTest
from codegym.env import CodeSynthesisEnv
from codegym.feedback.diagnostic import Diagnostic, Source
from codegym.feedback.feedback import Feedback, TestResult
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.verdict import Verdict
from codegym.program import Program, Segment

TESTS = 4


@dataclass
class LetterJudge:
    """Likes lower-case letters: test i of 4 passes where more than i quarters of the characters are such letters.

    A ``!`` is an error at its place; a text with a NUL breaks the machine.
    """

    seen: list[tuple[str, str]] = field(default_factory=list)

    def judge(self, problem: Problem, completion: str) -> Feedback:
        self.seen.append((problem.task_id, completion))
        letters = sum(c.islower() and c.isascii() for c in completion)
        passed = [letters > index / TESTS * max(len(completion), 1) for index in range(TESTS)]
        bang = completion.find("!")
        verdict, kind, scope = Verdict.FAIL, Kind.WRONG_ANSWER, Scope.IGNORE
        diagnostics: tuple[Diagnostic, ...] = ()
        if "\0" in completion:
            verdict, kind, scope = Verdict.INFRA_ERROR, Kind.INFRA_ERROR, Scope.NONE
        elif bang >= 0:
            verdict, kind, scope = Verdict.ERROR, Kind.NAME_ERROR, Scope.LINE
            passed = [False] * TESTS
            diagnostics = (
                Diagnostic(source=Source.RUNTIME, kind=kind, scope=scope, message="!", start=bang, end=bang + 1),
            )
        elif all(passed):
            verdict, kind, scope = Verdict.PASS, Kind.NONE, Scope.NONE
        whole = Segment(source_start=0, completion_start=0, length=len(completion))
        return Feedback(
            task_id=problem.task_id,
            program=Program(source=completion, completion=completion, segments=(whole,)),
            verdict=verdict,
            kind=kind,
            scope=scope,
            diagnostics=diagnostics,
            tests=tuple(
                TestResult(index=i, status=Verdict.PASS if ok else Verdict.FAIL, public=i == 0, kind=kind)
                for i, ok in enumerate(passed)
            ),
        )

    def judge_many(self, pairs: Sequence[tuple[Problem, str]]) -> list[Feedback]:
        return [self.judge(problem, completion) for problem, completion in pairs]


@pytest.fixture
def judge() -> LetterJudge:
    return LetterJudge()


@pytest.fixture
def problems() -> list[Problem]:
    tests = tuple(ScriptTest(source="assert True", public=i == 0) for i in range(TESTS))
    return [
        Problem(
            task_id=f"letters/{i}",
            prompt=f"Write letters, {i}.",
            entry_point="f",
            tests=tests,
            solutions=("abc\n", "xyz\n"),
        )
        for i in range(6)
    ]


@pytest.fixture
def env(problems: list[Problem], judge: LetterJudge) -> CodeSynthesisEnv:
    return CodeSynthesisEnv(problems, judge=judge)


@pytest.fixture
def make_policy(model_folder: Callable[[str], Path]) -> Callable[..., LMPolicy]:
    """Returns a function that loads a fresh small random policy."""

    def make(kind: str = "qwen2", max_new_tokens: int = 12) -> LMPolicy:
        return LMPolicy.load(model_folder(kind), device="cpu", max_new_tokens=max_new_tokens)

    return make
