from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.engines.cached_forward import distinct_rows, make_cached_forward, pad
from agents.policy.policy import LMPolicy


def test_long_prompts_are_encoded_in_small_batches(
    model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = LMPolicy.load(model_folder("t5"), device="cpu", max_new_tokens=8)
    prompts = [policy.encode("p" * length) for length in (3, 30, 17, 30, 8)]
    encoder, sizes = policy.model.get_encoder(), []
    encoder.register_forward_pre_hook(lambda _, __, named: sizes.append(named["input_ids"].shape[0]), with_kwargs=True)
    with torch.inference_mode():
        whole = policy.network.prefill(prompts).logits
        longest = max(map(len, prompts))
        monkeypatch.setattr("agents.engines.cached_forward._MAX_ENCODER_PAIRS", 2 * longest**2)
        torch.testing.assert_close(policy.network.prefill(prompts).logits, whole, atol=1e-4, rtol=1e-4)
        monkeypatch.setattr("agents.engines.cached_forward._MAX_ENCODER_PAIRS", 1)
        torch.testing.assert_close(policy.network.prefill(prompts).logits, whole, atol=1e-4, rtol=1e-4)
    assert sizes == [5, 2, 2, 1, *[1] * 5]


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2", "codegen", "t5"])
def test_decoding_token_by_token_gives_the_logits_of_one_pass(kind: str, model_folder: Callable[[str], Path]) -> None:
    """Rows of the cache are repeated at the start and dropped on the way, as sampling does."""
    network = make_cached_forward(LMPolicy.load(model_folder(kind), device="cpu").model)
    prompts = [np.array(ids) for ids in ([5, 6, 7, 8, 9], [9], [20, 30, 40])]
    rows, kept = [2, 0, 0, 1], [3, 1]
    ids = (torch.arange(4)[:, None] * 7 + torch.arange(9) * 3) % 100 + 3
    with torch.inference_mode():
        expected = network.score([prompts[row] for row in rows], ids)
        state = network.prefill(prompts)
        state.select(torch.tensor(rows))
        for step in range(9):
            if step == 5:
                state.select(torch.tensor(kept))
                ids, expected = ids[kept], expected[kept]
            torch.testing.assert_close(state.logits, expected[:, step], atol=1e-4, rtol=1e-4)
            assert torch.equal(state.decode(ids[:, step : step + 1])[:, -1], state.logits)


def test_pad() -> None:
    ids, mask = pad([np.array([1, 2, 3]), np.array([4])], "cpu")
    assert ids.tolist() == [[1, 2, 3], [0, 0, 4]]
    assert mask.tolist() == [[1, 1, 1], [0, 0, 1]]
    ids, mask = pad([np.array([1, 2, 3]), np.array([4])], "cpu", left=False)
    assert ids.tolist() == [[1, 2, 3], [4, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_distinct_rows() -> None:
    a, b = np.array([1, 2]), np.array([1, 2, 3])
    distinct, index = distinct_rows([a, b, a.copy(), b.copy()])
    assert [row.tolist() for row in distinct] == [[1, 2], [1, 2, 3]]
    assert index.tolist() == [0, 1, 0, 1]
