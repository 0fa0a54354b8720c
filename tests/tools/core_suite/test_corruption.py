"""Spoilt programs: of every kind, deterministic, and mostly noticed."""

from __future__ import annotations

import random

import pytest

from envs_registry.suites.core import exercises
from tools.core_suite.corruption import Corruption, corrupt, corruptions

PROGRAM = (
    "def f(xs, k):\n    best = 0\n    for x in xs[::2]:\n        if x.bit_length() == 2 and x > k:\n"
    "            best = max(best, x + 1)\n    return max([y for y in xs if y], key=abs, default=0)\n"
)


@pytest.mark.parametrize("kind", list(Corruption))
def test_each_kind_spoils_this_program(kind: Corruption) -> None:
    found = corruptions(PROGRAM, kind)
    assert found
    assert PROGRAM not in found
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Corruption.MISSING_COLON, PROGRAM.replace("k):", "k)")),
        (Corruption.OFF_BY_ONE, PROGRAM.replace("x + 1", "x + 2")),
        (Corruption.COMPARISON, PROGRAM.replace("x > k", "x >= k")),
        (Corruption.MISSING_RETURN, PROGRAM.replace("return ", "")),
        (Corruption.AGGREGATE, PROGRAM.replace("= max(", "= min(")),
        (Corruption.DROPPED_DEFAULT, PROGRAM.replace(", default=0", "")),
        (Corruption.DROPPED_CONDITION, PROGRAM.replace(" if y]", "]")),
        (Corruption.SLICE, PROGRAM.replace("xs[::2]", "xs")),
        (Corruption.INFINITE_LOOP, PROGRAM.replace("k):\n", "k):\n    while True:\n        pass\n")),
    ],
)
def test_what_a_kind_does(kind: Corruption, expected: str) -> None:
    assert expected in corruptions(PROGRAM, kind)


def test_text_in_quotes_is_left_alone() -> None:
    assert corruptions('print("a == b")\n', Corruption.ASSIGN_FOR_EQUAL) == []


def test_the_same_seed_spoils_alike_and_never_leaves_the_program_as_it_was() -> None:
    for exercise in exercises("validation"):
        source = exercise.problem.solutions[0]
        spoilt = corrupt(source, random.Random(3))
        assert spoilt == corrupt(source, random.Random(3)) != source


def test_a_kind_that_does_not_apply_is_said() -> None:
    with pytest.raises(ValueError, match="none of dropped_keyword applies"):
        corrupt("def f(x):\n    return x\n", random.Random(0), [Corruption.DROPPED_KEYWORD])


def test_no_corruption_of_a_short_program_is_empty() -> None:
    rng = random.Random(0)
    for _ in range(200):
        assert corrupt("def f(x):\n    return x\n", rng).strip()
