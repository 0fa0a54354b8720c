from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tools.tiny_model.example import Example, answer_loss
from tools.tiny_model.partner import partners

pytestmark = pytest.mark.slow

BATCHES = [
    [Example(ids=[1, 2, 3, 4], prompt_length=1), Example(ids=[5, 6, 7], prompt_length=2)],
    [Example(ids=[7, 6, 5, 4, 3], prompt_length=2)],
    [Example(ids=[2, 2, 9], prompt_length=1)],
]


def model() -> Any:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=11, hidden_size=8, intermediate_size=12, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, tie_word_embeddings=True, pad_token_id=0, bos_token_id=None,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def gradient(of: Any) -> torch.Tensor:
    return torch.cat([parameter.grad.flatten() for parameter in of.parameters()])


def test_the_parts_gradients_are_those_of_the_whole() -> None:
    alone, together = model(), model()
    losses = torch.stack([answer_loss(alone, batch) for batch in BATCHES])
    (losses.sum() / 10.0).backward()  # type: ignore[no-untyped-call]
    with partners(together, [[batch] for batch in BATCHES], answered=10.0) as processes:
        loss = processes.step()
        torch.testing.assert_close(gradient(together), gradient(alone))
    assert loss == pytest.approx(losses.sum().item())


def test_all_processes_see_the_steps_of_the_first() -> None:
    alone, together = model(), model()
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.5) for m in (alone, together)]
    with partners(together, [[BATCHES[0], BATCHES[0]], [BATCHES[1], BATCHES[2]]], answered=1.0) as processes:
        for other in (BATCHES[1], BATCHES[2]):
            optimizers[0].zero_grad()
            (answer_loss(alone, BATCHES[0]) + answer_loss(alone, other)).backward()  # type: ignore[no-untyped-call]
            processes.step()
            for optimizer in optimizers:
                optimizer.step()
    for one, two in zip(alone.parameters(), together.parameters(), strict=True):
        torch.testing.assert_close(one, two)


def test_afterwards_the_weights_are_the_models_own() -> None:
    taught = model()
    with partners(taught, [[BATCHES[0]], [BATCHES[1]]], answered=1.0) as processes:
        processes.step()
    assert all(parameter.grad is None for parameter in taught.parameters())
    next(taught.parameters()).data.add_(1.0)  # its memory is no file's any more


def test_the_death_of_a_partner_is_said() -> None:
    with partners(model(), [[BATCHES[0]] * 2, [BATCHES[1]]], answered=1.0) as processes:
        processes.step()
        with pytest.raises(RuntimeError, match="exit code 0"):
            processes.step()  # the partner has no second batch, and has left
