from __future__ import annotations

import ast
import random

import pytest

from envs_registry.strengthen.program_mutants import program_mutants


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a < b", {"a <= b"}),
        ("a < b != c", {"a <= b != c", "a < b == c"}),
        ("a + b", {"a - b"}),
        ("a and b", {"a or b", "a", "b"}),
        ("not a", {"a"}),
        ("x = 3", {"x = 4", "x = 2"}),
        ("x = True", {"x = False"}),
        ("min(a)", {"max(a)"}),
        ("range(n)", {"range(n + 1)", "range(n + -1)"}),
        ("x += a", {"x -= a", "pass"}),
        ("while a:\n    break", {"while a:\n    continue", "while a:\n    pass"}),
        ("if a:\n    b", {"if not a:\n    b", "if True:\n    b", "if False:\n    b"}),
        ("'text'", set()),
        ("not python(", set()),
    ],
)
def test_one_slip_each(source: str, wanted: set[str]) -> None:
    assert set(program_mutants(source, 100, random.Random(0))) == wanted


def test_nested_changes_touch_one_place() -> None:
    source = "def f(xs):\n    return [x + 1 for x in xs if x > 0 and x % 2 == 0]\n"
    found = program_mutants(source, 100, random.Random(0))
    assert len(set(found)) == len(found) > 8
    original = ast.unparse(ast.parse(source))
    for mutant in found:
        assert mutant != original
        compile(mutant, "mutant", "exec")


def test_count_and_seed() -> None:
    source = "def f(a, b):\n    return a + b * 2 - (a < b)\n"
    first, second = (program_mutants(source, 3, random.Random(1)) for _ in range(2))
    assert first == second
    assert len(first) == 3
