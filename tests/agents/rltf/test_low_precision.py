"""bfloat16 on a CPU with a small model, and on a GPU, where there is one, with a model of about 300 million weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from agents.policy.policy import LMPolicy
from agents.rltf import RLTF
from agents.training.optimizer import MasterAdamW
from codegym.env import CodeSynthesisEnv


def steps(agent: RLTF, number: int) -> list[float]:
    """The losses of some learning steps, on one and the same logger."""
    losses: list[float] = []
    agent.learn(
        number * agent.completions_per_step,
        callback=lambda variables, _: losses.append(agent.logger.name_to_value["train/loss"]) is None,
        log_interval=10**9,
        reset_num_timesteps=False,
    )
    return losses


def weights(agent: RLTF) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten().cpu() for parameter in agent.policy.model.parameters()])


def test_bfloat16_learns_and_resumes(
    model_folder: Callable[[str], Path], env: CodeSynthesisEnv, tmp_path: Path
) -> None:
    def new() -> RLTF:
        policy = LMPolicy.load(model_folder("qwen2"), device="cpu", dtype="bfloat16", max_new_tokens=8)
        return RLTF(policy, env, seed=1, problems_per_step=2, samples_per_problem=4, learning_rate=1e-5)

    whole, half = new(), new()
    assert isinstance(whole.optimizer, MasterAdamW)
    assert np.isfinite(steps(whole, 6)).all()
    steps(half, 3)
    half.save(tmp_path / "half")
    resumed = RLTF.load(tmp_path / "half", env=env, device="cpu")
    steps(resumed, 3)
    assert torch.equal(weights(resumed), weights(whole))
    assert not torch.equal(weights(whole), weights(new()))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_twenty_steps_on_a_gpu(make_tokenizer: Callable[[str], Any], env: CodeSynthesisEnv, tmp_path: Path) -> None:
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
    agent = RLTF(policy, env, seed=1, learning_rate=1e-5, micro_batch_size=32)
    assert np.isfinite(steps(agent, 5)).all()
    warm = torch.cuda.max_memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    assert np.isfinite(steps(agent, 15)).all()
    assert torch.cuda.max_memory_allocated() < 1.05 * warm
    agent.save(tmp_path / "agent")
    resumed = RLTF.load(tmp_path / "agent", env=env, device="cuda")
    assert np.isfinite(steps(resumed, 1)).all()
