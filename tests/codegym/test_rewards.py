import copy
import dataclasses
import math
import pickle
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from codegym.errors import InvalidRewardError, UnknownNameError
from codegym.feedback.diagnostic import Diagnostic, Source
from codegym.feedback.feedback import Feedback, TestResult
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.verdict import Verdict
from codegym.problem import Problem
from codegym.program import Program
from codegym.rewards import (
    PRESETS,
    EfficiencyBonus,
    Overlong,
    Reward,
    SumReward,
    make_reward,
    paper,
    static_penalty,
)

PROBLEM = Problem(task_id="t/0", prompt="p", tests=())
P, F, E, T = Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.TIMEOUT


def feedback(*statuses: Verdict, kind: Kind = Kind.NONE, scope: Scope = Scope.NONE) -> Feedback:
    tests = tuple(TestResult(index=i, status=s, public=False, kind=kind) for i, s in enumerate(statuses))
    program = Program(source="x\n" * 20, completion="x\n" * 20, segments=())
    return Feedback(
        task_id="t/0", program=program, verdict=Verdict.worst(statuses), kind=kind, scope=scope, tests=tests
    )


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        (feedback(P, P), {"coarse": 1.0, "fine": 0.0, "adaptive": 1.0}),
        (feedback(P, F, kind=Kind.WRONG_ANSWER, scope=Scope.GLOBAL), {"coarse": -0.3, "fine": -0.3, "adaptive": 0.35}),
        (feedback(E, E, kind=Kind.NAME_ERROR, scope=Scope.LINE), {"coarse": -0.6, "fine": -0.3, "adaptive": -0.3}),
        (feedback(P, T, kind=Kind.TIME_LIMIT, scope=Scope.GLOBAL), {"coarse": -0.6, "fine": -0.3, "adaptive": 0.35}),
        (feedback(E, E, kind=Kind.SYNTAX_ERROR, scope=Scope.LINE), {"coarse": -1.0, "fine": -0.3, "adaptive": -0.3}),
        (feedback(E, kind=Kind.INDENTATION_ERROR, scope=Scope.IGNORE), {"coarse": -1, "fine": 0, "adaptive": -0.3}),
        (feedback(E, kind=Kind.RUNTIME_ERROR, scope=Scope.IGNORE), {"coarse": -0.6, "fine": 0, "adaptive": -0.3}),
        (feedback(E, kind=Kind.TRUNCATED, scope=Scope.GLOBAL), {"coarse": -1.0, "fine": -0.3, "adaptive": -0.3}),
        (feedback(), {"coarse": 0.0, "fine": 0.0, "adaptive": 0.0}),
    ],
)
def test_the_papers_numbers(judged, expected):
    assert make_reward("paper")(PROBLEM, judged) == pytest.approx(expected)


def test_adaptive_is_monotone_in_the_pass_rate_also_after_a_crash():
    """RLTF's release gave -0.6 for 19 of 20 passed and a crash, and -0.3 for 20 wrong answers."""
    reward = make_reward("adaptive")
    crash = feedback(*[P] * 19, E, kind=Kind.INDEX_ERROR, scope=Scope.LINE)
    wrong = feedback(*[F] * 20, kind=Kind.WRONG_ANSWER, scope=Scope.GLOBAL)
    assert reward(PROBLEM, crash)["adaptive"] == pytest.approx(-0.3 + 1.3 * 0.95)
    assert reward(PROBLEM, wrong)["adaptive"] == pytest.approx(-0.3)
    values = [sum(reward(PROBLEM, feedback(*[P] * n, *[E] * (10 - n))).values()) for n in range(11)]
    assert values == sorted(values)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_keep_their_parts_and_say_nan_when_the_machine_fails(name):
    reward = make_reward(name)
    for judged in (feedback(P), feedback(), feedback(E, kind=Kind.SYNTAX_ERROR, scope=Scope.LINE)):
        parts = reward(PROBLEM, judged)
        assert tuple(parts) == reward.components
        assert all(math.isfinite(part) for part in parts.values())
    infra = reward(PROBLEM, feedback(P, Verdict.INFRA_ERROR, kind=Kind.INFRA_ERROR))
    assert tuple(infra) == reward.components
    assert all(math.isnan(part) for part in infra.values())
    assert pickle.loads(pickle.dumps(reward)).components == reward.components
    copy.deepcopy(reward)


def test_private_tests_alone_pay():
    def judged(*tests: tuple[bool, Verdict]) -> Feedback:
        made = feedback(*(status for _, status in tests))
        marked = [replace(test, public=public) for test, (public, _) in zip(made.tests, tests, strict=True)]
        return replace(made, tests=tuple(marked))

    reward = make_reward("private")
    assert reward(PROBLEM, judged((True, P), (False, F))) == {"private": 0.0}
    assert reward(PROBLEM, judged((True, F), (False, P))) == {"private": 1.0}
    assert reward(PROBLEM, judged((False, P), (False, E))) == {"private": 0.0}
    assert reward(PROBLEM, feedback()) == {"private": 0.0}


def test_users_rewards():
    assert make_reward(lambda problem, judged: judged.pass_rate * 2)(PROBLEM, feedback(P, F)) == {"reward": 1.0}
    parts = {"a": 1, "b": 2.5}
    reward = make_reward(lambda problem, judged: parts)
    assert isinstance(reward, Reward)
    assert reward(PROBLEM, feedback(P)) == {"a": 1.0, "b": 2.5}
    assert reward.components == ("a", "b")
    parts = {"a": 1}
    with pytest.raises(InvalidRewardError, match="same parts"):
        reward(PROBLEM, feedback(P))
    with pytest.raises(InvalidRewardError, match="a number or a dict"):
        make_reward(lambda problem, judged: "much")(PROBLEM, feedback(P))
    mine = SumReward({"length": lambda problem, judged: -0.001 * len(judged.program.source)})
    assert make_reward(mine) is mine
    assert make_reward(paper()).components == ("coarse", "fine", "adaptive")


def test_names_that_nobody_knows():
    with pytest.raises(UnknownNameError, match="Did you mean 'paper'"):
        make_reward("papper")
    with pytest.raises(InvalidRewardError, match="got int"):
        make_reward(3)


def test_static_penalty_is_bounded():
    judged = feedback(P)
    found = Diagnostic(source=Source.LINT, kind=Kind.UNUSED_NAME, scope=Scope.LINE, message="unused")
    assert static_penalty(PROBLEM, judged) == 0.0
    assert static_penalty(PROBLEM, dataclasses.replace(judged, diagnostics=(found,) * 2)) == pytest.approx(-0.04)
    assert static_penalty(PROBLEM, dataclasses.replace(judged, diagnostics=(found,) * 99)) == -0.3


def test_overlong_is_a_slope():
    def paid(length):
        judged = dataclasses.replace(feedback(P), program=Program(source="", completion="x" * length, segments=()))
        return Overlong(limit=100, margin=20, penalty=-0.5)(PROBLEM, judged)

    assert [paid(n) for n in (0, 80, 90, 100, 500)] == pytest.approx([0.0, 0.0, -0.25, -0.5, -0.5])


def test_efficiency_is_paid_to_right_programs_only():
    part = EfficiencyBonus({"t/0": 0.4}, bonus=0.2)

    def paid(seconds, status=P, task_id="t/0"):
        judged = feedback(status)
        tests = (dataclasses.replace(judged.tests[0], cpu_seconds=seconds),)
        return part(dataclasses.replace(PROBLEM, task_id=task_id), dataclasses.replace(judged, tests=tests))

    times = (0.4, 0.2, 0.01, 0.8, 9.0)
    assert [paid(s) for s in times] == pytest.approx([0.0, 0.2, 0.2, -0.2, -0.2])
    assert paid(0.1, F) == paid(0.1, task_id="t/1") == paid(0.0) == 0.0


@pytest.mark.parametrize("number", [np.float32(0.5), np.float64(0.5), np.int64(1), True, Fraction(1, 2)])
def test_a_function_may_return_any_real_number(number):
    assert make_reward(lambda problem, judged: number)(PROBLEM, feedback(P)) == {"reward": float(number)}
    with pytest.raises(InvalidRewardError, match="must return a number"):
        make_reward(lambda problem, judged: 1j)(PROBLEM, feedback(P))


@pytest.mark.parametrize("margin", [0, -1, 8001])
def test_a_slope_has_a_length(margin):
    with pytest.raises(InvalidRewardError, match="margin from 1 to its limit"):
        Overlong(margin=margin)


@pytest.mark.parametrize("part", [paper(), 3])
def test_a_part_is_a_function_that_returns_a_number(part):
    with pytest.raises(InvalidRewardError, match="the part 'd' must be a function"):
        SumReward({"d": part})


def test_what_faulty_tests_leave_unknown_pays_nothing_that_could_be_learnt_from() -> None:
    unknown = feedback(P, Verdict.UNJUDGED)
    assert unknown.is_unknown
    for reward in ("paper", "coarse", "success"):
        assert all(math.isnan(value) for value in make_reward(reward)(PROBLEM, unknown).values())
