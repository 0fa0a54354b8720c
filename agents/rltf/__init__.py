"""RLTF: online reinforcement learning from multi-granularity unit-test feedback (arXiv 2307.04349)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.rltf.config import RLTFConfig
    from agents.rltf.rltf import RLTF

__all__ = ["RLTF", "RLTFConfig"]

_HOMES = {"RLTF": "agents.rltf.rltf", "RLTFConfig": "agents.rltf.config"}


def __getattr__(name: str) -> Any:
    """Imports the module of a public name: the pure parts below load without the agent."""
    if name not in _HOMES:
        raise AttributeError(f"module 'agents.rltf' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
