"""Token ids for other libraries: what they stand for, and that Stable-Baselines3 takes them."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.env_checker import check_env

from codegym import CallTest, Judge, Problem
from codegym.spaces import UnicodeText
from codegym.wrappers import TokenByToken, Tokenized, Vocabulary

WORDS = Vocabulary(["a", "b", "ab", " + "])


class Echo(gym.Env[dict[str, Any], str]):
    """Pays a point for each ``b``; the second program ends the episode."""

    observation_space = gym.spaces.Dict({"prompt": UnicodeText(), "feedback": UnicodeText()})
    action_space = UnicodeText()

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        super().reset(seed=seed)
        self.heard: list[str] = []
        return {"prompt": "ab", "feedback": ""}, {"task_id": "t"}

    def step(self, action: str) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        self.heard.append(action)
        return {"prompt": "ab", "feedback": "a"}, action.count("b"), len(self.heard) == 2, False, {"said": action}


def test_a_vocabulary_takes_the_longest_that_fits() -> None:
    assert WORDS.encode("ab + a?b") == [3, 4, 1, 2]
    assert WORDS.decode([3, 4, 1, 0, 2]) == "ab + ab"
    assert len(WORDS) == 5
    for wrong in (["a", "a"], ["a", ""]):
        with pytest.raises(ValueError, match="different"):
            Vocabulary(wrong)


def test_tokenized_completions() -> None:
    env = Tokenized(Echo(), WORDS, prompt_tokens=3, completion_tokens=4)
    assert env.reset()[0].tolist() == [3, 0, 0]
    observation, reward, ended, _, info = env.step(np.array([1, 2, 0, 2]))
    assert (info["said"], reward, ended) == ("ab", 1, False)
    assert observation.tolist() == [3, 1, 0]  # the prompt, and what was said about the program
    assert env.step([4, 4, 4, 4])[2]
    assert env.observation_space.contains(observation)


def test_token_by_token() -> None:
    env = TokenByToken(Echo(), WORDS, prompt_tokens=1, completion_tokens=3)
    assert env.reset()[0].tolist() == [3, 0, 0, 0]
    observation, reward, *ended, info = env.step(2)
    assert (observation.tolist(), reward, ended, info) == ([3, 2, 0, 0], 0.0, [False, False], {})
    env.step(np.int64(2))
    observation, reward, ended, _, info = env.step(0)
    assert (info["said"], reward, ended) == ("bb", 2, False)
    assert observation.tolist() == [1, 0, 0, 0]  # of prompt and feedback the last token; nothing is written yet
    assert [env.step(1)[2] for _ in range(3)] == [False, False, True]  # no room for a fourth
    assert env.unwrapped.heard == ["bb", "aaa"]


@pytest.mark.parametrize("wrapper", [Tokenized, TokenByToken])
def test_sb3s_checker_is_content(wrapper: Any) -> None:
    check_env(wrapper(Echo(), WORDS, completion_tokens=3))
    problem = Problem(task_id="p", prompt="a + b", entry_point="f", tests=(CallTest(args=(1,), expected=2),))
    with Judge(workers=1) as judge:
        check_env(wrapper(gym.make("CodeSynthesis-v0", suite=[problem], judge=judge), WORDS, completion_tokens=3))


def test_an_unknown_end_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 4"):
        Tokenized(Echo(), WORDS, end_id=5)
