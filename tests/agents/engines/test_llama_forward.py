"""The short way through Llama-like models, held against their own code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.engines.cached_forward import CausalReading, make_backbone
from agents.engines.llama_forward import LlamaReading, is_plain_llama
from agents.policy.policy import LMPolicy

PROMPTS = [np.array(ids) for ids in ([5, 6, 7, 8, 9], [9], [20, 30, 40])]


def model(folder: Path, dtype: str = "float32") -> Any:
    return LMPolicy.load(folder, device="cpu", dtype=dtype).model


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_it_gives_the_scores_of_the_models_own_code(kind: str, model_folder: Callable[[str], Path]) -> None:
    backbone = make_backbone(model(model_folder(kind)))
    with torch.inference_mode():
        own, short = backbone.read(PROMPTS), backbone.read(PROMPTS).reserve(12)
        assert isinstance(own, CausalReading)
        assert isinstance(short, LlamaReading)
        rows = torch.tensor([2, 0, 0, 1])
        for step in range(12):
            if step in (0, 5):  # rows are repeated at the start and dropped on the way
                rows = rows if step == 0 else torch.tensor([3, 1])
                own.select(rows)
                short.select(rows)
            ids = (torch.arange(len(rows))[:, None] * 7 + step * 3) % 100 + 3
            expected, found = own.write(ids), short.write(ids)
            torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(short.logits, own.logits, atol=1e-4, rtol=1e-4)


def test_other_models_go_their_own_way(model_folder: Callable[[str], Path]) -> None:
    assert not is_plain_llama(model(model_folder("gpt2")))
    assert not is_plain_llama(model(model_folder("qwen2"), "bfloat16"))
    hooked, windowed, stretched = (model(model_folder("qwen2")) for _ in range(3))
    assert is_plain_llama(hooked)
    hooked.model.layers[0].register_forward_hook(lambda *_: None)
    windowed.config.layer_types = ["full_attention", "sliding_attention"]
    stretched.config.rope_parameters["rope_type"] = "dynamic"
    assert not any(is_plain_llama(changed) for changed in (hooked, windowed, stretched))
