from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from torch import Generator

from agents.engines.sampling import Sampling
from agents.evaluation import evaluate
from agents.evaluation.repair import repaired_samples
from agents.policy.completion import Completion
from codegym import CallTest, Judge, Problem

GOOD, HALF, WRONG = "def f(x):\n    return x + 1\n", "def f(x):\n    return 2\n", "def f(x):\n    return x\n"


def problem(name: str, public: bool) -> Problem:
    tests = (CallTest(args=(1,), expected=2, public=public), CallTest(args=(5,), expected=6))
    return Problem(task_id=name, prompt=name, entry_point="f", tests=tests)


class Scripted:
    """Writes what the script says for a problem, turn by turn."""

    max_new_tokens = 99

    def __init__(self, script: Mapping[str, Sequence[str]]) -> None:
        self.script = script
        self.told: list[str] = []

    def prompt_text(self, observation: Mapping[str, Any]) -> str:
        self.told.append(str(observation["feedback"]))
        return f"{observation['prompt']}|{observation['turn']}"

    def stream(self, prompts: Sequence[str], sampling: Any, generator: Any) -> Iterator[tuple[int, Completion]]:
        for index, prompt in enumerate(prompts):
            name, turn = prompt.split("|")
            none = np.zeros(0, np.int64)
            yield (
                index,
                Completion(
                    prompt=prompt,
                    text=self.script[name][int(turn)],
                    prompt_ids=none,
                    token_ids=none,
                    offsets=none.reshape(0, 2),
                    logprobs=none.astype(np.float32),
                    finished=True,
                ),
            )


def texts(policy: Scripted, problems: list[Problem], turns: int) -> dict[str, list[str]]:
    with Judge(workers=1) as judge:
        samples = repaired_samples(
            policy, problems, judge, n=2, turns=turns, sampling=Sampling(), generator=Generator()
        )  # type: ignore[arg-type]
    final = [sample for sample in samples if sample.is_final]
    return {p.task_id: [s.completion for s in final if s.task_id == p.task_id] for p in problems}


def test_public_tests_decide_who_writes_again() -> None:
    problems = [problem("a", True), problem("b", True), problem("c", False)]
    policy = Scripted({"a": [WRONG, GOOD, WRONG], "b": [HALF, GOOD, GOOD], "c": [WRONG, GOOD, GOOD]})
    # a is repaired; b passes its public test and stays, though a private one fails; c has no public test to repair by
    assert texts(policy, problems, turns=3) == {"a": [GOOD, GOOD], "b": [HALF, HALF], "c": [WRONG, WRONG]}
    assert any(policy.told)
    assert all("6" not in feedback for feedback in policy.told)  # the private test's expected value


def test_one_turn_is_plain_sampling_and_the_last_program_counts() -> None:
    policy = Scripted({"a": [WRONG, HALF, GOOD]})
    assert texts(policy, [problem("a", True)], turns=1) == {"a": [WRONG, WRONG]}
    never = Scripted({"a": [WRONG, WRONG, WRONG]})
    assert texts(never, [problem("a", True)], turns=3) == {"a": [WRONG, WRONG]}


def test_the_samples_are_evaluated_on_all_tests() -> None:
    problems = [problem("a", True), problem("b", True)]
    with Judge(workers=1) as judge:
        policy = Scripted({"a": [WRONG, GOOD], "b": [HALF, GOOD]})
        samples = repaired_samples(policy, problems, judge, n=1, turns=2, sampling=Sampling(), generator=Generator())  # type: ignore[arg-type]
        result = evaluate(samples, problems, (1,), judge=judge)
    assert result.pass_at[1].estimate == pytest.approx(0.5)
    assert [interval.estimate for interval in result.after_turn] == [0.0, 0.5]  # a is repaired, b is not
    assert [problem.judged for problem in result.problems] == [1, 1]  # what a repair replaced does not count
