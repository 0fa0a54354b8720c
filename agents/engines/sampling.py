"""The settings of sampling. They are the same for every engine."""

from __future__ import annotations

from dataclasses import dataclass

from codegym.errors import InvalidSettingError


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How tokens are drawn.

    Raises:
        InvalidSettingError: If a number is out of its range.
    """

    temperature: float = 1.0
    """Logits are divided by it."""
    top_p: float = 1.0
    """Draw among the most probable tokens that together have this probability; the last one crosses it."""
    greedy: bool = False
    """Take the most probable token; temperature and top_p then do not matter."""
    max_new_tokens: int = 256
    """Most tokens of a sample. The tokens of a prefix count too."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise InvalidSettingError(
                f"temperature must be above 0, got {self.temperature}; use greedy=True for the limit at 0."
            )
        if not 0 < self.top_p <= 1:
            raise InvalidSettingError(f"top_p must be in (0, 1], got {self.top_p}.")
        if self.max_new_tokens < 1:
            raise InvalidSettingError(f"max_new_tokens must be at least 1, got {self.max_new_tokens}.")
