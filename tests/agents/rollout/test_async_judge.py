from __future__ import annotations

from typing import Any

from agents.rollout.async_judge import EagerJudge
from agents.rollout.episodes import make_stage
from codegym import CallTest, Judge, Problem
from codegym.diagnosis import DiagnosingJudge
from codegym.env import CodeSynthesisEnv

GOOD, WRONG = "def f(x):\n    return x + 1\n", "def f(x):\n    return x\n"
PROBLEMS = [
    Problem(task_id=f"p/{i}", prompt="", entry_point="f", tests=(CallTest(args=(i,), expected=i + 1),))
    for i in range(3)
]


def verdicts(judge: Any) -> list[str]:
    pairs = [(problem, text) for problem in PROBLEMS for text in (GOOD, WRONG, GOOD)]
    return [str(feedback.verdict) for feedback in judge.judge_many(pairs)]


def test_the_same_verdicts_whether_begun_or_not() -> None:
    with Judge(workers=2) as judge:
        eager = EagerJudge(judge)
        assert verdicts(eager) == ["pass", "fail", "pass"] * 3
        for problem in reversed(PROBLEMS):
            eager.begin(problem, WRONG)
            eager.begin(problem, "never asked for")
        assert verdicts(eager) == verdicts(judge)


def test_equal_programs_of_a_step_are_judged_once() -> None:
    with Judge(workers=1) as judge:
        asked: list[str] = []
        judged = judge.judge
        judge.judge = lambda problem, text: (asked.append(problem.task_id), judged(problem, text))[1]  # type: ignore[method-assign]
        eager = EagerJudge(judge)
        verdicts(eager)
        assert sorted(asked) == ["p/0", "p/0", "p/1", "p/1", "p/2", "p/2"]
        verdicts(eager)
        assert len(asked) == 12  # a new step asks anew


def test_a_judge_that_looks_closer_is_begun_early_too() -> None:
    with Judge(workers=1) as judge:
        asked: list[str] = []
        judged = judge.judge
        judge.judge = lambda problem, text: (asked.append(text), judged(problem, text))[1]  # type: ignore[method-assign]
        closer = DiagnosingJudge(judge, static_analysis=False, coverage=True)
        stage = make_stage(CodeSynthesisEnv(PROBLEMS, judge=closer))
        stage.reset(["p/0", "p/1"])
        stage.announce(0, WRONG)
        stage.announce(1, GOOD)
        outcomes = stage.step({0: WRONG, 1: GOOD})
    assert sorted(asked) == sorted([WRONG, GOOD])
    assert [str(outcomes[place].info["verdict"]) for place in (0, 1)] == ["fail", "pass"]
    assert {d["source"] for d in outcomes[0].info["diagnostics"]} > {"test"}
    assert outcomes[1].feedback is not None
    assert 2 in outcomes[1].feedback.executed_lines
    assert closer.inner is judge
