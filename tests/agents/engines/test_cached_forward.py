from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from agents.policy.policy import LMPolicy


def test_long_prompts_are_encoded_a_few_at_a_time(
    model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = LMPolicy.load(model_folder("t5"), device="cpu", max_new_tokens=8)
    prompts = [policy.encode("p" * length) for length in (3, 30, 17, 30, 8)]
    encoder, sizes = policy.model.get_encoder(), []
    encoder.register_forward_pre_hook(lambda _, __, named: sizes.append(named["input_ids"].shape[0]), with_kwargs=True)
    with torch.inference_mode():
        whole = policy.backbone.read(prompts).logits
        longest = max(map(len, prompts))
        monkeypatch.setattr("agents.engines.cached_forward._ENCODED_AT_ONCE", 2 * longest**2)
        torch.testing.assert_close(policy.backbone.read(prompts).logits, whole, atol=1e-4, rtol=1e-4)
        monkeypatch.setattr("agents.engines.cached_forward._ENCODED_AT_ONCE", 1)
        torch.testing.assert_close(policy.backbone.read(prompts).logits, whole, atol=1e-4, rtol=1e-4)
    assert sizes == [5, 2, 2, 1, *[1] * 5]
