import pytest
import torch
from torch import nn

from agents.training.optimizer import MasterAdamW, make_optimizer, restore_optimizer, set_learning_rate


def model(dtype: torch.dtype) -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(4, 4, bias=False).to(dtype)


def descend(layer: nn.Linear, optimizer: torch.optim.Optimizer, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        layer.weight.sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def test_small_steps_are_not_lost_to_rounding() -> None:
    layer = model(torch.bfloat16)
    before = layer.weight.detach().float().clone()
    optimizer = make_optimizer(layer, 1e-5)
    assert isinstance(optimizer, MasterAdamW)
    descend(layer, optimizer, 1000)
    moved = before - layer.weight.detach().float()
    torch.testing.assert_close(moved, torch.full_like(moved, 1e-2), atol=2e-3, rtol=0)


def test_float32_needs_no_masters() -> None:
    assert type(make_optimizer(model(torch.float32), 1e-3)) is torch.optim.AdamW


def test_it_goes_on_where_it_was() -> None:
    whole, half = model(torch.bfloat16), model(torch.bfloat16)
    descend(whole, make_optimizer(whole, 1e-4), 20)
    first = make_optimizer(half, 1e-4)
    descend(half, first, 10)
    second = make_optimizer(half, 1e-4)
    second.load_state_dict(first.state_dict())
    descend(half, second, 10)
    assert torch.equal(whole.weight, half.weight)


def test_gains_have_a_rate_of_their_own() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        norm = nn.LayerNorm(4, dtype=dtype)
        optimizer = make_optimizer(nn.Sequential(model(dtype), norm), 1e-3, norm_lr_multiplier=50.0)
        assert [group["lr"] for group in optimizer.param_groups] == [1e-3, 5e-2]
        assert [[p.ndim for p in group["params"]] for group in optimizer.param_groups] == [[2], [1, 1]]
        set_learning_rate(optimizer, 2e-3)
        assert [group["lr"] for group in optimizer.param_groups] == [2e-3, 0.1]
        before = norm.weight.detach().float().clone()
        norm.weight.sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        torch.testing.assert_close(before - norm.weight.detach().float(), torch.full((4,), 0.1), atol=2e-3, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_was_learned_comes_back_and_what_is_set_stays(dtype: torch.dtype) -> None:
    """A run that goes on with another multiplier is not put back to its old one."""
    model = nn.Linear(2, 1).to(dtype)
    before = make_optimizer(model, 0.1, norm_lr_multiplier=2.0)
    model(torch.ones(1, 2, dtype=dtype)).sum().backward()
    before.step()
    again = make_optimizer(model, 0.2, norm_lr_multiplier=5.0)
    restore_optimizer(again, before.state_dict())
    set_learning_rate(again, 0.2)
    assert [group["lr"] for group in again.param_groups] == [0.2, 1.0]
    assert all(again.state[p]["step"] == 1 for group in again.param_groups for p in group["params"])
