from __future__ import annotations

from collections import Counter

import pytest

from codegym import Problem, StdioTest
from codegym.errors import DataError, InvalidProblemError
from envs_registry.mixture import mix
from envs_registry.suite import Suite


def suite(name: str, size: int) -> Suite:
    tests = (StdioTest(stdin="", expected_stdout="1"),)
    problems = [Problem(task_id=f"{name}/{i}", prompt="", tests=tests) for i in range(size)]
    return Suite(name, "all", problems, packages=(name,), known_bad={f"{name}/0": "bad"})


def parts(mixture: Suite) -> Counter[str]:
    return Counter(task_id.split("/")[0] for task_id in mixture.task_ids)


def test_shares_without_a_size_use_as_much_as_they_can() -> None:
    mixture = mix([(suite("a", 10), 1), (suite("b", 100), 3)])
    assert parts(mixture) == {"a": 10, "b": 30}
    assert mixture.packages == ("a", "b")
    assert "a/0" in mixture.known_bad


def test_rounding_keeps_the_size() -> None:
    mixture = mix([(suite(name, 10), 1) for name in "abc"], size=11)
    assert sorted(parts(mixture).values()) == [3, 4, 4]


def test_seeded() -> None:
    a, b = suite("a", 50), suite("b", 50)
    assert mix([(a, 1), (b, 1)], size=20, seed=1).task_ids == mix([(a, 1), (b, 1)], size=20, seed=1).task_ids
    assert mix([(a, 1), (b, 1)], size=20, seed=1).task_ids != mix([(a, 1), (b, 1)], size=20, seed=2).task_ids


def test_bad_input() -> None:
    with pytest.raises(InvalidProblemError, match="weights above zero"):
        mix([(suite("a", 3), 0)])
    with pytest.raises(InvalidProblemError, match="too few problems: its share of 10 is 5"):
        mix([(suite("a", 3), 1), (suite("b", 30), 1)], size=10)
    with pytest.raises(DataError, match="more than once"):
        mix([(suite("a", 3), 1), (suite("a", 3), 1)])
