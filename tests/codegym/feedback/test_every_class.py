"""The places of everything that leaves no traceback, and RLTF's defects, through the real judge.

Marks in the programs («...») were set by hand, from reading the program.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegym.diagnosis import DiagnosingJudge
from codegym.feedback.diagnostic import Source
from codegym.feedback.report import observation_text
from codegym.judge import Judge
from codegym.problem import CallTest, Problem, ScriptTest, StdioTest
from codegym.rewards import make_reward, paper
from codegym.sandbox.limits import Limits

pytestmark = pytest.mark.slow

LIMITS = Limits(cpu_seconds=0.4, wall_seconds=3.0, program_cpu_seconds=2.0)
ONE = (CallTest(args=(1,), expected=1, public=True),)


@pytest.fixture(scope="module")
def judge():
    with Judge(workers=1, limits=LIMITS) as judge:
        yield judge


def judged(judge, marked, tests=ONE, entry="f", starter=""):
    source, spans, offset = "", [], 0
    for index, part in enumerate(marked.replace("\u00bb", "\u00ab").split("\u00ab")):
        if index % 2:
            spans.append((offset, offset + len(part)))
        offset += len(part)
        source += part
    problem = Problem(task_id="t/0", prompt="p", tests=tests, entry_point=entry, starter_code=starter)
    return judge.judge(problem, source), spans, problem


CASES = {
    "loop without end": (
        "def f(x):\n    y = 1\n    while True:\n        «y += x»\n",
        "time_limit",
        "global",
        "timeout",
    ),
    "loop in C": ("def f(x):\n    y = 1\n    «return sum(range(10**12))»\n", "time_limit", "global", "timeout"),
    "sleep": ("import time\ndef f(x):\n    «time.sleep(60)»\n", "time_limit", "global", "timeout"),
    "recursion": ("def f(x):\n    return 1 + «f(x + 1)»\n", "recursion_error", "global", "error"),
    "memory": ("def f(x):\n    y = 1\n    return «[1] * 10**10»\n", "memory_limit", "global", "error"),
    "output": ("def f(x):\n    while True:\n        «print('x' * 10_000)»\n", "output_limit", "global", "error"),
    "loop without end in a helper": (
        "def g(x):\n    while x:\n        «x += 1»\ndef f(x):\n    return g(x)\n",
        "time_limit",
        "global",
        "timeout",
    ),
    "a power without end": ("def f(x):\n    «return 7 ** 10**9»\n", "time_limit", "global", "timeout"),
    "recursion of a method": (
        "class A:\n    def g(self):\n        return «self.g()»\ndef f(x):\n    return A().g()\n",
        "recursion_error",
        "global",
        "error",
    ),
    "recursion of a lambda": (
        "g = lambda x: «g(x)»\ndef f(x):\n    return g(x)\n",
        "recursion_error",
        "global",
        "error",
    ),
    "memory of a text": ("def f(x):\n    return «'é' * 10**10»\n", "memory_limit", "global", "error"),
    "memory of bytes": ("def f(x):\n    y = «bytes(10**11)»\n    return x\n", "memory_limit", "global", "error"),
    "another letter case": ("def F(x):\n    return x\n", "missing_function", "global", "error"),
    "inside another function": ("def g():\n    def f(x):\n        return x\n", "missing_function", "global", "error"),
    "a method only": ("class A:\n    def f(self, x):\n        return x\n", "missing_function", "global", "error"),
    "deleted": ("def f(x):\n    return x\ndel f\n", "missing_function", "global", "error"),
    "nothing returned": ("def f(x):\n    print(x)\n", "wrong_answer", "global", "fail"),
    "text for a number": ("def f(x):\n    return str(x)\n", "wrong_answer", "global", "fail"),
    "large value": ("def f(x):\n    return 'x' * 5_000_000\n", "output_limit", "global", "error"),
    "no such function": ("def g(x):\n    return x\n", "missing_function", "global", "error"),
    "not a function": ("f = 3\n", "missing_function", "global", "error"),
    "wrong signature": ("def g():\n    pass\n«def f(x, y)»:\n    return x\n", "wrong_signature", "line", "error"),
    "a signature in a comment": (
        "«def f(x: int, y)»:\n    return x\nclass A:\n    def f(self, x): pass\n# def f(x): ...\n",
        "wrong_signature",
        "line",
        "error",
    ),
    "a signature with brackets": (
        "@staticmethod\n«def f(\n    x='é',\n    *, y,  # why\n)» -> int:\n    return x\n",
        "wrong_signature",
        "line",
        "error",
    ),
    "a lambda's signature": ("f = «lambda: 1»\n", "wrong_signature", "line", "error"),
    "another name's signature": ("«def g()»:\n    return 1\nf = g\n", "wrong_signature", "line", "error"),
    "a constructor's signature": (
        "class f:\n    «def __init__(self)»:\n        pass\n",
        "wrong_signature",
        "line",
        "error",
    ),
    "a class without a constructor": ("«class f»:\n    pass\n", "wrong_signature", "line", "error"),
    "a built-in that takes no such value": ("f = len\n", "type_error", "global", "error"),
    "a built-in without a signature": ("f = max\n", "type_error", "global", "error"),
    "exit with a message": ("import sys\ndef f(x):\n    «sys.exit('msg')»\n", "system_exit", "line", "error"),
    "exit at once": ("import os\ndef f(x):\n    os._exit(0)\n", "system_exit", "global", "error"),
    "a function returned": ("def f(x):\n    return lambda: x\n", "opaque_value", "global", "fail"),
    "wrong answer": ("def f(x):\n    return x + 1\n", "wrong_answer", "global", "fail"),
    "NUL": ("def f(x):\n    return '«\0»'\n", "syntax_error", "line", "error"),
    "lone surrogate": ("def f(x):\n    return '«\ud800»'\n", "syntax_error", "line", "error"),
}


@pytest.mark.parametrize("name", CASES)
def test_places(judge, name):
    marked, kind, scope, verdict = CASES[name]
    for _ in range(4):  # a busy machine may not let a hanging program say in time where it is
        feedback, spans, problem = judged(judge, marked)
        assert (feedback.kind, feedback.scope, feedback.verdict) == (kind, scope, verdict)
        if feedback.diagnostics[0].start_line or not spans:
            break
    found = feedback.diagnostics[0]
    if not spans:
        assert (found.start, found.start_line) == (-1, 0)
    elif "timeout" in verdict:  # the signal falls anywhere in the loop, and names its line at least
        lines = feedback.program.source[: spans[0][0]].count("\n") + 1
        assert (
            found.start_line in (lines, lines - 1) if name.startswith("loop without end") else found.start_line == lines
        )
    else:
        assert (found.start, found.end) == spans[0]
    assert observation_text(feedback, problem)


def test_what_a_cache_cannot_hash_is_no_wrong_signature(judge):
    program = "import functools\n@functools.lru_cache\ndef f(x):\n    return x\n"
    feedback, _, _ = judged(judge, program, (CallTest(args=([1],), expected=[1]),))
    assert (feedback.kind, feedback.scope) == ("type_error", "global")


WRITING = "for i in range(10**9):\n    «print('x' * 10_000)»\n"


@pytest.mark.parametrize("way", ["call", "load", "script", "stdin"])
def test_too_much_output_is_placed_however_it_is_tested(judge, way):
    program = WRITING if way in ("stdin", "load") else "def f(x):\n    " + WRITING.replace("\n    ", "\n        ")
    tests = {
        "stdin": (StdioTest(stdin="", expected_stdout=""),),
        "script": (ScriptTest(source="def check(candidate):\n    assert candidate(1) == 1\n"),),
    }.get(way, ONE)
    for _ in range(4):  # a busy machine may not let it say in time where it is
        feedback, spans, _ = judged(judge, program, tests, None if way == "stdin" else "f")
        assert (feedback.kind, feedback.scope, feedback.verdict) == ("output_limit", "global", "error")
        if feedback.diagnostics[0].start_line:
            break
    assert feedback.diagnostics[0].start_line == feedback.program.source[: spans[0][0]].count("\n") + 1


def test_a_signature_that_a_script_does_not_meet_is_placed(judge):
    tests = (ScriptTest(source="def check(candidate):\n    assert candidate(1) == 1\n"),)
    feedback, spans, _ = judged(judge, "«def f(x, y)»:\n    return x\n", tests)
    assert feedback.kind == "wrong_signature"
    assert [(d.start, d.end) for d in feedback.diagnostics] == spans


def test_recursion_through_two_functions_is_placed_in_the_cycle(judge):
    feedback, spans, _ = judged(judge, "def g(x):\n    return «f(x)»\ndef f(x):\n    return «g(x)»\n")
    assert feedback.diagnostics[0].message.endswith("(a cycle through lines [2, 4])")
    assert (feedback.diagnostics[0].start, feedback.diagnostics[0].end) in spans


def test_an_error_inside_the_given_code_blames_no_line(judge):
    feedback, _, _ = judged(judge, "    return y\n", starter="def f(x):\n    y = z\n")
    assert (feedback.kind, feedback.scope, feedback.diagnostics[0].start) == ("name_error", "global", -1)
    assert feedback.diagnostics[0].start_line == 2


# RLTF's release got these wrong (the numbers are those of the list of its defects).


def test_defect_1_the_second_of_two_equal_lines(judge):
    program = "def f(x):\n    i = []\n    i += [x]\n    i = 0\n    «i += [x]»\n    return i\n"
    feedback, spans, _ = judged(judge, program)
    assert [(d.start, d.end) for d in feedback.diagnostics] == spans


def test_defect_2_classes_come_from_types_not_from_words(judge):
    program = "class Odd(KeyError):\n    pass\ndef f(x):\n    «raise Odd('SyntaxError: invalid syntax; timeout')»\n"
    feedback, spans, _ = judged(judge, program)
    assert (feedback.kind, feedback.scope) == ("key_error", "line")
    assert [(d.start, d.end) for d in feedback.diagnostics] == spans


def test_defect_4_timeouts_count_for_the_whole_program(judge):
    feedback, _, problem = judged(judge, "def f(x):\n    while True:\n        pass\n")
    assert feedback.scope == "global"
    assert paper()(problem, feedback) == {"coarse": -0.6, "fine": -0.3, "adaptive": -0.3}


def test_defect_8_the_reward_is_monotone_although_a_test_crashes(judge):
    tests = tuple(CallTest(args=(n,), expected=n) for n in range(20))
    crash, _, problem = judged(judge, "def f(x):\n    if x == 0:\n        raise IndexError\n    return x\n", tests)
    wrong, _, _ = judged(judge, "def f(x):\n    return -1\n", tests)
    assert (crash.tests_passed, wrong.tests_passed) == (19, 0)
    reward = make_reward("adaptive")
    assert reward(problem, crash)["adaptive"] == pytest.approx(-0.3 + 1.3 * 19 / 20)
    assert sum(reward(problem, crash).values()) > sum(reward(problem, wrong).values())


@pytest.mark.parametrize("program", ["import sys\nsys.exit('msg')\n", "x = 1\0\n", "raise SystemExit(b'x')\n"])
def test_defect_13_exits_and_nul_bytes_are_feedback_like_any_other(judge, program):
    stdin = (StdioTest(stdin="1\n", expected_stdout="1\n"),)
    for tests, entry in ((ONE, "f"), (stdin, None)):
        feedback, _, problem = judged(judge, program, tests, entry)
        assert feedback.verdict == "error"
        assert feedback.kind in ("system_exit", "syntax_error")
        assert sum(paper()(problem, feedback).values()) < -0.5


PIECES = st.sampled_from(
    ["def f(x):\n", "    return ", "    ",
     "x", "\n", "\r", "1 / 0", "(", ")", "[", "'", '"""', "```python\n", "```", "é",
     "漢", "\0",
     "\ud800", "\t", "while True: break", "import sys", "lambda", ":", "=", "#", "raise ", "f(x)", "\\", "{", "\x0c"]
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(PIECES | st.text(max_size=4), max_size=20).map("".join), min_size=4, max_size=4))
def test_any_text_gets_feedback_with_spans_inside_it(judge, texts):
    problem = Problem(task_id="t/0", prompt="p", tests=ONE, entry_point="f", starter_code="def f(x):\n")
    for text, feedback in zip(texts, judge.judge_many([(problem, text) for text in texts]), strict=True):
        assert feedback.verdict in ("pass", "fail", "error", "timeout")
        assert (feedback.kind == "none") == feedback.is_success
        assert feedback.is_success or feedback.diagnostics
        for found in feedback.diagnostics:
            assert -1 <= found.start <= found.end <= len(text)
            assert found.scope != "line" or found.start >= 0
            assert found.source in (Source.COMPILER, Source.RUNTIME, Source.TEST, Source.TIMEOUT)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(PIECES | st.text(max_size=4), max_size=20).map("".join), min_size=4, max_size=4))
def test_looking_closer_places_every_line_inside_the_completion_too(judge, texts):
    problem = Problem(
        task_id="t/0", prompt="p", tests=ONE, entry_point="f", starter_code="import os\ndef f(x, list=[]):\n",
        solutions=("def f(x, list=[]):\n    return x\n",),
    )  # fmt: skip
    judged = DiagnosingJudge(judge, coverage=True).judge_many([(problem, text) for text in texts])
    for text, feedback in zip(texts, judged, strict=True):
        suspected = any(found.kind == "suspicious_line" for found in feedback.diagnostics)
        for found in feedback.diagnostics:
            assert -1 <= found.start <= found.end <= len(text)
            # a wrong answer's lines are those of its suspects
            assert found.scope != "line" or found.start >= 0 or (found.kind == "wrong_answer" and suspected)
