"""What curves show: averages with their zeros, and nothing that was not measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from stable_baselines3.common.logger import KVWriter, Logger

from agents.policy.completion import Completion
from agents.policy.policy import LMPolicy
from agents.rltf import RLTF
from agents.rltf.measures import CollectionLog, representative
from agents.rollout.experience import Experience
from agents.rollout.rollout import Stopwatch
from codegym.env import CodeSynthesisEnv

TEXT = "ab = 1\ncd\n"
COMPLETION = Completion(
    prompt="p",
    text=TEXT,
    prompt_ids=np.array([1]),
    token_ids=np.array([1, 2, 3, 4]),
    offsets=np.array([[0, 2], [2, 7], [7, 9], [9, 10]]),
    logprobs=np.zeros(4, np.float32),
    finished=True,
)
WRONG = Experience(completion=COMPLETION, task_id="t", rewards={"coarse": -0.3}, verdict="fail", kind="wrong_answer")
RIGHT = replace(WRONG, verdict="pass", kind="none", rewards={"coarse": 1.0}, is_success=True)
BROKEN = replace(WRONG, infra_error=True, rewards={}, verdict="infra_error")


class Memory(KVWriter):
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
        self.rows.append(dict(key_values))


@pytest.fixture
def memory() -> Memory:
    return Memory()


def test_shares_are_averages_with_their_zeros(memory: Memory) -> None:
    logger, log = Logger(None, [memory]), CollectionLog()
    for collection in ([WRONG, RIGHT], [RIGHT, RIGHT]):
        log.record(logger, collection, Stopwatch())
    logger.dump()
    log.record(logger, [RIGHT, RIGHT], Stopwatch())
    logger.dump()
    assert [row["verdict/fail"] for row in memory.rows] == [0.25, 0.0]
    assert [row["verdict/pass"] for row in memory.rows] == [0.75, 1.0]
    assert [row["kind/wrong_answer"] for row in memory.rows] == [0.25, 0.0]


def test_returns_are_of_the_episodes_that_are_known(memory: Memory) -> None:
    logger = Logger(None, [memory])
    lost = replace(WRONG, future=float("nan"))
    CollectionLog().record(logger, [RIGHT, lost, replace(BROKEN, turn=1)], Stopwatch())
    logger.dump()
    (row,) = memory.rows
    assert (row["rollout/ep_rew_mean"], row["rollout/ep_len_mean"], row["rollout/success_rate"]) == (1.0, 1.0, 1.0)
    assert (row["rollout/infra_errors"], row["rollout/unknown_returns"]) == (1, 1)
    assert row["verdict/fail"] == 0.5


def test_what_is_not_compared_is_not_shown(
    make_policy: Callable[..., LMPolicy], env: CodeSynthesisEnv, memory: Memory
) -> None:
    for coefficient in (0.0, 0.1):
        agent = RLTF(make_policy(), env, seed=1, problems_per_step=2, samples_per_problem=3, kl_coefficient=coefficient)
        agent.set_logger(Logger(None, [memory]))
        agent.learn(6)
    assert ["train/reference_kl" in row for row in memory.rows] == [False, True]


def test_the_judges_share_is_of_the_whole_step(
    make_policy: Callable[..., LMPolicy], env: CodeSynthesisEnv, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock of the test's: collecting takes 2 s of which judging is 1, training 8."""
    now = [0.0]
    monkeypatch.setattr("agents.rltf.rltf.perf_counter", lambda: now[0])
    agent = RLTF(make_policy(), env, seed=1, problems_per_step=2, samples_per_problem=3)
    agent.set_logger(Logger(None, [memory]))

    def collect() -> list[Experience]:
        now[0], agent._judging_seconds = now[0] + 2, 1.0
        agent.num_timesteps += 6
        agent.buffer.add([RIGHT] * 6)
        return []

    def train() -> None:
        now[0] += 8

    agent.collect, agent.train = collect, train  # type: ignore[method-assign]
    agent.learn(6)
    assert memory.rows[0]["time/judging_share"] == pytest.approx(0.1)


def test_a_log_can_be_left_out(make_policy: Callable[..., LMPolicy], env: CodeSynthesisEnv, memory: Memory) -> None:
    agent = RLTF(make_policy(), env, seed=1, problems_per_step=2, samples_per_problem=3)
    agent.set_logger(Logger(None, [memory]))
    assert agent.learn(12, log_interval=None).num_timesteps == 12
    assert memory.rows == []


def test_the_representative_program_was_judged() -> None:
    located = replace(WRONG, scope="line", diagnostics=({"start": 7, "end": 9},))
    assert representative([BROKEN, RIGHT, located]) is located
    assert representative([BROKEN, RIGHT]) is RIGHT
    assert representative([BROKEN]) is None
