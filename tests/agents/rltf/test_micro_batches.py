from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from agents.policy.completion import Completion
from agents.rltf.micro_batches import deduplicated, micro_batches
from agents.rollout.experience import Experience


def experience(prompt: int, prompt_length: int, length: int, advantage: float = 1.0) -> Experience:
    completion = Completion(
        prompt="p",
        text="t",
        prompt_ids=np.full(prompt_length, prompt),
        token_ids=np.arange(length),
        offsets=np.zeros((length, 2), np.int64),
        logprobs=np.zeros(length, np.float32),
        finished=True,
    )
    return Experience(
        completion=completion, task_id=str(prompt), advantage=advantage, span=np.zeros(length, np.float32)
    )


def test_equal_completions_of_equal_credit_count_together() -> None:
    a = experience(0, 3, 4)
    others = [experience(0, 3, 4, advantage=0.5), experience(1, 3, 4), experience(0, 3, 5), replace(a, version=1)]
    blamed = replace(a, span=np.ones(4, np.float32))
    read = deduplicated([a, *others, a, blamed, a], torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]))
    assert read.experiences == [a, *others, blamed]
    assert read.weights == pytest.approx([0.1 + 0.6 + 0.8, 0.2, 0.3, 0.4, 0.5, 0.7])


def test_long_prompts_are_read_once() -> None:
    mixed = [experience(prompt, 100, length) for length in (5, 6) for prompt in range(3)]
    parts = micro_batches(mixed, 2)
    assert sorted(index for part in parts for index in part) == list(range(6))
    assert all(len({mixed[index].task_id for index in part}) == 1 for part in parts)


def test_short_prompts_leave_completions_sorted_by_length() -> None:
    mixed = [experience(prompt, 2, length) for length in (5, 60) for prompt in range(3)]
    parts = micro_batches(mixed, 3)
    assert [[mixed[index].length for index in part] for part in parts] == [[5, 5, 5], [60, 60, 60]]


def test_nothing_makes_no_parts() -> None:
    assert micro_batches([], 4) == []
