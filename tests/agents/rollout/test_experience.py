from __future__ import annotations

import math

import numpy as np

from agents.policy.completion import Completion
from agents.rollout.experience import Experience


def experience(**values: object) -> Experience:
    completion = Completion(
        prompt="p",
        text="ab",
        prompt_ids=np.array([5], dtype=np.int64),
        token_ids=np.array([7, 8, 1], dtype=np.int64),
        offsets=np.array([[0, 1], [1, 2], [2, 2]], dtype=np.int64),
        logprobs=np.array([-0.5, -0.25, 0.0], np.float32),
        finished=True,
    )
    return Experience(**{"completion": completion, "task_id": "t/1", **values})  # type: ignore[arg-type]  # by name


def test_the_reward_is_the_sum_of_its_parts_and_nothing_where_the_machine_failed() -> None:
    assert experience(rewards={"coarse": -0.5, "adaptive": 0.25}).reward == -0.25
    assert math.isnan(experience(infra_error=True).reward)
    assert experience().length == 3


def test_a_return_is_known_only_if_this_turn_and_all_later_ones_were_judged() -> None:
    assert experience(rewards={"coarse": 1.0}, future=0.5).is_known
    assert not experience(infra_error=True).is_known
    assert not experience(rewards={"coarse": 1.0}, future=math.nan).is_known


def test_plain_data_and_back() -> None:
    before = experience(
        rewards={"coarse": -1.0}, verdict="fail", passed=(True, False), span=np.array([0, 1, 0], np.float32)
    )
    after = Experience.from_dict(before.to_dict())
    assert after.to_dict().keys() == before.to_dict().keys()
    for name, value in before.to_dict().items():
        if name == "completion":
            assert all(np.array_equal(found, value[part]) for part, found in vars(after.completion).items())
        else:
            assert np.array_equal(getattr(after, name), value), name


def test_fields_that_earlier_versions_wrote_are_left_out() -> None:
    assert Experience.from_dict({**experience().to_dict(), "unreached": np.zeros(3, bool)}).task_id == "t/1"
