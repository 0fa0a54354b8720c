"""Scripts that could never say no, and scripts that could."""

from __future__ import annotations

import pytest

from codegym.sandbox.assertions import asserts_something

NOTHING = [
    "",
    "# a comment\n",
    "f(1) == 99",
    "assert (f(1) == 99, 'm')",
    "assert True",
    "if False:\n    assert f(1) == 9",
    "if 0:\n    assert f(1)\nelse:\n    f(1)",
    "def unused():\n    assert f(1) == 9",
    "def test_a():\n    return\n    assert f(1) == 9",
    "class Unused:\n    def m(self):\n        assert f(1) == 9",
    "while False:\n    assert f(1)",
    "def check(candidate):\n    candidate(1) == 2",
    "def check(candidate):\n    return True",
    "def test_a():\n    f(1) == 2",
    "x = f(1)\nprint(x == 99)",
    "for x in [1]:\n    continue\n    assert f(x) == 9",
    "try:\n    pass\nexcept E:\n    print(1)",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    assert f(1) == 99",
]
SOMETHING = [
    "assert f(1) == 2",
    "def test_a():\n    assert f(1) == 2",
    "if f(1) != 2:\n    raise ValueError",
    "if f(1) != 2: exit(1)",
    "class A(unittest.TestCase):\n    def test_x(self):\n        self.assertEqual(f(1), 2)",
    "def check(c):\n    return c(1) == 2",
    "if __name__ == '__main__':\n    assert f(1) == 2",
    "with pytest.raises(ValueError):\n    f(1)",
    "def h():\n    assert f(1) == 2\nh()",
    "try:\n    f(1)\nexcept ValueError:\n    pass\nelse:\n    assert False",
    "np.testing.assert_allclose(f(1), 2)",
    "async def test_a():\n    assert await f(1) == 2",
    "match f(1):\n    case 2:\n        pass\n    case _:\n        raise E",
    "while True:\n    assert f(1)\n    break",
    "does not parse",
    "(" * 10_000,
]


@pytest.mark.parametrize("script", NOTHING)
def test_a_script_whose_assertions_never_run_asserts_nothing(script: str) -> None:
    assert not asserts_something(script)


@pytest.mark.parametrize("script", SOMETHING)
def test_a_script_that_could_refuse_is_left_alone(script: str) -> None:
    assert asserts_something(script)
