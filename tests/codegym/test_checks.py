from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from codegym import Feedback, Problem
from codegym.checks import PROBES, check_code_env, check_reward
from codegym.env import CodeSynthesisEnv
from codegym.errors import ContractError
from codegym.rewards import PRESETS

SOLVED = (*PROBES, "pass")


@pytest.mark.parametrize("max_turns", [1, 3])
def test_our_own_environment_keeps_the_contract(fake_judge: Any, problems: tuple[Problem, ...], max_turns: int) -> None:
    env = CodeSynthesisEnv(problems, judge=fake_judge, max_turns=max_turns)
    check_code_env(env, SOLVED)
    check_code_env(gym.wrappers.RecordEpisodeStatistics(gym.wrappers.TimeLimit(env, 2)), SOLVED)


Step = tuple[Any, Any, Any, Any, dict[str, Any]]


class Broken(gym.Wrapper[Any, Any, Any, Any]):
    """Our environment with one thing wrong with its steps."""

    def __init__(self, env: gym.Env[Any, Any], change: Callable[[Step], Step]) -> None:
        super().__init__(env)
        self.change = change

    def step(self, action: Any) -> Any:
        return self.change(self.env.step(action))


def with_info(**changes: Any) -> Callable[[Step], Step]:
    return lambda step: (*step[:4], {**step[4], **changes})


COUNT = iter(range(10**6))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: ({**s[0], "turn": 0}, *s[1:]), "turn must count"),
        (lambda s: ({**s[0], "feedback": None}, *s[1:]), "the observation must lie in"),
        (lambda s: (s[0], float("nan"), *s[2:]), "the reward must be a finite number, got nan"),
        (lambda s: (s[0], s[1] + 1, *s[2:]), "must be the sum of its components"),
        (lambda s: (*s[:2], np.bool_(s[2]), *s[3:]), "must be bools"),
        (lambda s: (*s[:2], False, *s[3:]), "an episode must end when its 2 turns are used up"),
        (lambda s: (*s[:4], {k: v for k, v in s[4].items() if k != "kind"}), "info lacks kind"),
        (with_info(pass_rate=1), r"info\['pass_rate'\] must be exactly a float, got 1"),
        (with_info(verdict=None), r"info\['verdict'\] must be exactly a str, got None"),
        (with_info(diagnostics=({1, 2},)), "info must be plain data"),
        (lambda s: with_info(task_id=str(next(COUNT)))(s), "same seed and actions"),
        (
            lambda s: with_info(tests=tuple({**test, "expected": "3"} for test in s[4]["tests"]))(s),
            "info shows values of private test 1",
        ),
        (
            lambda s: (s[0], 0.0, *s[2:4], {**s[4], "reward_components": {s[4]["verdict"]: 0.0}}),
            "reward_components must always have the same keys",
        ),
    ],
)
def test_breaches_are_found(
    fake_judge: Any, problems: tuple[Problem, ...], change: Callable[[Step], Step], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        check_code_env(Broken(CodeSynthesisEnv(problems, judge=fake_judge, max_turns=2), change), SOLVED)


def test_spaces_that_refuse_texts_are_found(fake_judge: Any, problems: tuple[Problem, ...]) -> None:
    env = CodeSynthesisEnv(problems, judge=fake_judge)
    env.action_space = gym.spaces.Text(1000)  # type: ignore[assignment]
    with pytest.raises(ContractError, match="must contain any text"):
        check_code_env(env)
    env = CodeSynthesisEnv(problems, judge=fake_judge)
    env.observation_space = gym.spaces.Dict({"prompt": gym.spaces.Text(1000)})
    with pytest.raises(ContractError, match="a Dict of feedback, prompt and turn"):
        check_code_env(env)


class Lenient(gym.Wrapper[Any, Any, Any, Any]):
    """Our environment, but it takes everything."""

    def __init__(
        self, env: gym.Env[Any, Any], actions: bool = False, options: bool = False, after: bool = False
    ) -> None:
        super().__init__(env)
        self.actions, self.options, self.after = actions, options, after
        self.last: Any = None

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.last = None
        return super().reset(seed=seed, options=None if self.options else options)

    def step(self, action: Any) -> Any:
        if self.after and self.last is not None:
            return self.last
        self.last = super().step(str(action) if self.actions else action)
        return self.last


@pytest.mark.parametrize(
    ("leniency", "message"),
    [
        ({"actions": True}, "an action that is no text must raise TypeError, it was accepted"),
        ({"options": True}, "must choose that problem|an unknown option"),
        ({"after": True}, "stepping after the end must raise ResetNeeded"),
    ],
)
def test_lenience_is_found(fake_judge: Any, problems: tuple[Problem, ...], leniency: Any, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check_code_env(Lenient(CodeSynthesisEnv(problems, judge=fake_judge), **leniency))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_our_own_rewards_keep_the_contract(problems: tuple[Problem, ...], name: str) -> None:
    check_reward(name, problems[0])


CALLS = iter(range(10**6))


@pytest.mark.parametrize(
    ("reward", "message"),
    [
        (lambda p, f: {"a": 1.0} if f.is_success else {"b": 0.0}, "same parts"),
        (lambda p, f: {"a": float("inf")}, "part 'a' of the reward must be a finite number for pass, got inf"),
        (lambda p, f: float(next(CALLS)), "must pay the same again"),
        (lambda p, f: 1 / f.pass_rate, "for fail it raised ZeroDivisionError"),
        (lambda p, f: "much", "for pass it raised"),
    ],
)
def test_breaches_of_a_reward_are_found(
    problems: tuple[Problem, ...], reward: Callable[[Problem, Feedback], Any], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        check_reward(reward, problems[0])
