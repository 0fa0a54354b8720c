from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.policy import fingerprint
from agents.policy.policy import LMPolicy
from agents.policy.tuning import Tuning

Folder = Callable[[str], Path]


@pytest.fixture(params=["llama", "gpt2", "t5"])
def folder(request: pytest.FixtureRequest, model_folder: Folder) -> Path:
    return model_folder(request.param)


@pytest.fixture
def policy(folder: Path) -> LMPolicy:
    return LMPolicy.load(folder, device="cpu")


def test_two_policies_of_one_folder_have_one_fingerprint_and_so_has_a_saved_copy(
    policy: LMPolicy, folder: Path, tmp_path: Path
) -> None:
    policy.save(tmp_path / "copy")
    assert policy.fingerprint() == LMPolicy.load(folder, device="cpu").fingerprint()
    assert policy.fingerprint() == LMPolicy.load(tmp_path / "copy", device="cpu").fingerprint()


def test_writing_texts_changes_nothing(policy: LMPolicy) -> None:
    before = policy.fingerprint()
    policy.generate(["x", "def add(a, b):"], max_new_tokens=4)
    policy.tokenizer(["a", "b c"], truncation=True, max_length=3)
    assert policy.fingerprint() == before


def test_an_update_of_one_weight_changes_it_and_taking_it_back_restores_it(policy: LMPolicy) -> None:
    before = policy.fingerprint()
    weight = next(policy.model.parameters())
    with torch.no_grad():
        weight[0, 0] += 1.0
    changed = policy.fingerprint()
    with torch.no_grad():
        weight[0, 0] -= 1.0
    assert changed != before
    policy.model.load_state_dict({name: tensor.clone() for name, tensor in policy.model.state_dict().items()})
    assert policy.fingerprint() != changed


@pytest.mark.parametrize("fused", [False, True])
def test_a_step_of_an_optimizer_changes_it(policy: LMPolicy, fused: bool) -> None:
    optimizer = torch.optim.AdamW(policy.model.parameters(), lr=1e-3, fused=fused)
    before = policy.fingerprint()
    policy.token_logprobs(policy.batch(policy.generate(["x"], max_new_tokens=4))).sum().backward()
    optimizer.step()
    assert policy.fingerprint() != before


@pytest.mark.parametrize("change", ["template", "tokenizer", "config", "dtype"])
def test_all_that_decides_what_is_written_changes_it(policy: LMPolicy, change: str) -> None:
    before = policy.fingerprint()
    other = LMPolicy(copy.deepcopy(policy.model), copy.deepcopy(policy.tokenizer), policy.template)
    assert other.fingerprint() == before
    match change:
        case "template":
            other.template = dataclasses.replace(policy.template, program="Please: {prompt}")
        case "tokenizer":
            other.tokenizer.add_tokens(["zzz"])
        case "config":
            other.model.config.hidden_act = "another"
        case "dtype":
            other.model.to(torch.bfloat16)
    assert other.fingerprint() != before


def test_adapters_count_with_their_scaling(model_folder: Folder) -> None:
    pytest.importorskip("peft")
    prints = {
        LMPolicy.load(model_folder("llama"), device="cpu", tuning=tuning).fingerprint()
        for tuning in (Tuning(), Tuning(lora_rank=2), Tuning(lora_rank=2, lora_alpha=1.0), Tuning(lora_rank=2))
    }
    assert len(prints) == 3


def test_the_weights_are_read_once_until_they_change(policy: LMPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    digest = fingerprint._digest

    def counted(state: Any) -> str:
        reads.append(state)
        return digest(state)

    monkeypatch.setattr(fingerprint, "_digest", counted)
    assert policy.fingerprint() == policy.fingerprint()
    assert len(reads) == 1
    next(policy.model.parameters()).data[0, 0] += 1.0  # a write that PyTorch does not count
    policy.fingerprint()
    assert len(reads) == 2


def test_a_checksum_sees_every_byte() -> None:
    """Also behind the last whole word, in views that start inside a word, and in layouts with gaps."""
    base = torch.arange(23, dtype=torch.bfloat16)
    for tensor in (base, base[1:], base[3:14], base[:20].view(4, 5).T, base[:0], base[0]):
        assert fingerprint._checksum(tensor) == fingerprint._checksum(tensor.clone())
        for index in range(tensor.numel()):
            changed = tensor.contiguous().clone()
            changed.view(-1)[index] += 1
            assert fingerprint._checksum(changed) != fingerprint._checksum(tensor)
