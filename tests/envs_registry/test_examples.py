from __future__ import annotations

import pytest

from codegym import CallTest
from envs_registry.examples import docstring_of, examples_in, shows


def test_doctests_and_looser_forms() -> None:
    statement = """Adds.

    >>> add(1, 2)
    3
    >>> add([1], [2])
    [1, 2]
    >>> x = add(0, 0)
    add(4, 5) == 9
    add("a", "b") ➞ "ab"
    add(-1, 1) should return 0.
    For add(7, 7), it is fourteen.
    readd(1, 1) == 3
    add(1, 2) => 3
    add(n, 1) == 2
    """
    assert examples_in(statement, "add") == (
        CallTest(args=(1, 2), expected=3, public=True),
        CallTest(args=([1], [2]), expected=[1, 2], public=True),
        CallTest(args=(4, 5), expected=9, public=True),
        CallTest(args=("a", "b"), expected="ab", public=True),
        CallTest(args=(-1, 1), expected=0, public=True),
    )


def test_docstring_of_a_function_without_a_body() -> None:
    assert docstring_of('def g():\n    """no"""\n\ndef f(x):\n    """ yes\n    """\n', "f").strip() == "yes"
    assert docstring_of("def f(:", "f") == ""


@pytest.mark.parametrize(
    "statement",
    [
        "Example\n\nInput\n\n3 5\n1\n\nOutput\n\n-7\n\nNote",
        "-----Sample Input-----\n3 5\n1\n\n-----Sample Output-----\n-7",
        "Input: 3 5 1\nOutput: -7",
        "Sample Input 1\n\n3 5\n1\n\nSample Output 1\n\n-7",
        "Input\n3 5\n1\nOutput\n8\n\nInput\n3 5\n1\nOutput\n-7",
    ],
)
def test_shown_examples_are_found(statement: str) -> None:
    assert shows(statement, "3 5\n1\n", "-7\n")
    assert not shows(statement, "3 5\n2\n", "-7\n")
    assert not shows(statement, "3 5\n1\n", "-6\n")


def test_an_output_that_begins_with_a_number_is_no_label() -> None:
    assert shows("Input\n2 2\nOutput\n0 25 60\n", "2 2\n", "0 25 60\n")
    assert not shows("anything", "", "")
