"""RLTF's settings, and the paper's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from agents.rltf.advantages import Advantage
from agents.rltf.old_settings import REMOVED, RENAMED, upgraded
from agents.settings import SettingsRecord
from agents.training.normalization import Normalization
from agents.training.settings import LearnerConfig

# These name rows of tables that need torch, which the settings and the command line's help must not import.
Component = Literal["coarse", "adaptive"]
PolicyLoss = Literal["clipped", "reinforce"]
FineCredit = Literal["none", "line", "conserving"]


@dataclass(frozen=True, kw_only=True)
class LossSettings(SettingsRecord):
    """How the credit of tokens becomes the loss of a batch."""

    policy_loss: PolicyLoss = "clipped"
    """PPO's clip on the ratio to the probabilities at sampling, or plain REINFORCE, however old the samples are."""
    clip_range: float = 0.2
    """How far that ratio may move from 1 before a token stops teaching; for policy_loss=clipped."""
    kl_coefficient: float = 0.0
    """Weight of the KL divergence to the policy that training started from."""
    normalization: Normalization = "token"
    """The mean over the batch's tokens, over completions of token means (sequence), or of token sums (the paper)."""
    supervised_share: float = 0.0
    """Share of the optimizer steps that learn from reference solutions (the paper: 0.5)."""
    mask_truncated: bool = False
    """Leave completions that hit the length limit out of the loss. Otherwise they earn what their verdict earns."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_above(0, "clip_range")
        self.require_at_least(0, "kl_coefficient")
        self.require(0 <= self.supervised_share < 1, "supervised_share", "at least 0 and below 1")


@dataclass(frozen=True, kw_only=True)
class ReplaySettings(SettingsRecord):
    """Which of the completions written so far an optimizer step learns from."""

    buffer_size: int = 0
    """Completions in the online buffer, the oldest go first; 0: those of one collection, which is on-policy."""
    refresh_every: int = 1
    """Optimizer steps from one collection to the next; 0 fills the buffer once and keeps it (offline)."""
    max_staleness: int = 0
    """Largest age of a completion, in optimizer steps since it was written; 0 keeps all."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least(0, "buffer_size", "refresh_every", "max_staleness")


@dataclass(frozen=True, kw_only=True)
class RLTFConfig(LearnerConfig):
    """How RLTF learns. The defaults are what our own study found best; ``RLTFConfig.paper()`` is arXiv 2307.04349.

    Raises:
        InvalidSettingError: If a value makes no sense; the message names the setting.
        UnknownNameError: If an estimator does not exist.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {**LearnerConfig.RENAMED, **RENAMED}
    REMOVED: ClassVar[Mapping[str, str]] = REMOVED

    problems_per_step: int = 8
    """Problems of one collection."""
    samples_per_problem: int = 8
    """Completions of each problem in a collection; together they are a group, whose rewards are compared."""
    batch_size: int = 0
    """Completions that an optimizer step learns from; 0: as many as one collection brings."""
    temperature: float = 1.0
    """Temperature of sampling."""
    top_p: float = 1.0
    """Nucleus of sampling. Below 1 the samples are no longer distributed as the policy says."""
    feedback: tuple[Component, ...] = ("coarse", "adaptive")
    """Components of the reward that teach whole completions; components of your own rewards always do."""
    fine_credit: FineCredit = "none"
    """Where a failing program is blamed: everywhere alike (none), by the fine reward on the failing line (line, the
    paper), or by moving more of the advantage onto the failing characters, its total conserved (conserving, EGCA)."""
    advantage: Advantage = "grpo"
    """What a reward is compared with: the group's mean, divided by its deviation (grpo) or not (group_mean), the mean
    of the group's others (rloo), a greedy completion (greedy), the task's best reward so far (historical_best, the
    paper), or nothing (none)."""
    loss: LossSettings = field(default_factory=LossSettings)
    """How the credit of tokens becomes the loss of a batch."""
    replay: ReplaySettings = field(default_factory=ReplaySettings)
    """Which of the completions written so far an optimizer step learns from."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least(1, "problems_per_step", "samples_per_problem")
        self.require_at_least(0, "batch_size")
        self.require_above(0, "temperature")
        # At 0 no token would be left to draw.
        self.require(0 < self.top_p <= 1, "top_p", "above 0 and at most 1")
        # A larger batch would never be ready: no optimizer step would ever be taken.
        self.require(
            self.batch <= self.capacity, "batch_size", f"at most the {self.capacity} completions of the buffer"
        )

    @property
    def collection(self) -> int:
        """Completions of one collection."""
        return self.problems_per_step * self.samples_per_problem

    @property
    def batch(self) -> int:
        """Completions that an optimizer step learns from."""
        return self.batch_size or self.collection

    @property
    def capacity(self) -> int:
        """Completions in the buffer when it is full."""
        return self.replay.buffer_size or self.collection

    @classmethod
    def paper(cls, **changes: Any) -> Self:
        """The design and the numbers of the paper: half of the steps supervised, a FIFO buffer, no correction."""
        return cls.of({**PAPER, **changes})

    @classmethod
    def upgraded(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Returns settings of an earlier version under today's names and values.

        Raises:
            InvalidSettingError: If a setting or a value was removed; the message says what to take instead.
        """
        return super().upgraded(upgraded(values))


PAPER: Mapping[str, Any] = {
    "learning_rate": 2e-6,
    "problems_per_step": 16,
    "samples_per_problem": 20,
    "batch_size": 32,
    "micro_batch_size": 32,
    "top_p": 0.95,
    "fine_credit": "line",
    "advantage": "historical_best",
    "normalization": "sum",
    "buffer_size": 6400,
    "refresh_every": 50,
    "supervised_share": 0.5,
    "policy_loss": "reinforce",
}
"""The settings of arXiv 2307.04349, where they differ from the defaults."""
