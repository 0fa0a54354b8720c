"""What goes wrong with models, problems and numbers: detected, explained, survived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.logger import KVWriter, Logger
from transformers import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

from agents.policy.policy import LMPolicy
from agents.rltf import RLTF
from agents.training.callbacks import SaveLatest
from codegym.env import CodeSynthesisEnv
from codegym.errors import DivergedError

SMALL = {"problems_per_step": 3, "samples_per_problem": 4}
MakePolicy = Callable[..., LMPolicy]


class Memory(KVWriter):
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
        self.rows.append(dict(key_values))


def logged(agent: RLTF) -> list[dict[str, Any]]:
    memory = Memory()
    agent.set_logger(Logger(folder=None, output_formats=[memory]))
    return memory.rows


def weights(agent: RLTF) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in agent.policy.model.parameters()])


def test_a_model_without_a_pad_token(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    padded, bare = make_policy(), make_policy()
    bare.tokenizer.pad_token = None
    bare.model.config.pad_token_id = bare.model.generation_config.pad_token_id = None
    agents = [
        RLTF(LMPolicy.load(p.model, tokenizer=p.tokenizer, max_new_tokens=12), env, seed=1, **SMALL)
        for p in (padded, bare)
    ]
    with_pad, without = (weights(agent.learn(24)) for agent in agents)
    assert torch.equal(with_pad, without)


def test_a_tokenizer_that_is_not_fast(tmp_path: Path, env: CodeSynthesisEnv) -> None:
    """Written in Python, without offsets of its own; ours come from the ids."""
    letters = [chr(c) for c in range(33, 127)] + ["Ġ", "Ċ"]
    vocabulary = {token: i for i, token in enumerate(["<|endoftext|>", *letters, "de", "def"])}
    tokenizer = GPT2Tokenizer(vocab=vocabulary, merges=[("d", "e"), ("de", "f")])
    if tokenizer.is_fast:  # transformers 5 has no slow one for GPT-2 any more: stand in the way of its fast parts

        class Slow:
            is_fast = False
            chat_template = None

            def __init__(self, inner: Any) -> None:
                self._inner = inner

            def __getattr__(self, name: str) -> Any:
                if name in ("backend_tokenizer", "_tokenizer"):
                    raise AttributeError(name)
                return getattr(self._inner, name)

            def __call__(self, text: str, **options: Any) -> Any:
                assert not options.get("return_offsets_mapping")
                return self._inner(text, **options)

            def __len__(self) -> int:
                return len(self._inner)

        tokenizer = Slow(tokenizer)
    assert not tokenizer.is_fast
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(vocabulary), n_embd=16, n_layer=1, n_head=2, n_positions=256))
    policy = LMPolicy.load(model, tokenizer=tokenizer, device="cpu", max_new_tokens=8)
    agent = RLTF(policy, env, seed=1, **SMALL)
    rows = logged(agent)
    agent.learn(12)
    for experience in agent.buffer:
        text, offsets = experience.completion.text, experience.completion.offsets
        assert "".join(text[start:end] for start, end in offsets) == text
    assert np.isfinite(rows[0]["train/loss"])


def test_a_prompt_longer_than_the_context(make_policy: MakePolicy, problems: Any, judge: Any) -> None:
    long = [replace(problem, prompt="x = 1\n" * 400) for problem in problems]
    agent = RLTF(make_policy("gpt2"), CodeSynthesisEnv(long, judge=judge), seed=1, **SMALL)
    with pytest.warns(UserWarning, match="was cut to its last 244"):
        agent.learn(12)
    assert {len(experience.completion.prompt_ids) for experience in agent.buffer} == {256 - 12}
    assert agent.n_updates == 1


def test_no_sample_ever_passes(make_policy: MakePolicy, env: CodeSynthesisEnv, judge: Any) -> None:
    """Every program is equally bad, so nothing can be learned by comparison: the weights stay, and the log says why."""
    as_it_was = judge.judge
    judge.judge = lambda problem, completion: as_it_was(problem, "!")
    agent = RLTF(make_policy(), env, seed=1, **SMALL)
    rows = logged(agent)
    before = weights(agent).clone()
    agent.learn(36)
    assert torch.equal(weights(agent), before)
    assert [row["rollout/zero_advantage_share"] for row in rows] == [1.0] * 3
    assert [row["rollout/success_rate"] for row in rows] == [0.0] * 3
    assert all(row["train/skipped_steps"] == 0 for row in rows)


@pytest.mark.parametrize("advantage", ["rloo", "group_mean", "grpo"])
def test_all_advantages_zero(make_policy: MakePolicy, env: CodeSynthesisEnv, judge: Any, advantage: str) -> None:
    as_it_was = judge.judge
    judge.judge = lambda problem, completion: as_it_was(problem, "abc")  # everything passes
    agent = RLTF(make_policy(), env, seed=1, advantage=advantage, kl_coefficient=0.1, **SMALL)
    rows = logged(agent)
    agent.learn(24)
    assert all(experience.advantage == 0 for experience in agent.buffer)
    assert torch.isfinite(weights(agent)).all()
    assert all(np.isfinite(row["train/loss"]) for row in rows)  # the divergence still has a gradient


def test_a_model_that_has_become_nan_stops_with_the_checkpoint_kept(
    make_policy: MakePolicy, env: CodeSynthesisEnv, tmp_path: Path
) -> None:
    agent = RLTF(make_policy(), env, seed=1, **SMALL)
    logged(agent)
    agent.learn(12, callback=SaveLatest(tmp_path / "latest"))
    good = (tmp_path / "latest.zip").read_bytes()
    with torch.no_grad():
        next(agent.policy.model.parameters()).fill_(float("nan"))
    with pytest.raises(DivergedError, match="checkpoint"):
        agent.learn(24, callback=SaveLatest(tmp_path / "latest", every=1), reset_num_timesteps=False)
    assert (tmp_path / "latest.zip").read_bytes() == good


def test_losses_that_are_not_finite_stop_after_a_while(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    """One bad batch is skipped and counted; one after the other means that the run is lost."""
    agent = RLTF(make_policy(), env, seed=1, advantage="none", **SMALL)
    logged(agent)
    score = agent.policy.score

    def poisoned(batch: Any, **options: Any) -> Any:
        scores = score(batch, **options)
        return replace(scores, logprobs=scores.logprobs * float("nan"))

    agent.policy.score = poisoned  # type: ignore[method-assign]
    before = weights(agent).clone()
    with pytest.raises(DivergedError, match="not finite"):
        agent.learn(12 * 100)
    assert torch.equal(weights(agent), before)
    assert 1 < agent.n_updates < 20


def test_memory_that_is_never_enough_is_said(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    agent = RLTF(make_policy(), env, seed=1, micro_batch_size=2, **SMALL)
    logged(agent)

    def scored(batch: Any, **options: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    agent.policy.score = scored  # type: ignore[method-assign]
    with pytest.warns(UserWarning, match="micro_batch_size of 1"), pytest.raises(torch.OutOfMemoryError):
        agent.learn(12)
