from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import pytest

from agents.evaluation import Evaluation, evaluate
from codegym import CallTest, Judge, Problem
from codegym.errors import InvalidSettingError, UnknownNameError
from codegym.feedback.feedback import Feedback
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.verdict import Verdict
from codegym.program import Program

GOOD, WRONG, BROKEN = "def f(x):\n    return x + 1\n", "def f(x):\n    return x\n", "def f(x:\n"


def problem(number: int, difficulty: str = "easy") -> Problem:
    tests = (CallTest(args=(1,), expected=2), CallTest(args=(5,), expected=6, public=True))
    return Problem(task_id=f"p/{number}", prompt="Add 1.", entry_point="f", tests=tests, difficulty=difficulty)


PROBLEMS = [problem(0), problem(1), problem(2, "hard"), problem(3, "hard")]


def samples(**programs: Sequence[str]) -> list[dict[str, str]]:
    return [{"task_id": f"p/{name[1:]}", "completion": text} for name, texts in programs.items() for text in texts]


@pytest.fixture(scope="module")
def judge() -> Any:
    with Judge(workers=1) as judge:
        yield judge


def test_by_hand(judge: Judge) -> None:
    given = samples(p0=[GOOD, WRONG], p1=[GOOD, GOOD], p2=[BROKEN, WRONG], p3=[WRONG, GOOD])
    result = evaluate(given, PROBLEMS, k=(1, 2), judge=judge)
    assert result.pass_at[1].estimate == pytest.approx((0.5 + 1 + 0 + 0.5) / 4)
    assert result.pass_at[2].estimate == pytest.approx(3 / 4)
    assert result.pass_at[1].low < 0.5 < result.pass_at[1].high
    assert result.by_difficulty["easy"][1].estimate == pytest.approx(0.75)
    assert result.by_difficulty["hard"][2].estimate == pytest.approx(0.5)
    assert result.kinds == {"none": 4, "wrong_answer": 3, "syntax_error": 1}
    assert [p.passed for p in result.problems] == [1, 2, 0, 1]
    assert result.missing == ()
    json.dumps(result.to_dict())
    assert str(result).startswith("problems: pass@1 50.0 % [")


def test_missing_problems_are_reported_and_not_zero(judge: Judge) -> None:
    result = evaluate(samples(p0=[GOOD], p2=[GOOD]), PROBLEMS, k=(1,), judge=judge)
    assert result.missing == ("p/1", "p/3")
    assert result.pass_at[1].estimate == 1.0


def test_a_k_above_the_samples_is_left_out_and_said(judge: Judge) -> None:
    given = samples(p0=[GOOD, GOOD], p1=[GOOD])
    result = evaluate(given, PROBLEMS, k=(1, 2), judge=judge)
    assert result.k == (1,)
    assert any("pass@2 left out" in note for note in result.notes)
    assert any("1 of 3 samples repeat" in note for note in result.notes)
    with pytest.raises(InvalidSettingError, match="pass@2 needs 2 samples"):
        evaluate(given, PROBLEMS, k=(2,), judge=judge)


def test_unknown_tasks_are_refused(judge: Judge) -> None:
    with pytest.raises(UnknownNameError, match="'p/1'"):
        evaluate([{"task_id": "p/11", "completion": GOOD}], PROBLEMS, judge=judge)


class FlakyJudge:
    """A machine that fails on every second program."""

    def judge_many(self, pairs: Sequence[tuple[Problem, str]]) -> list[Feedback]:
        verdicts = (Verdict.PASS, Verdict.INFRA_ERROR)
        kinds = (Kind.NONE, Kind.INFRA_ERROR)
        return [
            Feedback(
                task_id=problem.task_id,
                program=Program(source=text, completion=text, segments=()),
                verdict=verdicts[place % 2],
                kind=kinds[place % 2],
                scope=Scope.NONE,
            )
            for place, (problem, text) in enumerate(pairs)
        ]


def test_machine_failures_are_no_zeros() -> None:
    result = evaluate(samples(p0=[GOOD, GOOD + "\n"], p1=[GOOD, GOOD + "\n"]), PROBLEMS[:2], k=(1,), judge=FlakyJudge())  # type: ignore[arg-type]
    assert result.pass_at[1].estimate == 1.0
    assert [p.infra_errors for p in result.problems] == [1, 1]
    assert any("failed on 2 programs" in note for note in result.notes)


class Writer:
    """An agent of somebody else's: right every second time."""

    def __init__(self) -> None:
        self.calls = 0

    def predict(self, observation: dict[str, Any], deterministic: bool = False) -> tuple[str, None]:
        assert observation["prompt"] == "Add 1."
        self.calls += 1
        return (GOOD if self.calls % 2 else WRONG), None


def test_anything_that_predicts_can_be_evaluated(judge: Judge) -> None:
    seen: list[str] = []
    result = evaluate(Writer(), PROBLEMS, (1, 4), 4, judge, on_judged=lambda program: seen.append(program.task_id))
    assert result.pass_at[1].estimate == 0.5
    assert result.pass_at[4].estimate == 1.0
    assert seen == [f"p/{i}" for i in range(4) for _ in range(4)]
    with pytest.raises(TypeError, match="expected an agent"):
        evaluate(7, PROBLEMS, judge=judge)


def test_a_policy_is_evaluated_reproducibly(judge: Judge, model_folder: Any) -> None:
    from agents.policy.policy import LMPolicy

    policy = LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=6)

    def written(seed: int) -> list[str]:
        texts: list[str] = []
        evaluate(policy, PROBLEMS, (1,), 3, judge, seed, on_judged=lambda program: texts.append(program.completion))
        return texts

    assert written(1) == written(1)
    assert written(1) != written(2)


@pytest.mark.skipif("CODEGYM_DATA" not in os.environ, reason="needs CODEGYM_DATA, the folder with HumanEval")
def test_all_canonical_solutions_of_humaneval_pass() -> None:
    from envs_registry import load_suite

    suite = load_suite("humaneval")
    given = [{"task_id": p.task_id, "completion": p.solutions[0]} for p in suite]
    result: Evaluation = evaluate(given, suite, k=(1,))
    assert result.pass_at[1].estimate == 1.0
    assert len(result.problems) == 164
