from __future__ import annotations

import numpy as np

from agents.policy.completion import Completion


def completion() -> Completion:
    """``ab`` | ``é`` as two byte tokens | ``c`` | end."""
    return Completion(
        prompt="p",
        text="abéc",
        prompt_ids=np.array([5]),
        token_ids=np.array([10, 11, 12, 13, 1]),
        offsets=np.array([[0, 2], [2, 3], [2, 3], [3, 4], [4, 4]]),
        logprobs=np.zeros(5, dtype=np.float32),
        finished=True,
    )


def test_tokens_between_takes_every_token_that_touches_the_range() -> None:
    assert completion().tokens_between(1, 3).tolist() == [True, True, True, False, False]
    assert completion().tokens_between(3, 4).tolist() == [False, False, False, True, False]
    assert completion().tokens_between(0, 99).tolist() == [True, True, True, True, False]


def test_an_empty_range_is_the_character_at_its_start() -> None:
    assert completion().tokens_between(2, 2).tolist() == [False, True, True, False, False]


def test_a_place_outside_the_completion_touches_nothing() -> None:
    assert not completion().tokens_between(-1, 3).any()
