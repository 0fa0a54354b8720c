"""Which failures lie behind the entry point."""

from __future__ import annotations

import pytest

from codegym.extraction import tail_start

SOURCE = """import math

def total(xs):
    return sum(xs[:LIMIT])

LIMIT = 3
print(total([1]))
assert total([1, 2]) == (
    4
)
answer = total(None)
"""


@pytest.mark.parametrize(
    ("line", "text"), [(7, "print(total"), (8, "assert total"), (9, "assert total"), (11, "answer")]
)
def test_a_statement_behind_the_function_is_its_tail(line: int, text: str) -> None:
    start = tail_start(SOURCE, "total", line)
    assert start is not None
    assert SOURCE[start:].startswith(text)


@pytest.mark.parametrize("line", [1, 3, 4, 6, 99])
def test_definitions_and_what_stands_before_are_none(line: int) -> None:
    assert tail_start(SOURCE, "total", line) is None


def test_before_the_entry_point_nothing_is_a_tail() -> None:
    assert tail_start("print(1)\n\ndef total(xs):\n    return 1\n", "total", 1) is None
    assert tail_start("print(1\n", "total", 1) is None
