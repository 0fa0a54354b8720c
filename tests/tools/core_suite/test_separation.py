"""No test problem, and nothing near one, is in train: the proof, and that the proof would notice."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from envs_registry.suites.core import SPLITS
from tools.core_suite.rows import drafts
from tools.core_suite.separation import (
    Guard,
    behaviour,
    plain_prompt,
    program_shape,
    prompt_index,
    prompt_runs,
    separation,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("first", "second"), list(combinations(SPLITS, 2)))
def test_splits_have_nothing_in_common(first: str, second: str) -> None:
    found = separation(drafts(first), drafts(second))
    assert found.is_clean, found


def test_a_smuggled_problem_is_noticed_in_every_way() -> None:
    stranger = drafts("test")[5]
    train = (*drafts("train")[:50], replace(stranger, problem=replace(stranger.problem, task_id="core/x")))
    found = separation(train, drafts("test"))
    pair = ("core/x", stranger.problem.task_id)
    assert not found.is_clean
    assert pair in found.skeletons
    assert pair in found.behaviours
    assert pair in found.programs
    assert pair in found.prompts
    assert pair in found.near_prompts


def test_renaming_and_other_constants_do_not_hide_a_program() -> None:
    one = "def f(xs):\n    ys = [x for x in xs if x > 3]\n    return sum(ys)\n"
    two = "def g(nums):\n    kept = [a for a in nums if a > 7]\n    return sum(kept)\n"
    other = "def f(xs):\n    ys = [x for x in xs if x < 3]\n    return sum(ys)\n"
    assert program_shape(one) == program_shape(two) != program_shape(other)


def test_names_and_constants_do_not_hide_a_prompt() -> None:
    one = "Return the sum of the first 3 of the list xs.\ndef f(xs):\n"
    two = "Return the sum of the first 5 of the list nums.\ndef solve(nums):\n"
    assert plain_prompt(one) == plain_prompt(two) == "return the sum of the first n of the list n"


def test_a_guard_admits_no_function_twice_and_no_program_in_two_splits() -> None:
    guard = Guard()
    first, second = [draft for draft in drafts("train") if draft.family == "stdio"][:2]
    assert guard.admits(first, "train")
    assert not guard.admits(first, "train")
    assert guard.admits(second, "train")
    third = next(draft for draft in drafts("test") if draft.family == "stdio")
    copied = (*third.problem.solutions, second.problem.solutions[0])
    assert not guard.admits(replace(third, problem=replace(third.problem, solutions=copied)), "test")
    assert guard.admits(third, "test")


def test_near_duplicate_prompts_are_found() -> None:
    base = "Take the list xs: keep the even numbers, then square each, then reverse them, then drop repeats. Return it."
    texts = [base, base.replace("even", "odd"), base.replace("square", "cube").replace("even", "odd"), base + " Now."]
    index = prompt_index()
    for number, text in enumerate(texts):
        index.add(str(number), prompt_runs(text))
    assert index.owners(prompt_runs(base)) == {"0", "3"}
    assert index.owners(prompt_runs("Return the sum of the list xs.")) == set()


def test_behaviour_tells_functions_apart() -> None:
    found = [behaviour(draft) for draft in drafts("validation")]
    assert len(set(found)) == len(found)
