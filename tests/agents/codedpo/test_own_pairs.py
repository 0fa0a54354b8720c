"""The whole way: an environment, a policy that writes programs and tests, pairs, an agent that learned from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback

from agents.codedpo.codedpo import CodeDPO
from agents.codedpo.data.pairing import PairRules
from agents.codedpo.data.pairs import PairKind, read_pairs
from agents.codedpo.data.pipeline import PipelineSettings
from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.engines.engine import Sample
from agents.engines.sampling import Sampling
from agents.policy.policy import LMPolicy
from codegym import CallTest, Judge, Problem
from codegym.env import CodeSynthesisEnv
from codegym.errors import DataError, InvalidSettingError

RIGHT, WRONG = "def f(x):\n    return x + x\n", "def f(x):\n    y = x * x\n    return y\n"
TESTS = "assert f(1) == 2\nassert f(3) == 6\n"
PIPELINE = PipelineSettings(
    sampling=SamplingSettings(programs=8, test_texts=2), rules=PairRules(kinds=(PairKind.CORRECTNESS,))
)


class Author:
    """An engine that writes right and wrong programs, and the tests it is told to write."""

    def __init__(self, policy: LMPolicy, tests: str) -> None:
        self.policy, self.tests, self.asked = policy, tests, 0

    def stream(
        self, prompts: Sequence[Any], sampling: Sampling, generator: torch.Generator
    ) -> Iterator[tuple[int, Sample]]:
        for place, prompt in enumerate(prompts):
            self.asked += 1
            told = self.policy.tokenizer.decode(prompt)
            coin = int(torch.randint(2, (1,), generator=generator))
            ids = self.policy.text_ids(self.tests if "Assert statements" in told else (RIGHT, WRONG)[coin])
            yield place, Sample(token_ids=ids, logprobs=np.zeros(len(ids), np.float32), finished=True)


@pytest.fixture
def make_policy(model_folder: Callable[[str], Path]) -> Callable[..., LMPolicy]:
    def make(tests: str = TESTS) -> LMPolicy:
        policy = LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=64)
        policy.engine = Author(policy, tests)
        return policy

    return make


@pytest.fixture
def env(judge: Judge) -> CodeSynthesisEnv:
    tests = (CallTest(args=(4,), expected=8),)
    problems = [
        Problem(task_id=f"double/{n}", prompt=f"def f(x): # double, {n}", tests=tests, entry_point="f")
        for n in range(5)
    ]
    return CodeSynthesisEnv(problems, judge=judge)


class Steps(BaseCallback):
    """Remembers what callbacks see."""

    def __init__(self) -> None:
        super().__init__()
        self.timesteps: list[int] = []

    def _on_step(self) -> bool:
        self.timesteps.append(self.model.num_timesteps)
        return len(self.timesteps) < 3


def test_it_learns_from_programs_that_its_own_tests_told_apart(
    make_policy: Callable[..., LMPolicy], env: CodeSynthesisEnv, tmp_path: Path, logged: Any
) -> None:
    agent = CodeDPO(
        make_policy(), env, pipeline=PIPELINE, folder=tmp_path, seed=0, learning_rate=1e-2, epochs=10, problems=4
    )
    rows = logged(agent)
    agent.learn()
    assert {(pair.chosen, pair.rejected) for pair in agent.pairs} == {(RIGHT, WRONG)}
    assert [pair.prompt for pair in agent.pairs] == [
        agent.policy.prompt_text({"prompt": f"def f(x): # double, {pair.task_id[-1]}"}) for pair in agent.pairs
    ]
    assert read_pairs(tmp_path / "pairs.jsonl") == list(agent.pairs)
    assert len(agent.pairs) == 4  # problems drawn of the five
    assert rows[-1]["rewards/accuracies"] == 1
    assert rows[-1]["rewards/margins"] > rows[0]["rewards/margins"] + 0.5


def test_what_was_written_is_not_asked_for_again(
    make_policy: Callable[..., LMPolicy], env: CodeSynthesisEnv, tmp_path: Path
) -> None:
    agents = [CodeDPO(make_policy(), env, pipeline=PIPELINE, folder=tmp_path, seed=0) for _ in range(2)]
    made = [agent.make_pairs() for agent in agents]
    assert made[0].pairs == made[1].pairs
    assert agents[0].policy.engine.asked == 5 * (8 + 2)  # type: ignore[attr-defined]
    assert agents[1].policy.engine.asked == 0  # type: ignore[attr-defined]


def test_a_policy_that_has_other_weights_is_asked_anew(
    make_policy: Callable[..., LMPolicy], env: CodeSynthesisEnv, tmp_path: Path
) -> None:
    first, second = (CodeDPO(make_policy(), env, pipeline=PIPELINE, folder=tmp_path, seed=0) for _ in range(2))
    first.make_pairs()
    with torch.no_grad():
        next(second.policy.model.parameters()).add_(1.0)  # the name and the number of updates stay
    second.make_pairs()
    assert second.policy.engine.asked == 5 * (8 + 2)  # type: ignore[attr-defined]


def test_callbacks_see_pairs_as_timesteps_and_may_stop(
    make_policy: Callable[..., LMPolicy], env: CodeSynthesisEnv
) -> None:
    steps = Steps()
    agent = CodeDPO(make_policy(), env, pipeline=PIPELINE, seed=0, batch_size=2)
    agent.learn(100, callback=steps)
    assert steps.timesteps == [1, 3, 5]  # five pairs in batches of two; the odd one comes when it was drawn to
    assert agent.get_env() is not None


def test_tests_that_tell_nothing_apart_are_named(make_policy: Callable[..., LMPolicy], env: CodeSynthesisEnv) -> None:
    flat = CodeDPO(make_policy("assert f(2) == 4\n"), env, pipeline=PIPELINE, seed=0)
    with pytest.raises(DataError, match=r"no pair came of 5 problems\. correctness: 5 tied\."):
        flat.learn()
    broken = CodeDPO(make_policy("assert f("), env, pipeline=PIPELINE, seed=0)
    with pytest.raises(DataError, match=r"correctness: 5 no_test\."):
        broken.learn()


def test_an_environment_that_names_no_problems(make_policy: Callable[..., LMPolicy]) -> None:
    class Nameless(gym.Env[Any, Any]):
        """Asks something, and does not say what there is to ask."""

    with pytest.raises(InvalidSettingError, match="names its problems"):
        CodeDPO(make_policy(), Nameless(), seed=0).learn()
