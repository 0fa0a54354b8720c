"""Tests without a runner are run, as pytest and unittest would: most large training sets are written so."""

from __future__ import annotations

import pytest
from conftest import Observe

from codegym.sandbox.execution import Status

RIGHT = "def f(x):\n    if x < 0:\n        raise ValueError('negative')\n    return x + 1\n"
WRONG = "def f(x):\n    return x + 1 if x in (1, 2) else x\n"

TESTS = {
    "function": "def test_one():\n    assert f(3) == 4\n",
    "two functions": "def test_one():\n    assert f(1) == 2\ndef test_two():\n    assert f(5) == 6\n",
    "imported from the solution": "from solution import f\ndef test_one():\n    assert f(3) == 4\n",
    "imported as another name": "from solution import f as g\ndef test_one():\n    assert g(3) == 4\n",
    "imported from a module of any name": "from my_module import f\ndef test_one():\n    assert f(3) == 4\n",
    "imported relatively": "from .solution import f\ndef test_one():\n    assert f(3) == 4\n",
    "imported as a module": "import solution\ndef test_one():\n    assert solution.f(3) == 4\n",
    "everything imported": "from solution import *\ndef test_one():\n    assert f(3) == 4\n",
    "another function of the program": (
        "from solution import f, helper\ndef test_one():\n    assert helper(1) == 10 and f(3) == 4\n"
    ),
    "parametrized": (
        "import pytest\n@pytest.mark.parametrize('x, y', [(1, 2), pytest.param(3, 4, id='three')])\n"
        "def test_one(x, y):\n    assert f(x) == y\n"
    ),
    "parametrized twice": (
        "import pytest\n@pytest.mark.parametrize('x', [1, 3])\n@pytest.mark.parametrize('d', [1])\n"
        "def test_one(x, d):\n    assert f(x) == x + d\n"
    ),
    "fixture": (
        "import pytest\n@pytest.fixture\ndef three():\n    yield 3\n"
        "@pytest.fixture(params=[1, 3])\ndef number(request, three):\n    return request.param\n"
        "def test_one(number, three):\n    assert f(number) == number + 1 and three == 3\n"
    ),
    "raises": (
        "import pytest\ndef test_one():\n    with pytest.raises(ValueError, match='neg') as info:\n        f(-1)\n"
        "    assert str(info.value) == 'negative' and info.type is ValueError\n"
    ),
    "approx": "from pytest import approx\ndef test_one():\n    assert [f(3) * 1.0] == approx([4.0000001])\n",
    "candidate as an argument": "def test(candidate):\n    assert candidate(3) == 4\n",
    "class with parameters": (
        "import pytest\n@pytest.mark.parametrize('a, b', [(1, 2), (3, 4)])\nclass TestF:\n"
        "    def test_one(self, a, b):\n        assert f(a) == b\n"
    ),
    "thrown": "[(_ for _ in ()).throw(AssertionError) for a, b in [(3, 4)] if f(a) != b]\n",
    "class": (
        "class TestF:\n    def setup_method(self):\n        self.x = 3\n"
        "    def test_one(self):\n        assert f(self.x) == 4\n"
    ),
    "asynchronous": "async def test_one():\n    assert f(3) == 4\n",
    "returned": "def test_one():\n    return f(3) == 4\n",
    "unittest": (
        "import unittest\nclass TestF(unittest.TestCase):\n    def setUp(self):\n        self.x = 3\n"
        "    def test_one(self):\n        self.assertEqual(f(self.x), 4)\n"
        "    def test_two(self):\n        with self.assertRaises(ValueError):\n            f(-1)\n"
    ),
    "unittest with subtests": (
        "import unittest\nclass A(unittest.TestCase):\n    def test_one(self):\n        for x in (1, 3):\n"
        "            with self.subTest(x=x):\n                self.assertEqual(f(x), x + 1)\n"
    ),
    "unittest with its main": (
        "import unittest\nclass A(unittest.TestCase):\n    def test_one(self):\n        self.assertEqual(f(3), 4)\n"
        "if __name__ == '__main__':\n    unittest.main()\n"
    ),
    "unittest with a runner whose result nobody reads": (
        "import unittest\nclass A(unittest.TestCase):\n    def test_one(self):\n        self.assertEqual(f(3), 4)\n"
        "unittest.TextTestRunner().run(unittest.TestLoader().loadTestsFromTestCase(A))\n"
    ),
    "under the guard": "if __name__ == '__main__':\n    assert f(3) == 4\n",
    "function called under the guard": (
        "def test_one():\n    assert f(3) == 4\nif __name__ == '__main__':\n    test_one()\n    print('passed')\n"
    ),
    "pytest's main": "import pytest\ndef test_one():\n    assert f(3) == 4\npytest.main([__name__])\n",
    "check that is a coroutine": "async def check(candidate):\n    assert candidate(3) == 4\n",
    "check that is a generator": "def check(candidate):\n    assert candidate(3) == 4\n    yield\n",
    "check that returns the outcome": "def check(candidate):\n    return candidate(3) == 4\n",
    "check without a parameter": "def check():\n    assert f(3) == 4\n",
    "exit with a code": "import sys\nif f(3) != 4:\n    sys.exit(1)\nsys.exit(0)\n",
    "raise": "if f(3) != 4:\n    raise Exception('wrong')\n",
}


@pytest.mark.parametrize("name", TESTS)
def test_a_right_program_passes_and_a_wrong_one_fails(scripts: Observe, name: str) -> None:
    helper = "def helper(x):\n    return 10 * x\n"
    (right,) = scripts(RIGHT + helper, TESTS[name])
    (wrong,) = scripts(WRONG + helper, TESTS[name])
    assert right.status is Status.OK, right
    assert wrong.status is Status.REFUSED, wrong


def test_a_class_under_test_is_imported_and_used(scripts: Observe) -> None:
    source = "class Stack:\n    def __init__(self): self.xs = []\n    def push(self, x): self.xs.append(x)\n"
    script = (
        "from solution import Stack\ndef test_push():\n    s = Stack()\n    s.push(3)\n    assert s.xs == [3]\n"
        "    assert s.size() == 1\n"
    )
    (seen,) = scripts(source + "    def size(self):\n        return len(self.xs)\n", script, entry_point="Stack")
    assert seen.status is Status.OK, seen
    (seen,) = scripts(source + "    def size(self):\n        return 7\n", script, entry_point="Stack")
    assert seen.status is Status.REFUSED, seen


def test_the_class_of_an_entry_point_is_what_is_tested(scripts: Observe) -> None:
    source = "class Solution:\n    def twice(self, x):\n        return {}\n"
    script = "def test_twice():\n    s = Solution()\n    assert s.twice(2) == 4\n"
    for body, status in (("2 * x", Status.OK), ("x", Status.REFUSED)):
        (seen,) = scripts(source.format(body), script, entry_point="Solution().twice")
        assert seen.status is status, seen


def test_tests_that_are_left_out_test_nothing(scripts: Observe) -> None:
    script = "import pytest\n@pytest.mark.skip(reason='slow')\ndef test_one():\n    assert f(3) == 4\n"
    (seen,) = scripts(RIGHT, script)
    assert seen.status is Status.FAULTY, seen


@pytest.mark.parametrize("body", ["raise NameError('x')", "import nowhere", "raise StopIteration", "return undefined"])
def test_what_the_program_raises_in_a_test_function_is_its_own(scripts: Observe, body: str) -> None:
    unittest = "import unittest\nclass A(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(1), 4)\n"
    for script in ("def test_one():\n    assert f(3) == 4\n", unittest):
        (seen,) = scripts(f"def f(x):\n    {body}\n", script)
        assert seen.status is Status.RAISED, seen


@pytest.mark.parametrize(
    "script",
    [
        "def test_one(capsys):\n    f('a')\n    f('b')\n    assert capsys.readouterr().out == 'a\\nb\\n'\n",
        "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    f('a')\n"
        "assert out.getvalue() == 'a\\n'\n",
        "import io, sys\nfrom unittest.mock import patch\nwith patch('sys.stdout', new_callable=io.StringIO) as out:\n"
        "    f('a')\nassert out.getvalue() == 'a\\n'\n",
    ],
)
def test_what_the_program_prints_appears_in_the_test(scripts: Observe, script: str) -> None:
    (right,) = scripts("def f(x):\n    print(x)\n", script)
    (wrong,) = scripts("def f(x):\n    print(x, x)\n", script)
    assert (right.status, wrong.status) == (Status.OK, Status.REFUSED), (right, wrong)


def test_a_mock_may_be_called_by_the_program(scripts: Observe) -> None:
    script = (
        "from unittest.mock import Mock\ndef test_one():\n    m = Mock(return_value=3)\n    assert f(m) == 3\n"
        "    m.assert_called_once_with(7)\n"
    )
    assert scripts("def f(g):\n    return g(7)\n", script)[0].status is Status.OK
    assert scripts("def f(g):\n    return g(8)\n", script)[0].status is Status.REFUSED
    assert scripts("def f(g):\n    return 3\n", script)[0].status is Status.REFUSED
