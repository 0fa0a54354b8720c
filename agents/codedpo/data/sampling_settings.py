"""How many programs and tests a policy writes for CodeDPO, and how; light, so that a command's help needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from agents.settings import SettingsRecord

if TYPE_CHECKING:
    from agents.engines.sampling import Sampling
    from agents.policy.policy import LMPolicy


@dataclass(frozen=True, kw_only=True)
class SamplingSettings(SettingsRecord):
    """How much is written for each task, and how.

    Raises:
        InvalidSettingError: If a value makes no sense.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"tests": "test_texts"}
    REMOVED: ClassVar[Mapping[str, str]] = {"max_new_tokens": "set the max_new_tokens of the policy or the command."}

    programs: int = 15
    """Programs for each task (the paper's number)."""
    test_texts: int = 15
    """Texts with tests for each task (the paper's number)."""
    temperature: float = 1.0
    """Temperature of sampling programs and tests; the paper has 1.5."""
    top_p: float = 1.0
    """Nucleus of sampling programs and tests."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least(1, "programs", "test_texts")

    def sampling(self, policy: LMPolicy) -> Sampling:
        """Returns how the policy draws."""
        # Imported here: the help of a command reads these settings and needs no engine.
        from agents.engines.sampling import Sampling

        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            max_new_tokens=policy.max_new_tokens,
        )
