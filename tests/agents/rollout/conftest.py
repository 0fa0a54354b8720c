"""A judge with a real sandbox, and problems that a line of code solves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from agents.policy.policy import LMPolicy
from codegym import CallTest, Feedback, Judge, Limits, Problem


class CountingJudge(Judge):
    """Notes what is submitted, and the futures."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they come
        self.submitted: list[tuple[str, str]] = []
        self.futures: list[Future[Feedback]] = []

    def submit(self, problem: Problem, completion: str) -> Future[Feedback]:
        self.submitted.append((problem.task_id, completion))
        self.futures.append(super().submit(problem, completion))
        return self.futures[-1]


@pytest.fixture
def judge() -> Iterator[CountingJudge]:
    with CountingJudge(workers=1, limits=Limits(cpu_seconds=0.5)) as judge:
        yield judge


@pytest.fixture
def problems() -> list[Problem]:
    """``f(x)`` is ``x`` and a number more; the first of two tests is public."""
    return [
        Problem(
            task_id=f"add/{more}",
            prompt=f"Add {more}.",
            entry_point="f",
            tests=(CallTest(args=(0,), expected=more, public=True), CallTest(args=(1,), expected=more + 1)),
        )
        for more in range(6)
    ]


@pytest.fixture
def policy(model_folder: Callable[[str], Path]) -> LMPolicy:
    """A small random policy."""
    return LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=8)
