"""On a GPU: bfloat16 with float32 masters, every method, memory that does not grow, a run that goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from agents.codedpo.codedpo import CodeDPO
from agents.codedpo.data.pairs import Preference
from agents.policy.policy import LMPolicy

PAIRS = [
    Preference(
        prompt=f"Add {i}.\n",
        chosen=f"def f(x):\n    return x + {i}\n" * (1 + i % 5),
        rejected=f"def f(x):\n    return x - {i}\n" * (1 + i % 3),
    )
    for i in range(64)
]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("method", ["dpo", "kto", "sft"])
def test_twenty_steps_on_a_gpu(
    make_tokenizer: Callable[[str], Any], step_losses: Any, tmp_path: Path, method: str
) -> None:
    tokenizer = make_tokenizer("byte_level")
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=20,
        num_attention_heads=16,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    policy = LMPolicy.load(Qwen2ForCausalLM(config), tokenizer=tokenizer, device="cuda", max_new_tokens=64)
    assert policy.model.dtype == torch.bfloat16
    agent = CodeDPO(policy, pairs=PAIRS, seed=1, method=method, learning_rate=1e-5, batch_size=16, micro_batch_size=8)
    assert np.isfinite(step_losses(agent, 5 * 16)).all()
    warm = torch.cuda.max_memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    assert np.isfinite(step_losses(agent, 15 * 16)).all()
    assert torch.cuda.max_memory_allocated() < 1.05 * warm
    agent.save(tmp_path / "agent")
    resumed = CodeDPO.load(tmp_path / "agent", device="cuda")
    assert np.isfinite(step_losses(resumed, 16)).all()
