from __future__ import annotations

import numpy as np
import torch

from agents.policy.token_batch import TokenBatch


def test_completions_are_padded_on_the_right_and_equal_prompts_kept_once() -> None:
    a, b = np.array([7, 8]), np.array([9])
    batch = TokenBatch.of([a, b, a.copy()], [np.array([1, 2, 3]), np.array([4]), np.array([5, 6])])
    assert len(batch) == 3
    assert [prompt.tolist() for prompt in batch.prompts] == [[7, 8], [9]]
    assert batch.prompt_index.tolist() == [0, 1, 0]
    assert batch.completion_ids.tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0]]
    assert batch.completion_mask.tolist() == [[True, True, True], [True, False, False], [True, True, False]]
    assert not batch.logprobs.any()
    assert batch.logprobs.dtype == torch.float32


def test_a_batch_moves_with_all_its_tensors() -> None:
    moved = TokenBatch.of([np.array([1])], [np.array([2, 3])]).to("meta")
    tensors = (moved.prompt_index, moved.completion_ids, moved.completion_mask, moved.logprobs)
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert moved.prompts[0].tolist() == [1]
