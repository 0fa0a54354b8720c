from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairs import Preference
from agents.codedpo.focus import Focus
from agents.codedpo.token_pairs import SkipReason, make_token_pairs
from agents.policy.policy import LMPolicy

PROMPT = "Sum.\n"


@pytest.fixture
def policy(model_folder: Callable[[str], Path]) -> LMPolicy:
    return LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=8)


def pair(chosen: str, rejected: str, prompt: str = PROMPT) -> Preference:
    return Preference(prompt=prompt, chosen=chosen, rejected=rejected)


def test_ids_are_the_texts_and_an_end(policy: LMPolicy) -> None:
    (made,) = make_token_pairs([pair("return 1", "return 2")], policy, CodeDPOConfig()).pairs
    assert policy.tokenizer.decode(made.chosen.ids) == "return 1<eos>"
    assert policy.tokenizer.decode(made.rejected.ids) == "return 2<eos>"
    assert policy.tokenizer.decode(made.chosen.prompt_ids) == PROMPT
    assert made.length == len(made.chosen.prompt_ids) + len(made.rejected.ids)
    assert not made.is_cut


def test_identical_pairs_are_skipped_and_counted(policy: LMPolicy) -> None:
    found = make_token_pairs([pair("a", "a"), pair("a", "b"), pair("c", "c")], policy, CodeDPOConfig())
    assert found.skipped[SkipReason.IDENTICAL] == (0, 2)
    assert found.counts() == {
        "trained": 1,
        "cut": 0,
        "skipped_identical": 2,
        "skipped_difference_cut": 0,
        "skipped_prompt_too_long": 0,
    }


def test_a_pair_whose_difference_is_cut_off_is_never_trained_on(policy: LMPolicy) -> None:
    late = pair("x = 1\n" * 5 + "return 1", "x = 1\n" * 5 + "return 2")
    early = pair("y = 1\n" + "x = 1\n" * 5, "z = 1\n" + "x = 1\n" * 5)
    longer = pair("x = 1\n", "x = 1\n" * 30)  # the cut would make them differ in the wrong place
    prompt, whole = policy.encode(PROMPT), policy.text_ids(late.chosen)
    config = CodeDPOConfig(max_length=len(prompt) + len(whole) - 4)
    found = make_token_pairs([late, early, longer], policy, config)
    assert found.skipped[SkipReason.DIFFERENCE_CUT] == (0, 2)
    (kept,) = found.pairs
    assert kept.is_cut
    assert found.cut == 1
    assert len(kept.chosen) == len(kept.rejected) == config.max_length
    first = np.flatnonzero(kept.chosen.ids != kept.rejected.ids)
    assert first.size > 0


def test_half_of_a_difference_is_not_enough(policy: LMPolicy) -> None:
    """They differ in two places; the second lies beyond the limit, and might be what makes one of them wrong."""
    both = pair("y = 1\n" + "x = 1\n" * 5 + "return 1", "z = 1\n" + "x = 1\n" * 5 + "return 2")
    length = len(policy.encode(PROMPT)) + len(policy.text_ids(both.chosen))
    assert make_token_pairs([both], policy, CodeDPOConfig(max_length=length)).pairs
    assert not make_token_pairs([both], policy, CodeDPOConfig(max_length=length - 4)).pairs


def test_a_prompt_that_fills_the_limit_is_named(policy: LMPolicy) -> None:
    length = len(policy.encode(PROMPT))
    found = make_token_pairs([pair("a", "b")], policy, CodeDPOConfig(max_length=length))
    assert found.skipped[SkipReason.PROMPT_TOO_LONG] == (0,)


def test_the_model_s_context_is_a_limit_too(policy: LMPolicy) -> None:
    assert policy.network.context == 256
    long = pair("x = 1\n" * 200 + "return 1", "x = 1\n" * 200 + "return 2")
    assert make_token_pairs([long], policy, CodeDPOConfig()).skipped[SkipReason.DIFFERENCE_CUT] == (0,)


def test_weights_are_cut_with_their_tokens_and_averaged_after(policy: LMPolicy) -> None:
    early = pair("y = 1\n" + "x = 1\n" * 5, "z = 1\n" + "x = 1\n" * 5)
    config = CodeDPOConfig(max_length=len(policy.encode(PROMPT)) + 6, focus=Focus.FOCUSED, length_normalized=True)
    (made,) = make_token_pairs([early], policy, config).pairs
    for row in (made.chosen, made.rejected):
        assert len(row.weights) == len(row.ids) == 6
        assert row.weights.sum() == pytest.approx(1)
