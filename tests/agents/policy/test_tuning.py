from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.policy.policy import LMPolicy
from agents.policy.tuning import Tuning
from codegym.errors import InvalidSettingError

KINDS = ["llama", "qwen2", "gpt2", "codegen", "t5"]
PROMPTS = ["def add(a, b):", "sum", "def add(a, b):"]
Folder = Callable[[str], Path]


def load(folder: Path, **tuning: Any) -> LMPolicy:
    return LMPolicy.load(folder, device="cpu", max_new_tokens=6, seed=3, tuning=Tuning(**tuning))


def stepped(policy: LMPolicy, batch: Any, rate: float = 0.1) -> None:
    """One step of gradient descent on what may be tuned."""
    policy.token_logprobs(batch).sum().backward()
    with torch.no_grad():
        for parameter in policy.model.parameters():
            if parameter.grad is not None:
                parameter -= rate * parameter.grad / (parameter.grad.norm() + 1e-6)
                parameter.grad = None


@pytest.mark.parametrize("kind", KINDS)
def test_adapters_alone_learn_and_are_saved(kind: str, model_folder: Folder, tmp_path: Path) -> None:
    plain, policy, same = load(model_folder(kind)), load(model_folder(kind), lora_rank=2), None
    batch = plain.batch(plain.generate(PROMPTS))
    torch.testing.assert_close(policy.token_logprobs(batch), plain.token_logprobs(batch))  # adapters begin as nothing
    tuned = [name for name, parameter in policy.model.named_parameters() if parameter.requires_grad]
    assert tuned
    assert all("lora_" in name for name in tuned)
    for _ in range(2):  # the first moves B away from zero, the second A
        stepped(policy, batch)
    moved = policy.token_logprobs(batch)
    assert (moved - plain.token_logprobs(batch)).abs().max() > 1e-3
    policy.save(tmp_path / "saved")
    assert not list((tmp_path / "saved").glob("model*.safetensors"))
    same = LMPolicy.load(tmp_path / "saved", device="cpu", max_new_tokens=6)
    torch.testing.assert_close(same.token_logprobs(batch), moved)
    assert [name for name, parameter in same.model.named_parameters() if parameter.requires_grad] == tuned
    behaviour = policy.batch(policy.generate(PROMPTS))
    torch.testing.assert_close(policy.token_logprobs(behaviour), behaviour.logprobs, atol=1e-4, rtol=1e-4)


def test_new_adapters_come_from_the_seed_and_touch_no_chance_of_others(model_folder: Folder) -> None:
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    first, second = (load(model_folder("qwen2"), lora_rank=2) for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    for ours, theirs in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_adapters_need_a_model_that_can_be_found_again(model_folder: Folder) -> None:
    policy = load(model_folder("gpt2"))
    policy.model.config._name_or_path = policy.model.name_or_path = ""
    with pytest.raises(InvalidSettingError, match="save_pretrained"):
        LMPolicy.load(policy.model, tokenizer=policy.tokenizer, device="cpu", tuning=Tuning(lora_rank=2))
    with pytest.raises(InvalidSettingError, match="lora_rank"):
        Tuning(lora_rank=-1)


@pytest.mark.parametrize("lora_rank", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_checkpointing_changes_no_gradient(kind: str, lora_rank: int, model_folder: Folder) -> None:
    def gradients(policy: LMPolicy) -> list[torch.Tensor]:
        stepped_in = []
        for part in policy.model.modules():  # those inside layers are run a second time, in the backward pass
            if "Norm" in type(part).__name__:
                part.register_forward_hook(lambda *_: stepped_in.append(1))
        policy.token_logprobs(batch).sum().backward()
        runs.append(len(stepped_in))
        return [p.grad for p in policy.model.parameters() if p.grad is not None]

    runs: list[int] = []
    plain = load(model_folder(kind), lora_rank=lora_rank)
    batch = plain.batch(plain.generate(PROMPTS[:2]))
    recomputing = load(model_folder(kind), lora_rank=lora_rank, gradient_checkpointing=True)
    for ours, theirs in zip(gradients(recomputing), gradients(plain), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    assert runs[0] > runs[1]
    assert len(recomputing.generate(PROMPTS)) == 3  # with its cache
