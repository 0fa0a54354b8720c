"""An actor: a policy, an environment, and generators of its own."""

from __future__ import annotations

from collections.abc import Callable

import gymnasium as gym
import pytest
from gymnasium.wrappers import TransformReward
from stable_baselines3.common.vec_env import DummyVecEnv

from agents.policy.policy import LMPolicy
from agents.rltf.rltf import RLTF
from codegym.env import CodeSynthesisEnv

MakePolicy = Callable[..., LMPolicy]


def test_predictions_repeat_with_the_seed(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    observation, _ = env.reset(seed=0)
    first, again, other = (RLTF(make_policy(), env, seed=seed) for seed in (5, 5, 6))
    written = [agent.predict(observation)[0] for agent in (first, again, other)]
    assert written[0] == written[1] != written[2]
    first.set_random_seed(5)
    assert first.predict(observation)[0] == written[0]


def test_without_a_seed_one_is_drawn(make_policy: MakePolicy) -> None:
    first, second = RLTF(make_policy()), RLTF(make_policy())
    assert first.seed != second.seed


def test_sb3_sees_as_many_environments_as_a_step_has_programs(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    agent = RLTF(make_policy(), env, problems_per_step=2, samples_per_problem=3)
    seen = agent.get_env()
    assert isinstance(seen, DummyVecEnv)
    assert seen.num_envs == 6
    assert agent.get_env() is seen
    assert agent.get_vec_normalize_env() is None  # type: ignore[func-returns-value]


def test_a_wrapped_environment_is_one_environment(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    wrapped: gym.Env[object, object] = TransformReward(env, lambda reward: 2 * reward)
    seen = RLTF(make_policy(), wrapped).get_env()
    assert isinstance(seen, DummyVecEnv)
    assert seen.num_envs in (1, 64)


def test_an_agent_without_environment_predicts(make_policy: MakePolicy) -> None:
    agent = RLTF(make_policy(), seed=0)
    assert agent.get_env() is None
    text, _ = agent.predict({"prompt": "Add.", "feedback": "", "turn": 0}, deterministic=True)
    assert isinstance(text, str)


def test_something_else_is_no_environment(make_policy: MakePolicy) -> None:
    with pytest.raises(TypeError, match=r"gymnasium\.Env"):
        RLTF(make_policy(), object())  # type: ignore[arg-type]
