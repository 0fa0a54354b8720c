from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from agents.policy.completion import Completion
from agents.rltf.curriculum import Curriculum
from agents.rollout.experience import Experience
from codegym import CallTest, Problem

NONE = np.zeros(0, np.int64)
COMPLETION = Completion(
    prompt="",
    text="",
    prompt_ids=NONE,
    token_ids=NONE,
    offsets=NONE.reshape(0, 2),
    logprobs=NONE.astype(np.float32),
    finished=True,
)


def problems() -> list[Problem]:
    test = CallTest(expected=1)
    return [
        Problem(task_id=f"{name}/{i}", prompt="", entry_point="f", tests=(test,), difficulty=name)
        for name in ("easy", "middle", "hard")
        for i in range(10)
    ]


def went(task_id: str, passed: int, of: int, **fields: Any) -> list[Experience]:
    return [Experience(completion=COMPLETION, task_id=task_id, is_success=i < passed, **fields) for i in range(of)]


def shares(curriculum: Curriculum) -> Counter[str]:
    rng = np.random.default_rng(0)
    return Counter(task.split("/")[0] for _ in range(2000) for task in curriculum.choose(1, rng))


def test_what_is_in_doubt_is_asked_most() -> None:
    curriculum = Curriculum(problems())
    assert max(shares(curriculum).values()) < 760  # unknown: all alike
    curriculum.learn([*went("easy/0", 8, 8), *went("middle/3", 4, 8), *went("hard/1", 0, 8)])
    assert curriculum.rates == {"easy": 1.0, "middle": 0.5, "hard": 0.0}
    drawn = shares(curriculum)
    # weights 0.02, 0.27, 0.02: the middle gets 0.27 / 0.31 of 2000
    assert drawn["middle"] == pytest.approx(1742, abs=60)
    assert drawn["easy"] > 60


def test_rates_move_slowly_and_machines_failures_do_not_count() -> None:
    curriculum = Curriculum(problems())
    curriculum.learn(went("easy/0", 8, 8))
    curriculum.learn([*went("easy/1", 0, 8), *went("easy/2", 0, 9, infra_error=True), *went("easy/2", 9, 9, turn=1)])
    assert curriculum.rates == {"easy": pytest.approx(0.9)}


def test_uniform_stays_uniform() -> None:
    curriculum = Curriculum(problems(), is_uniform=True)
    curriculum.learn([*went("easy/0", 8, 8), *went("middle/3", 4, 8)])
    assert max(shares(curriculum).values()) < 760


def test_tasks_are_distinct_while_there_are_enough() -> None:
    rng = np.random.default_rng(0)
    assert len(set(Curriculum(problems()).choose(30, rng))) == 30
    assert len(Curriculum(problems()).choose(40, rng)) == 40
