from __future__ import annotations

from pathlib import Path

import pytest

from codegym import Problem, StdioTest
from codegym.errors import InvalidSettingError
from envs_registry.contamination import overlaps
from envs_registry.loading import load_suite
from envs_registry.suite import Suite


def suite(name: str, *prompts: str, solution: str = "") -> Suite:
    tests = (StdioTest(stdin="", expected_stdout="1"),)
    solutions = (solution,) if solution else ()
    problems = [
        Problem(task_id=f"{name}/{i}", prompt=prompt, tests=tests, solutions=solutions)
        for i, prompt in enumerate(prompts)
    ]
    return Suite(name, "all", problems)


def test_shared_runs_of_words_are_found() -> None:
    ours = suite("a", "one two three four five six", "seven eight nine ten")
    theirs = suite("b", "nothing of the kind here", "zero ONE, two-three four! five")
    (found,) = overlaps(ours, theirs, n=4, threshold=0.5)
    # one-two-three-four and two-three-four-five of the first prompt's three runs stand in the other
    assert (found.task_id, found.other_id, found.share) == ("a/0", "b/1", 2 / 3)
    assert found.example in ("one two three four", "two three four five")
    assert overlaps(ours, theirs, n=4, threshold=0.7) == ()
    assert overlaps(ours, theirs, n=6, threshold=0.1) == ()


def test_form_does_not_count() -> None:
    form = "you are an expert programmer and here is your task"
    ours = suite("a", *(f"{form} number{i}" for i in range(5)))
    assert overlaps(ours, suite("b", f"{form} other"), n=6, threshold=0.1) == ()


def test_solutions_count_when_asked_for() -> None:
    ours, theirs = (
        suite("a", "x", solution="def f(a): return a + 1"),
        suite("b", "y", solution="def f(a): return a + 1"),
    )
    assert overlaps(ours, theirs, n=3) == ()
    assert overlaps(ours, theirs, n=3, solutions=True)[0].share == 0.8


def test_mbpp_plus_is_made_of_mbpp(data: Path) -> None:
    ours = load_suite("mbppplus", data_dir=data, prompt="docstring", shown=0)[:40]
    theirs = load_suite("mbpp", "all", data_dir=data, prompt="docstring", shown=0)
    found = {overlap.task_id: overlap.other_id for overlap in overlaps(ours, theirs, n=6, threshold=0.5)}
    right = sum(other == task_id.lower() for task_id, other in found.items())
    assert right >= 30


def test_runs_of_no_words_are_refused() -> None:
    ours = suite("a", "one two three")
    with pytest.raises(InvalidSettingError, match="option 'n' must be at least 1, got 0"):
        overlaps(ours, ours, n=0)
