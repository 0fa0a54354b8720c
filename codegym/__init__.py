r"""codegym: the Gymnasium environment for program synthesis.

Importing it registers ``CodeSynthesis-v0``::

    import gymnasium as gym, codegym

    env = gym.make("CodeSynthesis-v0", suite="core")
    observation, info = env.reset(seed=0)
    observation, reward, terminated, truncated, info = env.step("def f(xs):\n    return sum(xs)\n")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import gymnasium as gym

from codegym.comparison import Comparison, OutputRule
from codegym.errors import (
    CodegymError,
    ContractError,
    DataError,
    DivergedError,
    InfrastructureError,
    InvalidProblemError,
    InvalidRewardError,
    InvalidSettingError,
    IsolationError,
    MissingExtraError,
    UnknownNameError,
)
from codegym.feedback.diagnostic import Diagnostic
from codegym.feedback.feedback import Feedback, TestResult
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.verdict import Verdict
from codegym.judge import Judge, JudgeProtocol
from codegym.problem import CallTest, Problem, ScriptTest, StdioTest
from codegym.program import Program
from codegym.sandbox.limits import Limits

if TYPE_CHECKING:
    from codegym import checks, rewards, spaces, wrappers
    from codegym.env import CodeSynthesisEnv
    from codegym.vector import CodeSynthesisVectorEnv

    __version__: str

__all__ = [
    "CallTest",
    "CodeSynthesisEnv",
    "CodeSynthesisVectorEnv",
    "CodegymError",
    "Comparison",
    "ContractError",
    "DataError",
    "Diagnostic",
    "DivergedError",
    "Feedback",
    "InfrastructureError",
    "InvalidProblemError",
    "InvalidRewardError",
    "InvalidSettingError",
    "IsolationError",
    "Judge",
    "JudgeProtocol",
    "Kind",
    "Limits",
    "MissingExtraError",
    "OutputRule",
    "Problem",
    "Program",
    "Scope",
    "ScriptTest",
    "StdioTest",
    "TestResult",
    "UnknownNameError",
    "Verdict",
    "__version__",
    "checks",
    "rewards",
    "spaces",
    "wrappers",
]

# The entry points are texts: they reach suites by name, which this package knows nothing of, and load on first use.
gym.register(
    id="CodeSynthesis-v0",
    entry_point="envs_registry.factory:make_env",
    vector_entry_point="envs_registry.factory:make_vec_env",
)

_CLASSES = {"CodeSynthesisEnv": "codegym.env", "CodeSynthesisVectorEnv": "codegym.vector"}
_MODULES = ("checks", "rewards", "spaces", "wrappers")


def __getattr__(name: str) -> Any:
    """Imports what few programs need on first use, so that ``import codegym`` stays quick."""
    if name in _MODULES:
        return importlib.import_module(f"codegym.{name}")
    if name in _CLASSES:
        value = getattr(importlib.import_module(_CLASSES[name]), name)
    elif name == "__version__":
        value = _version()
    else:
        raise AttributeError(f"module 'codegym' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("codegym")
    except metadata.PackageNotFoundError:  # a checkout on the path that was never installed
        return "0+unknown"
