"""One judged completion with its credit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy.completion import Completion


@dataclass(frozen=True, kw_only=True)
class Experience:
    """A policy's completion at one turn, and what the environment said about it."""

    completion: Completion
    """The sampled tokens with their offsets and behaviour log-probabilities."""
    task_id: str
    """The problem; empty where the environment does not name it."""
    turn: int = 0
    """The turn of its episode, from 0."""
    version: int = 0
    """The optimizer steps that the policy had taken when it wrote this."""
    group: str = ""
    """The group whose rewards are compared: one problem, one turn, one collection."""
    rewards: Mapping[str, float] = field(default_factory=dict)
    """The reward's components by name; they add up to this turn's reward."""
    future: float = 0.0
    """The rewards of the episode's later turns; NaN where the machine failed at one of them."""
    span: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    """float32[T]: how much each token belongs to the failing location, 0 to 1; set by the learner."""
    verdict: str = ""
    kind: str = ""
    scope: str = ""
    pass_rate: float = 0.0
    passed: tuple[bool, ...] = ()
    """One flag for each test."""
    is_success: bool = False
    infra_error: bool = False
    """True if the machine failed, so that nothing can be learned."""
    is_greedy: bool = False
    """True if it was written without sampling, as a baseline for others."""
    feedback: str = ""
    """The feedback text that the agent sees."""
    diagnostics: tuple[Mapping[str, Any], ...] = ()
    """The diagnostics of the environment's ``info``."""
    tests: tuple[Mapping[str, Any], ...] = ()
    """The tests of the environment's ``info``; private tests' values are not in it."""
    advantage: float = 0.0
    """The sequence-level reward above its baseline; set once, when its collection is complete."""

    @property
    def length(self) -> int:
        """Number of its tokens, the end-of-sequence token included."""
        return len(self.completion.token_ids)

    @property
    def reward(self) -> float:
        """This turn's reward; NaN where the machine failed."""
        return float("nan") if self.infra_error else float(sum(self.rewards.values()))

    @property
    def is_known(self) -> bool:
        """True if this and all later turns were judged; otherwise the return is unknown and the sample is masked."""
        return not (self.infra_error or isnan(self.future))

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain data: texts, numbers and arrays."""
        # Texts and no enums: a checkpoint must open where the classes have changed.
        plain = {name: str(getattr(self, name)) for name in ("verdict", "kind", "scope")}
        return {**vars(self), **plain, "rewards": dict(self.rewards), "completion": vars(self.completion)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Experience:
        """Makes it from :meth:`to_dict`'s data."""
        known = {field.name for field in fields(cls)}  # checkpoints of earlier versions hold more
        plain = {name: value for name, value in values.items() if name in known} | {"passed": tuple(values["passed"])}
        return cls(**{**plain, "completion": Completion(**values["completion"])})
