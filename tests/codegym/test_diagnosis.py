import copy
import dataclasses
import pickle

import gymnasium as gym
import pytest

from codegym.diagnosis import DiagnosingJudge
from codegym.errors import InfrastructureError, InvalidRewardError
from codegym.feedback.diagnostic import Source
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.report import observation_text
from codegym.feedback.token_spans import token_spans
from codegym.judge import Judge
from codegym.problem import CallTest, Problem, ScriptTest, StdioTest
from codegym.sandbox.limits import Limits

CALLS = tuple(CallTest(args=(xs,), expected=max(xs, default=0)) for xs in ([], [3], [1, 2], [-1, -2], [2, 9, 4]))
LARGEST = Problem(
    task_id="t/0", prompt="", tests=CALLS, entry_point="f", solutions=("def f(xs):\n    return max(xs, default=0)\n",)
)
WRONG = """\
def f(xs):
    if not xs:
        return 0
    best = xs[0]
    for x in xs:
        if x < best:
            best = x
    return best
"""
RIGHT = WRONG.replace("x < best", "x > best")


@pytest.fixture(scope="module")
def judge():
    with Judge(workers=1) as judge:
        yield judge


def test_suspects_of_a_wrong_answer(judge):
    completion = f"Sure:\n```python\n{WRONG}```"
    plain = judge.judge(LARGEST, completion)
    feedback = DiagnosingJudge(judge).judge(LARGEST, completion)
    assert (feedback.verdict, feedback.kind, feedback.tests) == (plain.verdict, plain.kind, feedback.tests)
    assert (plain.scope, feedback.scope) == ("global", "line")
    assert feedback.executed_lines == (1, 2, 3, 4, 5, 6, 7, 8)
    suspects = [d for d in feedback.diagnostics if d.kind is Kind.SUSPICIOUS_LINE]
    assert completion[suspects[0].start : suspects[0].end] == "best = xs[0]"  # 3 of 3 failing, 1 of 2 passing run it
    assert {4, 5, 6, 8} <= {d.start_line for d in suspects if d.source is Source.SPECTRUM}
    assert [d.source for d in suspects].count(Source.DIVERGENCE) == 1
    offsets = [(i, i + 1) for i in range(len(completion))]
    weights = token_spans([{**vars(d), "scope": d.scope.value} for d in feedback.diagnostics], offsets)
    assert weights[completion.index("if x < best")] > 0.8 > weights[completion.index("return 0")] == 0


def test_nothing_is_traced_that_did_not_answer_wrongly(judge):
    looked = DiagnosingJudge(judge).judge_many([(LARGEST, RIGHT), (LARGEST, "def f(xs):\n    return y\n")])
    assert [fb.executed_lines for fb in looked] == [(), ()]
    assert looked[0].is_success
    covered = DiagnosingJudge(judge, coverage=True, suspects=False).judge(LARGEST, RIGHT + "    x = 1\n")
    assert covered.executed_lines == (1, 2, 3, 4, 5, 6, 7, 8)
    assert [d.kind for d in covered.diagnostics] == [Kind.UNREACHABLE_CODE]


def test_programs_that_read_and_print_and_scripts(judge):
    source = "n = int(input())\nif n > 2:\n    n = n * 2\nprint(n)\n"
    reads = Problem(
        task_id="t/1",
        prompt="",
        tests=(StdioTest(stdin="1\n", expected_stdout="1\n"), StdioTest(stdin="3\n", expected_stdout="9\n")),
    )
    feedback = DiagnosingJudge(judge).judge(reads, source)
    assert feedback.executed_lines == (1, 2, 3, 4)
    assert feedback.diagnostics[1].start_line == 3  # only the failing test runs it
    scripts = tuple(
        ScriptTest(source=f"def check(candidate):\n    assert candidate({n}) == {n * n}\n") for n in (1, 2, 3)
    )
    squares = Problem(task_id="t/2", prompt="", tests=scripts, entry_point="f")
    wrong = "def f(n):\n    if n == 3:\n        return 8\n    return n * n\n"
    feedback = DiagnosingJudge(judge).judge(squares, wrong)
    assert next(d.start_line for d in feedback.diagnostics if d.source is Source.SPECTRUM) == 3


def test_loops_without_end_and_hostile_programs_leave_the_feedback_alone(judge):
    problem = Problem(task_id="t/3", prompt="", tests=(CallTest(args=(3,), expected=1),), entry_point="f")
    hostile = "import sys\nsys.settrace(None)\ndef f(n):\n    sys.stdout = None\n    return 2\n"
    slow = "def f(n):\n    for i in range(3_000_00):\n        n += i\n    return n\n"
    for feedback in DiagnosingJudge(judge).judge_many([(problem, hostile), (problem, slow)]):
        assert (feedback.verdict, feedback.kind) == ("fail", "wrong_answer")
        assert feedback.scope in (Scope.GLOBAL, Scope.LINE)


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_same_lines_are_seen_by_the_other_mechanism(version, other_python):
    """From 3.12 on lines are watched through ``sys.monitoring``."""
    with Judge(workers=1, python=other_python(version)) as judge:
        covered = DiagnosingJudge(judge, coverage=True, references=False).judge(LARGEST, WRONG)
        assert covered.executed_lines == (1, 2, 3, 4, 5, 6, 7, 8)
        assert covered.diagnostics[1].start_line == 4
        long, hides = (
            LONG.format(steps=300_000),
            "import sys\nsys.monitoring.set_events(1, 0)\ndef f(n):\n    return 0\n",
        )
        problem = long_problem(300_000)
        looked = DiagnosingJudge(judge, coverage=True, references=False).judge_many([(problem, long), (problem, hides)])
        assert [fb.executed_lines for fb in looked] == [(1, 2, 3, 4, 5, 6), ()]


LONG = "def f(n):\n    t = 0\n    for i in range({steps}):\n        t += i\n    t = t - 1\n    return t\n"


def long_problem(steps):
    return Problem(
        task_id="t/4",
        prompt="",
        tests=(CallTest(args=(1,), expected=sum(range(steps))),),
        entry_point="f",
        solutions=(LONG.format(steps=steps).replace("    t = t - 1\n", ""),),
    )


def test_lines_behind_a_long_loop_are_seen_and_suspected(judge):
    feedback = DiagnosingJudge(judge).judge(long_problem(5_000), LONG.format(steps=5_000))
    assert feedback.executed_lines == (1, 2, 3, 4, 5, 6)
    assert 5 in {d.start_line for d in feedback.diagnostics if d.source is Source.SPECTRUM}
    assert not [d for d in feedback.diagnostics if d.source is Source.DIVERGENCE]  # too many values to compare


HIDING = {
    "a cut trace": LONG.format(steps=300_000),
    "a program that takes the watch away": "import sys\ndef f(n):\n    sys.settrace(None)\n    n = 4\n    return n\n",
    "a test that hangs": "def f(n):\n    while True:\n        pass\n",
}


@pytest.mark.parametrize("name", HIDING)
def test_coverage_that_is_not_whole_is_not_told(judge, name):
    problem = dataclasses.replace(long_problem(3), limits=Limits(cpu_seconds=1, program_cpu_seconds=2))
    feedback = DiagnosingJudge(judge, coverage=True).judge(problem, HIDING[name])
    assert feedback.executed_lines == ()


def test_streams_of_an_observed_program_have_their_buffers(judge):
    source = "import sys\nn = int(sys.stdin.buffer.read())\nsys.stdout.buffer.write(b'%d' % n)\nn = 1\n"
    reads = Problem(task_id="t/5", prompt="", tests=(StdioTest(stdin="7\n", expected_stdout="7"),))
    assert DiagnosingJudge(judge, coverage=True).judge(reads, source).executed_lines == (1, 2, 3, 4)


def test_private_tests_do_not_show_in_what_the_agent_reads(judge):
    """Which private test fails changes the suspected lines, and nothing of the text."""
    source = "def f(x):\n    if x == 1:\n        return 10\n    if x == 2:\n        return 20\n    return 0\n"
    texts, suspected = set(), set()
    for fails in (1, 2):
        private = tuple(CallTest(args=(x,), expected=-1 if x == fails else 10 * x) for x in (1, 2))
        problem = Problem(
            task_id="t/6", prompt="", tests=(CallTest(args=(0,), expected=0, public=True), *private), entry_point="f"
        )
        feedback = DiagnosingJudge(judge).judge(problem, source)
        suspected.add(next(d.start_line for d in feedback.diagnostics if d.kind is Kind.SUSPICIOUS_LINE))
        texts.add(observation_text(feedback, problem))
    assert len(suspected) == 2
    assert texts == {"Public tests: 1 of 1 passed."}


def test_where_all_tests_are_public_so_are_the_suspects(judge):
    problem = dataclasses.replace(LARGEST, tests=tuple(dataclasses.replace(test, public=True) for test in CALLS))
    feedback = DiagnosingJudge(judge).judge(problem, WRONG)
    assert "suspected of the wrong answer" in observation_text(feedback, problem)


def test_static_analysis_reads_programs_as_the_judges_python_does(other_python):
    problem = Problem(task_id="t/7", prompt="", tests=(CallTest(args=({"k": 1},), expected="1"),), entry_point="f")
    with Judge(workers=1, python=other_python("3.13")) as judge:
        feedback = DiagnosingJudge(judge).judge(problem, "def f(x):\n    return f'{x['k']}'\n")
    assert (feedback.verdict, feedback.diagnostics) == ("pass", ())


UNTIDY = "import os\ndef f(xs):\n    return max(xs, default=0)\n"


def test_a_reward_for_static_analysis_gets_it(judge):
    own = gym.make("CodeSynthesis-v0", suite=[LARGEST], reward="static", workers=1)
    given = gym.make("CodeSynthesis-v0", suite=[LARGEST], reward="static", judge=judge)
    plain = gym.make("CodeSynthesis-v0", suite=[LARGEST], reward="paper", judge=judge)
    for env in (own, given):
        env.reset(seed=0)
        assert env.step(UNTIDY)[4]["reward_components"]["static"] == pytest.approx(-0.02)
    own.close()
    assert plain.unwrapped.judge is judge
    blind = DiagnosingJudge(judge, static_analysis=False)
    with pytest.raises(InvalidRewardError, match="would always be 0"):
        gym.make("CodeSynthesis-v0", suite=[LARGEST], reward="static", judge=blind)


def test_what_is_submitted_is_diagnosed_as_in_a_batch(judge):
    diagnosing = DiagnosingJudge(judge, coverage=True)
    texts = [WRONG, RIGHT, "def f(xs):\n    return y\n", "def f(xs:\n", WRONG]
    futures = [diagnosing.submit(LARGEST, text) for text in texts]
    expected = diagnosing.judge_many([(LARGEST, text) for text in texts])
    for future, feedback in zip(futures, expected, strict=True):
        found = future.result(60)
        assert (found.verdict, found.diagnostics) == (feedback.verdict, feedback.diagnostics)
        assert found.executed_lines == feedback.executed_lines
    assert diagnosing.settings is judge.settings


def test_what_is_submitted_may_be_cancelled_or_fail():
    endless = "def f(xs):\n    while True:\n        pass\n"
    with Judge(workers=1, limits=Limits(cpu_seconds=0.3)) as judge:
        diagnosing = DiagnosingJudge(judge)
        slow, cancelled, lost = (diagnosing.submit(LARGEST, text) for text in (endless, RIGHT, RIGHT))
        assert cancelled.cancel()
    assert slow.exception(60) is None or isinstance(slow.exception(), InfrastructureError)
    with pytest.raises(InfrastructureError, match="closed"):
        lost.result(60)


def test_copies_share_the_judge_and_pickles_make_one_like_it(judge):
    diagnosing = DiagnosingJudge(judge, suspects=False, coverage=True)
    diagnosing.submit(LARGEST, RIGHT).result(60)
    twin = copy.deepcopy(diagnosing)
    assert (twin.inner, twin.suspects, twin.coverage) == (judge, False, True)
    with pickle.loads(pickle.dumps(diagnosing)).inner as other:
        assert other.settings == judge.settings
