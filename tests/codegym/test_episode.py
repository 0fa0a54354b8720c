"""An episode as a value: what follows from its last feedback."""

from __future__ import annotations

import math
from typing import Any

import pytest

from codegym import Problem
from codegym.episode import Episode


@pytest.fixture
def begun(problems: tuple[Problem, ...]) -> Episode:
    return Episode(problem=problems[1], max_turns=2)


def after(episode: Episode, judge: Any, *words: str) -> Episode:
    for word in words:
        episode = episode.after(judge.judge(episode.problem, word), {"part": 0.25, "other": -1.0})
    return episode


@pytest.mark.parametrize(
    ("words", "terminated", "over", "reward"),
    [
        ((), False, False, 0.0),
        (("fail",), False, False, -0.75),
        (("pass",), True, True, -0.75),
        (("fail", "fail"), True, True, -0.75),
        (("infra_error",), False, True, math.nan),
    ],
)
def test_an_episode_ends_with_success_or_its_turns_or_the_machine(
    begun: Episode, fake_judge: Any, words: tuple[str, ...], terminated: bool, over: bool, reward: float
) -> None:
    episode = after(begun, fake_judge, *words)
    assert (episode.turn, episode.terminated, episode.over) == (len(words), terminated, over)
    assert episode.reward == pytest.approx(reward, nan_ok=True)
    assert begun.turn == 0, "a turn gives a new value"


def test_the_observation_lies_in_its_space_at_every_turn(begun: Episode, fake_judge: Any) -> None:
    space = Episode.observation_space(2)
    for words in ((), ("fail",), ("fail", "error")):
        assert after(begun, fake_judge, *words).observation() in space


def test_an_info_may_be_changed_by_whoever_gets_it(begun: Episode, fake_judge: Any) -> None:
    episode = after(begun, fake_judge, "fail")
    episode.info()["tests"][0]["actual"] = "changed"
    episode.info()["reward_components"]["part"] = 9.0
    assert episode.info()["tests"][0]["actual"] == "None"
    assert episode.info()["reward_components"] == {"part": 0.25, "other": -1.0}


def test_messages_about_private_tests_are_replaced_by_their_kind(begun: Episode, fake_judge: Any) -> None:
    public, private = after(begun, fake_judge, "fail").info()["diagnostics"]
    assert (public["test_index"], public["message"]) == (0, "expected 1")
    assert (private["test_index"], private["message"]) == (1, "wrong_answer")
