"""RLTF's settings, and the paper's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from agents.training.normalization import Normalization
from codegym.errors import InvalidSettingError, UnknownNameError

Term = Literal["coarse", "fine", "adaptive", "weighted_adaptive"]
Baseline = Literal["leave_one_out", "group_mean", "group_normalized", "greedy", "historical_best", "none"]
FineCredit = Literal["line", "span", "soft", "conserving"]
Mask = Literal["truncated", "unexecuted"]


@dataclass(frozen=True, kw_only=True)
class RLTFConfig:
    """How RLTF learns. The defaults are today's estimators on small models; ``RLTFConfig.paper()`` is arXiv 2307.04349.

    Raises:
        InvalidSettingError: If a value makes no sense; the message names the field.
    """

    learning_rate: float = 1e-4
    """Of AdamW, constant; the default suits models of a few million parameters (the paper: 2e-6 for 770 million)."""
    gain_factor: float = 1.0
    """Learning rate of the gains of norms (all one-dimensional weights), as a multiple of the others'. The gain of the
    last norm says how sure the model is, and is the one direction that all samples agree on; the gradient of the
    matrices is mostly noise. Small models that are unsure learn several times faster with 100."""
    problems_per_step: int = 8
    """Problems that a collection asks."""
    curriculum: bool = False
    """Ask more of the difficulties at which some programs pass and some fail; else every problem alike."""
    samples_per_problem: int = 8
    """Completions of each problem: the group that baselines are made of."""
    batch_size: int = 0
    """Completions that an optimizer step learns from; 0: as many as one collection brings."""
    micro_batch_size: int = 16
    """Completions of about the same length in one forward pass; smaller saves memory and changes no gradient."""
    temperature: float = 1.0
    """Of sampling."""
    top_p: float = 1.0
    """Nucleus sampling; with less than 1 the samples are not the policy's own any more."""
    feedback: tuple[Term, ...] = ("coarse", "fine", "adaptive")
    """The reward's components that teach; those of other names (of a reward of your own) always do. "weighted_adaptive"
    is adaptive with each test weighted by how many of the group failed it (VeRPO)."""
    fine_credit: FineCredit = "conserving"
    """Where blame goes: the fine reward on the failing line (the paper), on the failing span to the character, shared
    by suspicion ("soft"), or no fine reward but more of the advantage on the span, its total conserved (EGCA)."""
    baseline: Baseline = "leave_one_out"
    """What rewards are held against: the group's others (RLOO), its mean (GRPO), that and divided by its deviation,
    a greedy completion of the same policy, the best reward that the task has ever seen (the paper), or nothing."""
    normalization: Normalization = "token"
    """The mean over the batch's tokens, over completions of token means, or of token sums (the paper)."""
    masked: tuple[Mask, ...] = ()
    """What teaches nothing: "truncated", completions that hit the length limit (else all their tokens are blamed, the
    paper's U_global); "unexecuted", statements that no test ran (StepCoder), which needs a judge that traces."""
    buffer_size: int = 0
    """Completions that the online buffer holds, the oldest go first; 0: those of one collection, which is on-policy."""
    refresh_every: int = 1
    """Optimizer steps from one collection to the next; 0 fills the buffer once and stays with it (offline)."""
    max_staleness: int = 0
    """Completions by a policy more optimizer steps older than this are left out; 0 keeps all."""
    supervised_share: float = 0.0
    """Share of the optimizer steps that learn from reference solutions (the paper: a half)."""
    clip_range: float | None = 0.2
    """PPO's clip on the ratio to the probabilities at sampling; None is plain REINFORCE, whatever the policy's age."""
    kl_coefficient: float = 0.0
    """Weight of the KL divergence to the policy that training started from."""

    def __post_init__(self) -> None:
        for name in ("problems_per_step", "samples_per_problem", "micro_batch_size"):
            _check(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        for name in ("learning_rate", "gain_factor", "temperature"):
            _check(getattr(self, name) > 0, name, "above 0", getattr(self, name))
        for name in ("refresh_every", "max_staleness", "kl_coefficient", "batch_size", "buffer_size"):
            _check(getattr(self, name) >= 0, name, "at least 0", getattr(self, name))
        _check(0 < self.top_p <= 1, "top_p", "above 0 and at most 1", self.top_p)
        _check(0 <= self.supervised_share < 1, "supervised_share", "at least 0 and below 1", self.supervised_share)
        _check(self.clip_range is None or self.clip_range > 0, "clip_range", "above 0, or None", self.clip_range)
        _check(
            self.batch <= self.capacity,
            "batch_size",
            f"at most the {self.capacity} completions of the buffer",
            self.batch_size,
        )

    @property
    def collection(self) -> int:
        """Completions that one collection asks for."""
        return self.problems_per_step * self.samples_per_problem

    @property
    def batch(self) -> int:
        """Completions that an optimizer step learns from."""
        return self.batch_size or self.collection

    @property
    def capacity(self) -> int:
        """Completions that the buffer holds."""
        return self.buffer_size or self.collection

    @classmethod
    def paper(cls, **changes: Any) -> RLTFConfig:
        """The design and the numbers of the paper: half of the steps supervised, a FIFO buffer, no correction."""
        return cls.of(
            {
                "learning_rate": 2e-6,
                "problems_per_step": 16,
                "samples_per_problem": 20,
                "batch_size": 32,
                "micro_batch_size": 32,
                "top_p": 0.95,
                "fine_credit": "line",
                "baseline": "historical_best",
                "normalization": "sum",
                "buffer_size": 6400,
                "refresh_every": 50,
                "supervised_share": 0.5,
                "clip_range": None,
                **changes,
            }
        )

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> RLTFConfig:
        """Makes a configuration from plain data, as it comes out of a JSON file.

        Raises:
            UnknownNameError: If there is no such setting.
            InvalidSettingError: If a value makes no sense.
        """
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise UnknownNameError("setting of RLTF", name, known)
        settings: dict[str, Any] = dict(values)
        lists = {name: tuple(settings.get(name, getattr(cls, name))) for name in ("feedback", "masked")}
        return cls(**{**settings, **lists})


def _check(good: bool, name: str, expected: str, value: object) -> None:
    if not good:
        raise InvalidSettingError(f"RLTFConfig.{name} must be {expected}, got {value!r}.")
