"""One episode: a problem, and the state after the turns so far."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gymnasium import spaces

from codegym.feedback.diagnostic import Diagnostic, Source
from codegym.feedback.feedback import Feedback, TestResult, plain
from codegym.feedback.report import turn_text
from codegym.feedback.verdict import Verdict
from codegym.problem import Problem
from codegym.spaces import UnicodeText


@dataclass(frozen=True, kw_only=True)
class Episode:
    """A state of the environment; ``after`` gives the next one, it changes nothing."""

    problem: Problem
    """The problem to be solved."""
    max_turns: int = 1
    """Number of completions that the agent may submit."""
    turn: int = 0
    """Number of completions that it has submitted."""
    feedback: Feedback | None = None
    """The last completion's feedback; None before the first."""
    rewards: Mapping[str, float] = field(default_factory=dict)
    """The named components of the last completion's reward."""

    def after(self, feedback: Feedback, rewards: Mapping[str, float]) -> Episode:
        """Returns the state after one more judged completion."""
        return replace(self, turn=self.turn + 1, feedback=feedback, rewards=rewards)

    @property
    def infra_error(self) -> bool:
        """Whether the machine failed at the last turn, so that it says nothing about the completion."""
        return self.feedback is not None and self.feedback.verdict is Verdict.INFRA_ERROR

    @property
    def terminated(self) -> bool:
        """Whether the last completion solved the problem or was the last that was allowed."""
        # A failing machine truncates: the episode has not come to an end that could be learned from.
        if self.feedback is None or self.infra_error:
            return False
        return self.feedback.is_success or self.turn >= self.max_turns

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do but to start another."""
        return self.terminated or self.infra_error

    @property
    def reward(self) -> float:
        """The sum of the components; NaN where nothing is known, and so nothing to be learnt from such a turn."""
        is_unknown = self.feedback is not None and self.feedback.is_unknown
        return math.nan if is_unknown else float(sum(self.rewards.values()))

    @staticmethod
    def observation_space(max_turns: int) -> spaces.Dict:
        """Returns the space of ``observation()``."""
        texts = {"prompt": UnicodeText(), "feedback": UnicodeText()}
        return spaces.Dict({**texts, "turn": spaces.Discrete(max_turns + 1)})

    def observation(self) -> dict[str, Any]:
        """Returns what the agent sees: the prompt, the last turn's feedback (public tests only), the turns used."""
        text = "" if self.feedback is None else turn_text(self.feedback, self.problem)
        return {"prompt": self.problem.prompt, "feedback": text, "turn": self.turn}

    def info(self) -> dict[str, Any]:
        """Returns what else is known: ``task_id`` before the first turn, then the keys that the environment documents.

        Everything in it is plain data, a function of problem and completion alone, and free of private tests' values;
        measured times are in ``Feedback`` only.
        """
        # Built anew at every call: the caller may change what it gets.
        feedback = self.feedback
        # Before the first turn there is no verdict that the other keys could speak of.
        if feedback is None:
            return {"task_id": self.problem.task_id}
        return {
            "task_id": self.problem.task_id,
            "verdict": feedback.verdict.value,
            "is_success": feedback.is_success,
            "pass_rate": feedback.pass_rate,
            "tests_passed": feedback.tests_passed,
            "tests_total": feedback.tests_total,
            "kind": feedback.kind.value,
            "scope": feedback.scope.value,
            "diagnostics": tuple(self._diagnostic(diagnostic) for diagnostic in feedback.diagnostics),
            "tests": tuple(_test(test) for test in feedback.tests),
            "reward_components": {name: float(value) for name, value in self.rewards.items()},
            "infra_error": self.infra_error,
        }

    def _diagnostic(self, diagnostic: Diagnostic) -> dict[str, Any]:
        # A message may quote a private test's values; the kind says as much as the agent may know.
        message = diagnostic.message if self._is_public(diagnostic) else diagnostic.kind.value
        return plain(diagnostic) | {"message": message, "score": float(diagnostic.score)}

    def _is_public(self, diagnostic: Diagnostic) -> bool:
        """Whether the message can say nothing about a private test (a raised message may quote the arguments)."""
        # The compiler and the linter read the program only: they know no test.
        if diagnostic.test_index < 0 or diagnostic.source in (Source.COMPILER, Source.LINT):
            return True
        return self.problem.tests[diagnostic.test_index].public


def _test(test: TestResult) -> dict[str, Any]:
    return {
        "index": test.index,
        "status": test.status.value,
        "public": test.public,
        "kind": test.kind.value,
        "call": test.call if test.public else "",
        "expected": test.expected if test.public else "",
        "actual": test.actual if test.public else "",
    }
