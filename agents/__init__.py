"""codegym's agents: language models that learn from what the environment says. Names are loaded on demand."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.codedpo.codedpo import CodeDPO
    from agents.codedpo.config import CodeDPOConfig
    from agents.engines.engine import Engine, Sample
    from agents.engines.sampling import Sampling
    from agents.evaluation import Evaluation, evaluate
    from agents.evaluation.bootstrap import Interval, bootstrap_mean
    from agents.evaluation.pass_at_k import pass_at_k
    from agents.policy.completion import Completion
    from agents.policy.policy import LMPolicy
    from agents.rltf.config import RLTFConfig
    from agents.rltf.rltf import RLTF

__all__ = [
    "RLTF",
    "CodeDPO",
    "CodeDPOConfig",
    "Completion",
    "Engine",
    "Evaluation",
    "Interval",
    "LMPolicy",
    "RLTFConfig",
    "Sample",
    "Sampling",
    "bootstrap_mean",
    "evaluate",
    "pass_at_k",
]

_HOMES = {
    "RLTF": "agents.rltf.rltf",
    "RLTFConfig": "agents.rltf.config",
    "CodeDPO": "agents.codedpo.codedpo",
    "CodeDPOConfig": "agents.codedpo.config",
    "LMPolicy": "agents.policy.policy",
    "Completion": "agents.policy.completion",
    "Engine": "agents.engines.engine",
    "Sample": "agents.engines.engine",
    "Sampling": "agents.engines.sampling",
    "Evaluation": "agents.evaluation",
    "evaluate": "agents.evaluation",
    "Interval": "agents.evaluation.bootstrap",
    "bootstrap_mean": "agents.evaluation.bootstrap",
    "pass_at_k": "agents.evaluation.pass_at_k",
}


def __getattr__(name: str) -> Any:
    """Imports the module of a public name: ``import agents`` alone loads neither torch nor transformers."""
    if name not in _HOMES:
        raise AttributeError(f"module 'agents' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
