import numpy as np
import pytest

from agents.policy.completion import Completion
from agents.rltf.buffer import ExperienceBuffer
from agents.rollout.experience import Experience


def experience(number: int) -> Experience:
    ids = np.array([number], dtype=np.int64)
    written = Completion(
        prompt="p",
        text=str(number),
        prompt_ids=ids,
        token_ids=ids,
        offsets=np.array([[0, 1]], dtype=np.int64),
        logprobs=np.zeros(1, np.float32),
        finished=True,
    )
    return Experience(completion=written, task_id=str(number), version=number, passed=(True, False))


def held(buffer: ExperienceBuffer) -> list[int]:
    return [experience.version for experience in buffer]


def test_it_grows_until_full_and_then_loses_the_oldest() -> None:
    # defect 5: the released buffer evicts as much as it adds even when it is not full
    buffer = ExperienceBuffer(5)
    buffer.add(experience(i) for i in range(3))
    assert held(buffer) == [0, 1, 2]
    assert not buffer.is_full
    buffer.add(experience(i) for i in range(3, 7))
    assert held(buffer) == [2, 3, 4, 5, 6]
    assert buffer.is_full


def test_samples_are_distinct_reproducible_and_all_when_few() -> None:
    buffer = ExperienceBuffer(10)
    buffer.add(experience(i) for i in range(10))
    drawn = [e.version for e in buffer.sample(4, np.random.default_rng(1))]
    assert len(set(drawn)) == 4
    assert drawn == [e.version for e in buffer.sample(4, np.random.default_rng(1))]
    assert {e.version for _ in range(40) for e in buffer.sample(4, np.random.default_rng(_))} == set(range(10))
    assert len(buffer.sample(99, np.random.default_rng(1))) == 10


def test_old_versions_can_be_dropped() -> None:
    buffer = ExperienceBuffer(4)
    buffer.add(experience(i) for i in range(4))
    assert buffer.drop_older_than(2) == 2
    assert held(buffer) == [2, 3]
    assert buffer.capacity == 4


def test_an_experience_survives_as_plain_data() -> None:
    before = experience(3)
    after = Experience.from_dict(before.to_dict())
    assert {**after.to_dict(), "completion": 0, "span": 0} == {**before.to_dict(), "completion": 0, "span": 0}
    np.testing.assert_array_equal(after.completion.offsets, before.completion.offsets)


def test_capacity_is_checked() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ExperienceBuffer(0)
