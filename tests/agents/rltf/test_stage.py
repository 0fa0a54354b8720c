from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from agents.rollout.episodes import BatchStage, Outcome, SingleStage, VectorStage, make_stage
from codegym.env import CodeSynthesisEnv
from codegym.vector import CodeSynthesisVectorEnv

GOOD, WRONG, BAD = "abcdef", "ABCdef", "ab!"
TASKS = ["letters/2", "letters/0", "letters/5"]
SCRIPT = {0: [WRONG, GOOD, "-"], 1: [GOOD, "-", "-"], 2: [BAD, WRONG, WRONG]}


def play(stage: Any) -> list[dict[int, Outcome]]:
    """Plays three episodes of up to three turns by the script."""
    stage.reset(TASKS)
    open_places, history = list(SCRIPT), []
    for turn in range(3):
        outcomes = stage.step({place: SCRIPT[place][turn] for place in open_places})
        history.append(outcomes)
        open_places = [place for place, outcome in outcomes.items() if not outcome.done]
    assert open_places == []
    return history


@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.DISABLED])
def test_every_way_to_play_gives_the_same_outcomes(problems: Any, judge: Any, mode: AutoresetMode) -> None:
    single = CodeSynthesisEnv(problems, judge=judge, max_turns=3)
    expected = play(make_stage(single))
    assert [sorted(outcomes) for outcomes in expected] == [[0, 1, 2], [0, 2], [2]]
    assert expected[1][0].info["is_success"]
    assert expected[2][2].observation["turn"] == 3
    vector = CodeSynthesisVectorEnv(problems, 3, judge=judge, max_turns=3, autoreset_mode=mode)
    for place, history in enumerate(zip(expected, play(VectorStage(vector)), strict=True)):
        assert history[0] == history[1], f"turn {place}"
    wider = CodeSynthesisVectorEnv(problems, 5, judge=judge, max_turns=3, autoreset_mode=mode)
    assert play(VectorStage(wider)) == expected


def test_a_single_environment_gives_them_one_by_one(problems: Any, judge: Any) -> None:
    expected = play(make_stage(CodeSynthesisEnv(problems, judge=judge, max_turns=3)))
    stage = SingleStage(CodeSynthesisEnv(problems, judge=judge, max_turns=3))
    for place, task in enumerate(TASKS):
        stage.reset([task])
        for turn in range(3):
            if place in expected[turn]:
                assert stage.step({0: SCRIPT[place][turn]}) == {0: expected[turn][place]}


def test_what_becomes_a_batch_and_what_is_stepped_as_it_is(problems: Any, judge: Any) -> None:
    env = CodeSynthesisEnv(problems, judge=judge)
    assert isinstance(make_stage(env), BatchStage)
    assert isinstance(make_stage(gym.make("CodeSynthesis-v0", suite=problems, judge=judge)), BatchStage)
    assert isinstance(make_stage(CodeSynthesisVectorEnv(problems, 2, judge=judge)), BatchStage)
    assert isinstance(make_stage(gym.wrappers.TimeLimit(env, 3)), SingleStage)
    sync = SyncVectorEnv([lambda: CodeSynthesisEnv(problems, judge=judge)] * 2)
    assert isinstance(make_stage(sync), VectorStage)


def test_the_batch_shares_the_judge_and_the_reward(problems: Any, judge: Any) -> None:
    stage = make_stage(CodeSynthesisEnv(problems, judge=judge, reward="pass_rate"))
    stage.reset(["letters/1"])
    outcome = stage.step({0: WRONG})[0]
    assert judge.seen == [("letters/1", WRONG)]
    assert outcome.info["reward_components"] == {"pass_rate": pytest.approx(0.5)}
    assert np.isclose(outcome.reward, 0.5)
