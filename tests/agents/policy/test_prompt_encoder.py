from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agents.policy.policy import LMPolicy

Folder = Callable[[str], Path]


def test_a_prompt_that_is_too_long_keeps_its_end(model_folder: Folder) -> None:
    """What is to be continued stands at the end of a prompt."""
    policy = LMPolicy.load(model_folder("gpt2"), device="cpu", max_new_tokens=16)
    text = "".join(f"x{number} = {number}\n" for number in range(100)) + "def add(a, b):"
    whole: list[int] = policy.tokenizer(text)["input_ids"]
    with pytest.warns(UserWarning, match="cut to its last 240"):
        ids = policy.encode(text)
    assert ids.tolist() == whole[-240:]
    assert policy.tokenizer.decode(ids).endswith("def add(a, b):")


def test_an_encoder_has_its_whole_context_for_the_prompt(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("t5"), device="cpu", max_new_tokens=16)
    policy._encoder._context = 32  # this T5 has no limit of its own
    with pytest.warns(UserWarning, match="cut to its last 32"):
        assert len(policy.encode("x = 1\n" * 100)) == 32
    assert policy.room_after(np.zeros(30, np.int64)) == 32


def test_room_after_a_prompt(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("gpt2"), device="cpu")
    prompt = np.zeros(200, np.int64)
    assert policy.room_after(prompt) == 56
    assert policy.room_after(prompt, max_length=220) == 20
    assert policy.room_after(prompt, max_length=100) == 0
