from __future__ import annotations

from codegym import CallTest, Problem, StdioTest
from envs_registry.statistics import Spread, statistics_of
from envs_registry.suite import Suite


def test_counts() -> None:
    call, shown = CallTest(args=(1,), expected=1), CallTest(args=(2,), expected=2, public=True)
    suite = Suite(
        "own",
        "all",
        [
            Problem(
                task_id="a", prompt="12345", tests=(call, shown), entry_point="f", solutions=("a\nb", "c"), tags=("x",)
            ),
            Problem(task_id="b", prompt="1", tests=(shown,), entry_point="f", difficulty="hard", tags=("x", "y")),
            Problem(task_id="c", prompt="123", tests=(StdioTest(stdin="", expected_stdout="1"),), mutants=("m",)),
        ],
    )
    found = statistics_of(suite)
    assert found.tests == {"CallTest": 3, "StdioTest": 1}
    assert found.public_tests == 2
    assert found.tests_a_problem == Spread(least=1, middle=1, most=2)
    assert found.without_private_tests == 1
    assert found.prompt_characters == Spread(least=1, middle=3, most=5)
    assert found.solution_lines == Spread(least=1, middle=1.5, most=2)
    assert (found.solutions, found.unsolved, found.mutants, found.one_process) == (2, 2, 1, 0)
    assert found.difficulties == {"unknown": 2, "hard": 1}
    assert found.tags == {"x": 2, "y": 1}


def test_an_empty_suite() -> None:
    assert statistics_of(Suite("own", "all", [])).prompt_characters == Spread(least=0, middle=0, most=0)
