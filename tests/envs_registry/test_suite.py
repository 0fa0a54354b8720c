from __future__ import annotations

import copy
import pickle

import pytest

from codegym import CallTest, Limits, Problem
from codegym.errors import DataError, UnknownNameError
from envs_registry.suite import Suite


def problem(number: int, difficulty: str = "easy", tags: tuple[str, ...] = (), prompt: str = "p") -> Problem:
    return Problem(
        task_id=f"own/{number}",
        prompt=prompt,
        tests=(CallTest(args=(number,), expected=number),),
        entry_point="f",
        difficulty=difficulty,
        tags=tags,
    )


@pytest.fixture
def suite() -> Suite:
    return Suite(
        "own",
        "all",
        [problem(0), problem(1, "hard", ("lists",)), problem(2, prompt="long prompt")],
        known_bad={"own/1": "why", "own/99": "not here"},
    )


def test_is_a_sequence(suite: Suite) -> None:
    assert len(suite) == 3
    assert [p.task_id for p in suite] == list(suite.task_ids) == ["own/0", "own/1", "own/2"]
    assert suite[-1] is suite[2]
    assert "own/1" in suite
    assert suite[1] in suite
    assert "own/9" not in suite
    assert suite.known_bad == {"own/1": "why"}


def test_a_slice_is_a_suite(suite: Suite) -> None:
    part = suite[1:]
    assert isinstance(part, Suite)
    assert part.task_ids == ("own/1", "own/2")
    assert part[0] is suite[1]
    assert part[::-1].task_ids == ("own/2", "own/1")


def test_by_id_offers_close_ids(suite: Suite) -> None:
    assert suite.by_id("own/2") is suite[2]
    with pytest.raises(UnknownNameError, match="Did you mean 'own/"):
        suite.by_id("own/7")


def test_filters(suite: Suite) -> None:
    assert suite.filter(difficulties=["hard"]).task_ids == ("own/1",)
    assert suite.filter(tags=["lists"]).task_ids == ("own/1",)
    with pytest.raises(UnknownNameError, match=r"tag of suite 'own' 'list'\. Did you mean 'lists'"):
        suite.filter(tags=["list"])
    assert suite.filter(max_prompt_characters=1).task_ids == ("own/0", "own/1")
    assert suite.filter(ids=["own/2", "own/0"]).task_ids == ("own/0", "own/2")
    assert suite.filter(where=lambda p: p.task_id.endswith("2")).task_ids == ("own/2",)
    with pytest.raises(UnknownNameError, match="Did you mean 'hard'"):
        suite.filter(difficulties=["herd"])


def test_other_limits(suite: Suite) -> None:
    limited = suite.with_limits(Limits(cpu_seconds=1.0))[1:]
    assert limited[0].limits == Limits(cpu_seconds=1.0)
    assert limited.task_ids == ("own/1", "own/2")
    assert suite[1].limits is None


def test_refuses_the_same_id_twice() -> None:
    with pytest.raises(DataError, match="'own/1' occurs more than once"):
        Suite("own", "all", [problem(0), problem(1), problem(1)])


def test_copies_and_pickles(suite: Suite) -> None:
    assert copy.deepcopy(suite) is suite
    assert [p.task_id for p in pickle.loads(pickle.dumps(suite[1:]))] == ["own/1", "own/2"]
