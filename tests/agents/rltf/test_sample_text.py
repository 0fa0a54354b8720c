"""A program for people: colours of lines and shades of tokens by their credit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from agents.policy.completion import Completion
from agents.rltf.sample_text import sample_text
from agents.rollout.experience import Experience

COMPLETION = Completion(
    prompt="p",
    text="ab = 1\ncd\n",
    prompt_ids=np.array([1]),
    token_ids=np.array([1, 2, 3, 4]),
    offsets=np.array([[0, 2], [2, 7], [7, 9], [9, 10]]),
    logprobs=np.zeros(4, np.float32),
    finished=True,
)
WRONG = Experience(
    completion=COMPLETION,
    task_id="t",
    rewards={"coarse": -0.3, "adaptive": 0.5},
    verdict="fail",
    kind="wrong_answer",
    advantage=-0.25,
)
RIGHT = replace(WRONG, verdict="pass", kind="none", rewards={"coarse": 1.0}, is_success=True)


def test_the_head_says_what_it_earned() -> None:
    head = sample_text(WRONG, np.zeros(4, np.float32)).splitlines()[0]
    assert head == "**t** fail (wrong_answer), coarse -0.30, adaptive +0.50, advantage -0.25  "


def test_a_sample_shows_what_each_token_got() -> None:
    shown = sample_text(WRONG, np.array([0.0, 0.0, -1.0, -0.25], np.float32))
    assert shown.splitlines()[3:] == ["    ⬜ ab = 1", "    🟥 cd", "       ██", "    ⬜ "]
    praised = sample_text(RIGHT, np.array([1.0, 0.5, 0.5, 0.0], np.float32))
    assert praised.splitlines()[3:5] == ["    🟩 ab = 1", "       ██▒▒▒▒"]


def test_without_credit_nothing_is_shaded() -> None:
    shown = sample_text(RIGHT, np.zeros(4, np.float32))
    assert shown.splitlines()[3:] == ["    ⬜ ab = 1", "    ⬜ cd", "    ⬜ "]
