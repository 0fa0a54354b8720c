"""Scores of rows: the model's log-probabilities, weighted and padded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.codedpo.logprobs import score_rows
from agents.codedpo.token_pairs import TokenRow
from agents.policy.policy import LMPolicy


@pytest.fixture
def policy(model_folder: Callable[[str], Path]) -> LMPolicy:
    return LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=8)


def row(policy: LMPolicy, prompt: str, text: str, weight: float = 1.0) -> TokenRow:
    ids = policy.text_ids(text)
    return TokenRow(prompt_ids=policy.encode(prompt), ids=ids, weights=np.full(len(ids), weight, np.float32))


def test_scores_are_those_of_each_row_alone(policy: LMPolicy) -> None:
    rows = [row(policy, "Sum.", "return a + b"), row(policy, "Add one to x.", "x"), row(policy, "Sum.", "0")]
    together = score_rows(policy, rows)
    for index, one in enumerate(rows):
        alone = score_rows(policy, [one])
        torch.testing.assert_close(together.logps[index, : len(one.ids)], alone.logps[0], atol=1e-5, rtol=1e-5)
        assert together.mask[index].sum() == len(one.ids)
    assert not together.logps[~together.mask].any()
    assert together.padding == together.mask.numel() - sum(len(one.ids) for one in rows)


def test_weights_of_tokens_weigh_the_sum(policy: LMPolicy) -> None:
    plain, half = row(policy, "Sum.", "return a"), row(policy, "Sum.", "return a", weight=0.5)
    scores = score_rows(policy, [plain, half])
    torch.testing.assert_close(scores.weighted[0], scores.logps[0].sum())
    torch.testing.assert_close(scores.weighted[1], scores.weighted[0] / 2)


def test_gradients_flow_where_they_are_enabled(policy: LMPolicy) -> None:
    assert score_rows(policy, [row(policy, "Sum.", "x")]).weighted.requires_grad
    with torch.no_grad():
        assert not score_rows(policy, [row(policy, "Sum.", "x")]).weighted.requires_grad
