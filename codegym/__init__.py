r"""codegym: the Gymnasium environment for program synthesis.

Importing it registers ``CodeSynthesis-v0``::

    import gymnasium as gym, codegym

    env = gym.make("CodeSynthesis-v0", suite="core")
    observation, info = env.reset(seed=0)
    observation, reward, terminated, truncated, info = env.step("def f(xs):\n    return sum(xs)\n")
"""

from __future__ import annotations

import gymnasium as gym

from codegym.comparison import Comparison, OutputRule
from codegym.errors import (
    CodegymError,
    ContractError,
    DataError,
    InfrastructureError,
    InvalidProblemError,
    InvalidRewardError,
    IsolationError,
    UnknownNameError,
)
from codegym.feedback.diagnostic import Diagnostic
from codegym.feedback.feedback import Feedback, TestResult
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.verdict import Verdict
from codegym.judge import Judge
from codegym.problem import CallTest, Problem, ScriptTest, StdioTest
from codegym.program import Program
from codegym.sandbox.limits import Limits

__all__ = [
    "CallTest",
    "CodegymError",
    "Comparison",
    "ContractError",
    "DataError",
    "Diagnostic",
    "Feedback",
    "InfrastructureError",
    "InvalidProblemError",
    "InvalidRewardError",
    "IsolationError",
    "Judge",
    "Kind",
    "Limits",
    "OutputRule",
    "Problem",
    "Program",
    "Scope",
    "ScriptTest",
    "StdioTest",
    "TestResult",
    "UnknownNameError",
    "Verdict",
]

# The entry points are texts: they reach suites by name, which this package knows nothing of, and load on first use.
gym.register(
    id="CodeSynthesis-v0",
    entry_point="envs_registry.factory:make_env",
    vector_entry_point="envs_registry.factory:make_vec_env",
)
