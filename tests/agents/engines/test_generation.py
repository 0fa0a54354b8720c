from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.engines.generation import LocalEngine, Sampling, _Batch, distinct_rows, draw
from agents.policy.policy import LMPolicy

PROBABILITIES = torch.tensor([0.5, 0.0, 0.3, 0.15, 0.05])
UNIFORMS = torch.linspace(0, 1, 20_001, dtype=torch.float64)[:-1]


def frequencies(sampling: Sampling) -> tuple[torch.Tensor, torch.Tensor]:
    """How often each token is drawn over an even grid of uniforms, and the log-probability reported for it."""
    ids, logprobs = draw(PROBABILITIES.log().expand(len(UNIFORMS), -1), UNIFORMS, sampling)
    told = torch.full((5,), -math.inf).scatter(0, ids, logprobs)
    return torch.bincount(ids, minlength=5) / len(UNIFORMS), told.exp()


def test_draws_follow_the_distribution_and_report_it() -> None:
    drawn, told = frequencies(Sampling())
    assert torch.allclose(drawn, PROBABILITIES, atol=2e-4)
    assert torch.allclose(told, PROBABILITIES, atol=1e-6)


def test_temperature_divides_the_scores() -> None:
    expected = PROBABILITIES**2 / (PROBABILITIES**2).sum()
    drawn, told = frequencies(Sampling(temperature=0.5))
    assert torch.allclose(drawn, expected, atol=2e-4)
    assert torch.allclose(told, expected, atol=1e-6)


def test_top_p_keeps_the_token_that_crosses() -> None:
    drawn, told = frequencies(Sampling(top_p=0.6))
    expected = torch.tensor([0.625, 0, 0.375, 0, 0])
    assert torch.allclose(drawn, expected, atol=2e-4)
    assert torch.allclose(told, expected, atol=1e-6)


def test_greedy() -> None:
    drawn, told = frequencies(Sampling(greedy=True, temperature=5.0, top_p=0.1))
    assert drawn.tolist() == [1, 0, 0, 0, 0]
    assert told[0].item() == pytest.approx(0.5)


def test_the_largest_uniform_never_draws_what_is_impossible() -> None:
    largest = torch.tensor([math.nextafter(1.0, 0.0)], dtype=torch.float64)
    ids, _ = draw(torch.tensor([[0.0, -math.inf, 0.0, -math.inf]]), largest, Sampling())
    assert ids.tolist() == [2]


@pytest.mark.parametrize("wrong", [{"temperature": 0.0}, {"top_p": 0.0}, {"top_p": 1.5}, {"max_new_tokens": 0}])
def test_sampling_refuses_numbers_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Sampling(**wrong)  # type: ignore[arg-type]


def test_distinct_rows() -> None:
    a, b = np.array([1, 2]), np.array([1, 2, 3])
    distinct, index = distinct_rows([a, b, a.copy(), b.copy()])
    assert [row.tolist() for row in distinct] == [[1, 2], [1, 2, 3]]
    assert index.tolist() == [0, 1, 0, 1]


def _on_a_gpu() -> Any:
    raise torch.OutOfMemoryError("CUDA out of memory")


def _on_the_processor() -> Any:
    return torch.empty(2**50)


@pytest.mark.parametrize("run_out", [_on_a_gpu, _on_the_processor])
@pytest.mark.parametrize("at_step", [0, 3])
def test_out_of_memory_halves_the_rows_and_changes_no_program(
    model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, at_step: int, run_out: Callable[[], Any]
) -> None:
    policy = LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=6)
    prompts = [policy.encode(f"p{i // 2}") for i in range(10)]
    engine = LocalEngine(policy.backbone, policy.end_ids, rows=8)

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
    assert engine.rows == 2
    monkeypatch.setattr(_Batch, "step", lambda batch: narrow(batch) if len(batch._draws) > 3 else run_out())
    with pytest.warns(UserWarning, match="1 programs"), pytest.raises(RuntimeError, match="memory"):
        written()
