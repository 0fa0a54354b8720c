from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from stable_baselines3.common.logger import KVWriter, Logger

from agents.codedpo.codedpo import CodeDPO
from codegym.judge import Judge

Rows = list[dict[str, Any]]


class Memory(KVWriter):
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.rows: Rows = []

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
        self.rows.append(dict(key_values))


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """One judge for the room."""
    with Judge(workers=2) as made:
        yield made


@pytest.fixture
def logged() -> Callable[[CodeDPO], Rows]:
    """Returns a function that gives an agent a logger, and returns the rows that will be written."""

    def watch(agent: CodeDPO) -> Rows:
        memory = Memory()
        agent.set_logger(Logger(folder=None, output_formats=[memory]))
        return memory.rows

    return watch


@pytest.fixture
def step_losses(logged: Callable[[CodeDPO], Rows]) -> Callable[[CodeDPO, int | None], list[float]]:
    """Returns a function that lets an agent learn from that many pairs, and returns the loss of each step."""

    def learn(agent: CodeDPO, timesteps: int | None = None) -> list[float]:
        rows = logged(agent)
        agent.learn(timesteps)
        return [row["train/loss"] for row in rows]

    return learn
