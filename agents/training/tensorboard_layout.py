"""TensorBoard's page of custom scalars: curves that belong together in one picture."""

from __future__ import annotations

from typing import TypeAlias

Layout: TypeAlias = dict[str, dict[str, list[str | list[str]]]]
"""Category -> title of a picture -> its type and its keys (regular expressions), as ``SummaryWriter`` has it."""


def _lines(*keys: str) -> list[str | list[str]]:
    # TensorBoard takes the keys as regular expressions.
    return ["Multiline", list(keys)]


ONLINE: Layout = {
    "learning": {
        "programs that pass": _lines("rollout/success_rate", "rollout/pass_rate"),
        "reward and its parts": _lines("rollout/ep_rew_mean", "reward/.*"),
    },
    "what goes wrong": {
        "verdicts": _lines("verdict/.*"),
        "kinds of error": _lines("kind/.*"),
        "scopes": _lines("scope/.*"),
        "truncated, and without advantage": _lines("rollout/truncated", "rollout/zero_advantage_share"),
    },
    "optimizer": {
        "losses": _lines("train/loss", "train/supervised_loss"),
        "entropy": _lines("train/entropy_loss"),
        "distance": _lines("train/approx_kl", "train/reference_kl", "train/clip_fraction"),
        "gradient": _lines("train/gradient_norm", "train/skipped_steps"),
    },
    "time": {
        "seconds": _lines("time/.*_seconds"),
        "tokens a second": _lines("time/tokens_per_second"),
    },
}
"""For agents that learn from programs that they write."""

PREFERENCES: Layout = {
    "preferences": {
        "chosen above rejected": _lines("rewards/accuracies"),
        "margin": _lines("rewards/margins"),
        "implicit rewards": _lines("rewards/chosen", "rewards/rejected"),
        "log-probabilities": _lines("logps/.*"),
    },
    "optimizer": {
        "losses": _lines("train/loss", "train/nll_loss", "train/preference_loss"),
        "gradient": _lines("train/gradient_norm", "train/skipped_steps"),
        "learning rate": _lines("train/learning_rate"),
    },
}
"""For agents that learn from pairs."""
