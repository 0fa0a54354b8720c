from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.engines.local import LocalEngine, _Batch, draw
from agents.engines.sampling import Sampling
from agents.policy.policy import LMPolicy

PROBABILITIES = torch.tensor([0.5, 0.0, 0.3, 0.15, 0.05])
UNIFORMS = torch.linspace(0, 1, 20_001, dtype=torch.float64)[:-1]


def frequencies(sampling: Sampling) -> tuple[torch.Tensor, torch.Tensor]:
    """How often each token is drawn over an even grid of uniforms, and the probability reported for it."""
    ids, logprobs = draw(PROBABILITIES.log().expand(len(UNIFORMS), -1), UNIFORMS, sampling)
    reported = torch.full((5,), -math.inf).scatter(0, ids, logprobs)
    return torch.bincount(ids, minlength=5) / len(UNIFORMS), reported.exp()


def test_draws_follow_the_distribution_and_report_it() -> None:
    drawn, reported = frequencies(Sampling())
    assert torch.allclose(drawn, PROBABILITIES, atol=2e-4)
    assert torch.allclose(reported, PROBABILITIES, atol=1e-6)


def test_temperature_divides_the_scores() -> None:
    expected = PROBABILITIES**2 / (PROBABILITIES**2).sum()
    drawn, reported = frequencies(Sampling(temperature=0.5))
    assert torch.allclose(drawn, expected, atol=2e-4)
    assert torch.allclose(reported, expected, atol=1e-6)


def test_top_p_keeps_the_token_that_crosses() -> None:
    drawn, reported = frequencies(Sampling(top_p=0.6))
    expected = torch.tensor([0.625, 0, 0.375, 0, 0])
    assert torch.allclose(drawn, expected, atol=2e-4)
    assert torch.allclose(reported, expected, atol=1e-6)


def test_greedy() -> None:
    drawn, reported = frequencies(Sampling(greedy=True, temperature=5.0, top_p=0.1))
    assert drawn.tolist() == [1, 0, 0, 0, 0]
    assert reported[0].item() == pytest.approx(0.5)


def test_the_largest_uniform_never_draws_what_is_impossible() -> None:
    largest = torch.tensor([math.nextafter(1.0, 0.0)], dtype=torch.float64)
    ids, _ = draw(torch.tensor([[0.0, -math.inf, 0.0, -math.inf]]), largest, Sampling())
    assert ids.tolist() == [2]


def _on_a_gpu() -> Any:
    raise torch.OutOfMemoryError("CUDA out of memory")


def _on_a_cpu() -> Any:
    return torch.empty(2**50)


@pytest.mark.parametrize("run_out", [_on_a_gpu, _on_a_cpu])
@pytest.mark.parametrize("at_step", [0, 3])
def test_out_of_memory_halves_the_rows_and_changes_no_program(
    model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, at_step: int, run_out: Callable[[], Any]
) -> None:
    policy = LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=6)
    prompts = [policy.encode(f"p{i // 2}") for i in range(10)]
    engine = LocalEngine(policy.network, policy.end_ids, batch_size=8)

    def written() -> dict[int, list[int]]:
        return {
            index: sample.token_ids.tolist()
            for index, sample in engine.stream(prompts, Sampling(max_new_tokens=6), torch.Generator().manual_seed(1))
        }

    whole = written()
    step = _Batch.step

    def narrow(batch: Any) -> Any:
        if len(batch._draws) > 3 and batch._length == at_step:
            run_out()
        return step(batch)

    monkeypatch.setattr(_Batch, "step", narrow)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert written() == whole
    assert ["2 programs" in str(warning.message) for warning in said] == [False, True]
    assert engine.batch_size == 2
    monkeypatch.setattr(_Batch, "step", lambda batch: narrow(batch) if len(batch._draws) > 3 else run_out())
    with pytest.warns(UserWarning, match="1 programs"), pytest.raises(RuntimeError, match="memory"):
        written()
