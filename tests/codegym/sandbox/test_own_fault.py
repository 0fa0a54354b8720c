"""A test that is itself at fault is neither a pass nor a wrong answer, and a program cannot make one look so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Observe

from codegym import Judge, Problem, ScriptTest, Verdict
from codegym.sandbox.execution import Status

RIGHT = "def f(x):\n    return x + 1\n"

NOTHING = {
    "empty": "",
    "comparison": "f(1) == 99",
    "tuple": "assert (f(1) == 99, 'm')",
    "constant": "f(1)\nassert True",
    "nothing asked": "assert 1 + 1 == 2",
    "only there": "assert callable(f)",
    "dead branch": "if False:\n    assert f(1) == 99",
    "never called": "def helper():\n    assert f(1) == 99\n",
    "after return": "def test_one():\n    return\n    assert f(1) == 99\n",
    "unused class": "class Unused:\n    def method(self):\n        assert f(1) == 99\n",
    "swallowed": "try:\n    assert f(1) == 99\nexcept AssertionError:\n    print('wrong')\n",
    "swallowed, with an index": "try:\n    assert [f(1)][0] == 99\nexcept Exception:\n    pass\n",
    "false in fact": "x = f(1)\ndebug = False\nif debug:\n    assert x == 99\n",
    "printed": "print('ok' if f(1) == 99 else 'wrong')",
    "returned constant": "def check(candidate):\n    candidate(1) == 99\n    return True\n",
    "list": "assert [f(1) == 99]",
}
FAULTY = {
    "does not parse": "assert f(1) ==",
    "missing module": "import no_such_module\nassert f(1) == 2",
    "missing module in a function": "def test_one():\n    from no_such_module import g\n    assert f(1) == g(1)\n",
    "missing name": "assert f(1) == undefined",
    "missing name after an answer": "for x in [1]:\n    assert f(x) == 2\n    assert undefined_helper(f(x))\n",
    "missing name in a method": (
        "import unittest\nclass A(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(1), undefined)\n"
    ),
    "missing in a module": "import math\nassert f(1) == math.no_such_thing",
    "missing assertion": (
        "import unittest\nclass A(unittest.TestCase):\n    def test(self):\n        self.assertNoSuchThing(f(1), 2)\n"
    ),
    "missing fixture": "def test_one(tmp_path):\n    assert f(1) == 2\n",
    "fails by itself": "assert 1 == 2\nassert f(1) == 2",
    "raises by itself": "x = [][1]\nassert f(x) == 2",
    "check takes too much": "def check(a, b):\n    assert a(1) == b\n",
    "inspects the function": "assert f.__name__ == 'f' and f.cache_info()\nassert f(1) == 2",
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_test_that_tests_nothing_is_no_pass(scripts: Observe, name: str) -> None:
    (seen,) = scripts(RIGHT, NOTHING[name])
    assert seen.status is Status.FAULTY, seen


@pytest.mark.parametrize("name", FAULTY)
def test_a_tests_own_fault_is_not_the_programs(scripts: Observe, name: str) -> None:
    (seen,) = scripts(RIGHT, FAULTY[name])
    assert seen.status is Status.FAULTY, seen


@pytest.mark.parametrize(
    ("program", "script"),
    [
        ("def f(x):\n    return None\n", "for x in [1]:\n    assert f(x)[0] == 1\n"),
        ("def f(x):\n    return []\n", "for x in f(1):\n    last = x\nassert last == 1\n"),
        ("def f(x):\n    return []\n", "def test_one():\n    for x in f(1):\n        last = x\n    assert last == 1\n"),
        ("def f(x):\n    return 3\n", "for x in [1]:\n    assert f(x).real.no_such == 1\n"),
        ("def f(x):\n    return 'no_such'\n", "import math\nfor x in [1]:\n    assert eval(f(x)) == 1\n"),
        (
            "def f(x):\n    return 'no_such'\n",
            "import importlib\nfor x in [1]:\n    assert importlib.import_module(f(x))\n",
        ),
        ("class Node:\n    pass\ndef f(x):\n    return Node()\n", "for x in [1]:\n    assert f(x).value == 1\n"),
        ("def f(x):\n    return 3\n", "for x in [1]:\n    assert f(x) == 2, f'got {undefined}'\n"),
        ("def f(x):\n    return 3\n", "for x in [1]:\n    if f(x) != 2:\n        raise UndefinedError('wrong')\n"),
        (RIGHT, "from solution import f, g\nassert f(1) == 2 and g(1) == 3\n"),
    ],
)
def test_a_program_cannot_make_a_test_look_at_fault(scripts: Observe, program: str, script: str) -> None:
    (seen,) = scripts(program, script)
    assert seen.status in (Status.REFUSED, Status.RAISED), seen


@pytest.mark.parametrize(
    "script",
    [
        "def check(candidate):\n    return all(map(candidate, [1, 2]))",
        "for x in [1]:\n    assert all(map(f, [x, 2]))",
        "assert list(zip(map(f, [1, 2]), [2, 3])) == [] or all(a == b for a, b in zip(map(f, [1, 2]), [2, 3]))",
    ],
)
def test_a_call_that_stops_a_loop_is_no_answer(scripts: Observe, script: str) -> None:
    (seen,) = scripts("def f(x):\n    raise StopIteration\n", script)
    assert seen.status is Status.RAISED, seen


def test_stop_iteration_may_be_what_a_test_asks_for(scripts: Observe) -> None:
    script = "for x in [1]:\n    try: f(x)\n    except StopIteration: pass\n    else: assert False\n"
    assert scripts("def f(x):\n    raise StopIteration\n", script)[0].status is Status.OK
    assert scripts("def f(x):\n    return 1\n", script)[0].status is Status.REFUSED


@pytest.mark.parametrize(
    "script",
    [
        "assert len(f(3)) > 0",
        "assert len(list(f(3))) == 3",
        "assert f(3) is not None",
        "assert f(3) != 5",
        "for x in f(3):\n    assert x >= 0",
        "import json\nassert json.loads(json.dumps(f(3))) == [0, 1, 2]",
        "xs = f(3)\nxs.sort()\nassert xs == [0, 1, 2]",
        "assert isinstance(f(3), list)",
        "assert tuple(f(3)) == tuple(candidate(3))",
        "assert [f(3)] == [f(3)]",
        "import pytest\nwith pytest.raises(TypeError):\n    f('a')",
        "try:\n    f('a')\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError",
    ],
)
def test_weak_tests_are_tests(scripts: Observe, script: str) -> None:
    (seen,) = scripts("def f(n):\n    return list(range(n))\n", f"for once in [0]:\n    pass\n{script}\n")
    assert seen.status is Status.OK, seen


def test_one_process_knows_tests_that_test_nothing(scripts: Observe) -> None:
    nothing, faulty, fine = scripts(RIGHT, "f(1) == 99", "import no_such_module", "assert f(1) == 2", one_process=True)
    assert [nothing.status, faulty.status, fine.status] == [Status.FAULTY, Status.FAULTY, Status.OK]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=1) as judge:
        yield judge


def _problem(*sources: str, **fields: object) -> Problem:
    tests = tuple(ScriptTest(source=source) for source in sources)
    return Problem(task_id="p", prompt="Write f.", tests=tests, entry_point="f", **fields)  # type: ignore[arg-type]


def test_what_a_faulty_test_makes_of_a_program(judge: Judge) -> None:
    feedback = judge.judge(_problem("assert f(1) == 2", "f(1) == 99"), RIGHT)
    assert (feedback.verdict, feedback.kind, feedback.scope) == (Verdict.UNJUDGED, "faulty_test", "none")
    assert [test.status for test in feedback.tests] == ["pass", "unjudged"]
    assert "asserts nothing" in feedback.tests[1].actual
    assert (feedback.pass_rate, feedback.is_success, feedback.is_unknown) == (1.0, False, True)
    failed = judge.judge(_problem("assert f(1) == 3", "f(1) == 99"), RIGHT)
    assert (failed.verdict, failed.pass_rate, failed.is_unknown) == (Verdict.FAIL, 0.0, False)


def test_a_class_that_the_problem_asks_for_is_the_programs_to_define(judge: Judge) -> None:
    script = "assert f(Pair(1, 2)) == 3"
    told = _problem(script, solutions=("class Pair:\n    pass\n",))
    assert judge.judge(told, RIGHT).verdict is Verdict.FAIL
    assert judge.judge(_problem(script), RIGHT).verdict is Verdict.UNJUDGED


def test_context_that_does_not_run_is_the_problems_fault(judge: Judge) -> None:
    for script in ("assert f(1) == 2", "for x in [1]:\n    assert f(x) == 2"):
        assert judge.judge(_problem(script, context="import no_such_module\n"), RIGHT).verdict is Verdict.UNJUDGED
