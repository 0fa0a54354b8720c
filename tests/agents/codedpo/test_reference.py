"""What the reference model is asked: all pairs once, and for KTO rows whose completion answers another prompt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairs import Preference
from agents.codedpo.reference import ask_reference, mismatched_rows
from agents.codedpo.token_pairs import TokenPair, make_token_pairs
from agents.policy.policy import LMPolicy


@pytest.fixture
def policy(model_folder: Callable[[str], Path]) -> LMPolicy:
    return LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=8)


def token_pairs(policy: LMPolicy, *prompts: str) -> tuple[TokenPair, ...]:
    """A pair for each prompt; its completions tell which one it is."""
    pairs = [Preference(prompt=p, chosen=f"chosen {i}", rejected=f"rejected {i}") for i, p in enumerate(prompts)]
    return make_token_pairs(pairs, policy, CodeDPOConfig()).pairs


@pytest.mark.parametrize(
    ("prompts", "others"),
    [
        (("a", "b", "c"), (2, 0, 1)),  # the pair before; the first takes the last
        (("a", "b", "b", "b"), (3, 0, 0, 0)),  # the pairs between have the same prompt
        (("b", "a", "b", "b"), (1, 0, 1, 1)),
        (("a", "a"), (0, 1)),  # there is no other prompt: its own completions
    ],
)
def test_mismatched_rows_answer_another_prompt(
    policy: LMPolicy, prompts: tuple[str, ...], others: tuple[int, ...]
) -> None:
    pairs = token_pairs(policy, *prompts)
    for index, other in enumerate(others):
        chosen, rejected = mismatched_rows(pairs, index, policy)
        assert policy.tokenizer.decode(chosen.prompt_ids) == policy.tokenizer.decode(rejected.prompt_ids)
        assert policy.tokenizer.decode(chosen.prompt_ids) == prompts[index]
        np.testing.assert_array_equal(chosen.ids, pairs[other].chosen.ids)
        np.testing.assert_array_equal(rejected.ids, pairs[other].rejected.ids)


def test_kto_asks_for_the_mismatched_rows_and_sft_for_nothing(policy: LMPolicy) -> None:
    pairs = token_pairs(policy, "a", "b", "b")
    shapes = {
        method: [len(r.chosen), len(r.rejected), r.mismatched.shape]
        for method in ("dpo", "kto", "sft")
        for r in [ask_reference(policy, pairs, CodeDPOConfig.of({"method": method}))]
    }
    assert shapes == {"dpo": [3, 3, (0, 2)], "kto": [3, 3, (3, 2)], "sft": [0, 0, (0, 2)]}
