from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents.engines.sampling import Sampling
from agents.policy.completion import Completion
from agents.policy.policy import LMPolicy
from agents.rollout.episodes import make_episodes
from agents.rollout.rollout import Rollout
from codegym.env import CodeSynthesisEnv

SAMPLING = Sampling(max_new_tokens=8)


def rollout(env: Any, policy: Any, seed: int = 0) -> Rollout:
    return Rollout(make_episodes(env), policy, torch.Generator().manual_seed(seed))


class Scripted:
    """Stands for a policy: writes the texts of a script, the last prompt's first."""

    def __init__(self, policy: LMPolicy, *turns: list[str]) -> None:
        self._policy, self._turns = policy, list(turns)

    def prompt_text(self, observation: Any) -> str:
        return self._policy.prompt_text(observation)

    def stream(self, prompts: Any, *_: object) -> Iterator[tuple[int, Completion]]:
        texts = self._turns.pop(0)
        assert len(texts) == len(prompts)
        for index in reversed(range(len(texts))):
            if texts[index] == "KeyboardInterrupt":
                raise KeyboardInterrupt
            yield index, completion(prompts[index], texts[index])


def completion(prompt: str, text: str) -> Completion:
    ids = np.arange(len(text) + 1, dtype=np.int64)
    offsets = np.stack([ids, np.minimum(ids + 1, len(text))], axis=1)
    logprobs = np.zeros(len(ids), np.float32)
    return Completion(
        prompt=prompt, text=text, prompt_ids=ids[:1], token_ids=ids, offsets=offsets, logprobs=logprobs, finished=True
    )


def adds(more: int) -> str:
    return f"def f(x):\n    return x + {more}\n"


def test_experiences_come_episode_by_episode_and_turn_by_turn(problems: Any, judge: Any, policy: LMPolicy) -> None:
    env = CodeSynthesisEnv(problems, judge=judge, max_turns=3, reward="pass_rate")
    script = Scripted(policy, ["no", adds(1), adds(4)], ["f = 1", adds(5)], [adds(2)])
    playing = rollout(env, script)
    found = playing.collect(["add/2", "add/1", "add/5"], SAMPLING, version=7)
    assert [(e.task_id, e.turn, e.is_success) for e in found] == [
        ("add/2", 0, False),
        ("add/2", 1, False),
        ("add/2", 2, True),
        ("add/1", 0, True),
        ("add/5", 0, False),
        ("add/5", 1, True),
    ]
    assert [(e.reward, e.future) for e in found] == [(0, 1), (0, 1), (1, 0), (1, 0), (0, 1), (1, 0)]
    assert [e.group for e in found][:3] == ["7/0/add/2", "7/1/add/2", "7/2/add/2"]
    assert [e.passed for e in found][-1] == (True, True)
    assert found[0].feedback
    assert found[0].feedback in found[1].completion.prompt
    assert playing.stopwatch.tokens == sum(e.length for e in found)


def test_an_interrupted_rollout_leaves_no_program_to_run(problems: Any, judge: Any, policy: LMPolicy) -> None:
    slow = "def f(x):\n    while True:\n        pass\n"
    script = Scripted(policy, ["KeyboardInterrupt", "b", "a", slow])
    env = CodeSynthesisEnv(problems, judge=judge)
    with pytest.raises(KeyboardInterrupt):
        rollout(env, script).collect(["add/0", "add/1", "add/2", "add/3"], SAMPLING, 0)
    assert [text for _, text in judge.submitted] == [slow, "a", "b"]
    assert [future.cancelled() for future in judge.futures[1:]] == [True, True]


def test_one_seed_gives_the_same_experiences(problems: Any, judge: Any, policy: LMPolicy) -> None:
    env = CodeSynthesisEnv(problems, judge=judge)
    tasks = ["add/0", "add/0", "add/3"]
    first, second, other = (
        [(e.completion.text, e.verdict, e.reward) for e in rollout(env, policy, seed).collect(tasks, SAMPLING, 0)]
        for seed in (0, 0, 1)
    )
    assert first == second
    assert first != other


class Nameless(gym.Env[Any, str]):
    """A third-party environment: its reward has no parts, its info is empty."""

    observation_space = gym.spaces.Dict({"prompt": gym.spaces.Text(9)})
    action_space = gym.spaces.Text(9)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return {"prompt": "Guess"}, {}

    def step(self, action: str) -> Any:
        return {"prompt": "Guess"}, float("nan") if action == "nan" else 0.5, True, False, {}


def test_third_party_environments_give_a_single_unnamed_reward(policy: LMPolicy) -> None:
    script = Scripted(policy, ["a"], ["nan"])
    paid, broken = rollout(Nameless(), script).collect([None, None], SAMPLING, 0)
    assert paid.rewards == {"reward": 0.5}
    assert paid.is_known
    assert paid.task_id == paid.completion.prompt
    assert (broken.infra_error, broken.rewards, broken.is_known) == (True, {}, False)
