"""Models that codegym builds itself, by name. This table is the only place that knows their names."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from pathlib import Path

from codegym.errors import UnknownNameError

BUILTIN_MODELS: dict[str, str] = {
    "tiny": "agents.tiny.builder:tiny",
    "nano": "agents.tiny.builder:nano",
}
"""Name -> ``module:function`` that returns the folder of the model, building it at first use."""


def builtin_model(name: str | Path) -> Path | None:
    """Returns the folder of a built-in model, None if no built-in model has this name.

    Raises:
        UnknownNameError: If the name is nearly one of them: nobody wants a misspelt one to be looked for on the hub.
    """
    target = BUILTIN_MODELS.get(str(name))
    if target is None:
        if not Path(name).exists() and difflib.get_close_matches(str(name).lower(), BUILTIN_MODELS, cutoff=0.75):
            raise UnknownNameError("model", str(name), BUILTIN_MODELS)
        return None
    module, function = target.split(":")
    build: Callable[[], Path] = getattr(importlib.import_module(module), function)
    return build()
