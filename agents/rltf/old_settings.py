"""Settings of RLTF as earlier versions wrote them into files and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codegym.errors import InvalidSettingError

RENAMED = {"baseline": "advantage", "masked": "mask_truncated"}
"""New names of settings by their old ones."""
REMOVED = {
    "curriculum": "no study found a gain. `envs_registry.curriculum` orders problems by their difficulty.",
}
"""What to do instead of settings that there are no more."""

_ADVANTAGES = {"leave_one_out": "rloo", "group_normalized": "grpo"}
# Old kinds of fine credit that paid the fine reward, and paid nothing where ``feedback`` left it out.
_HARD_SPANS = ("line", "span", "soft")


def upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Translates values that have changed; names are translated elsewhere.

    Args:
        values: Settings by name, of any version.

    Returns:
        The same settings with today's values.

    Raises:
        InvalidSettingError: If a value was removed; the message says what to take instead.
    """
    new = dict(values)
    if "baseline" in new:
        new["baseline"] = _ADVANTAGES.get(new["baseline"], new["baseline"])
    if "clip_range" in new and new["clip_range"] is None:
        # None switched the clip off, which was plain REINFORCE.
        del new["clip_range"]
        new["policy_loss"] = "reinforce"
    if "masked" in new:
        new["masked"] = _mask(new["masked"])
    return _feedback(new, is_old=not RENAMED.keys().isdisjoint(values) or "fine" in values.get("feedback", ()))


def _mask(masked: Any) -> bool:
    if "unexecuted" in masked:
        raise InvalidSettingError("masked='unexecuted' was removed, since no study found a gain: leave it out.")
    return "truncated" in masked


def _feedback(values: dict[str, Any], is_old: bool) -> dict[str, Any]:
    """The fine reward was a component of the feedback; now ``fine_credit`` alone says whether it is paid."""
    if "feedback" in values:
        components = tuple(values["feedback"])
        if "weighted_adaptive" in components:
            raise InvalidSettingError(
                "feedback='weighted_adaptive' was removed, since no study found a gain: take 'adaptive'."
            )
        values["feedback"] = tuple(name for name in components if name != "fine")
        # Today's settings may leave fine out of feedback for another reason: only old files are read so.
        if is_old and "fine" not in components and values.get("fine_credit") in _HARD_SPANS:
            values["fine_credit"] = "none"
    if values.get("fine_credit") in ("span", "soft"):
        raise InvalidSettingError(
            f"fine_credit={values['fine_credit']!r} was removed, since no study found a gain: take 'none', 'line' (the "
            "paper's) or 'conserving'."
        )
    return values
