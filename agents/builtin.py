"""Models that codegym builds itself, by name. This table is the only place that knows their names."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

BUILTIN_MODELS: dict[str, str] = {
    "tiny": "agents.tiny.builder:tiny",
    "nano": "agents.tiny.builder:nano",
}
"""Name -> ``module:function`` that returns the folder of the model, building it at first use."""


def builtin_model(name: str | Path) -> Path | None:
    """Returns the folder of a built-in model, None if no built-in model has this name."""
    target = BUILTIN_MODELS.get(str(name))
    if target is None:
        return None
    module, function = target.split(":")
    build: Callable[[], Path] = getattr(importlib.import_module(module), function)
    return build()
