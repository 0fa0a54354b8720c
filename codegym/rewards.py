"""Rewards: from feedback to named parts that add up.

RLTF's three, in the paper's words::

    coarse    +1.0 pass; -0.3 a test failed; -0.6 an error other than syntax (timeouts too); -1.0 a syntax error
    fine      0.0 if the error has no usable location (U_ignore), else -0.3
    adaptive  -0.3 + 1.3 * N_pass / (N_pass + N_fail)

A machine's failure says nothing about the program: every part is NaN then, for agents to mask out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Protocol, TypeAlias, runtime_checkable

from codegym.errors import InvalidRewardError, UnknownNameError
from codegym.feedback.diagnostic import Source
from codegym.feedback.feedback import Feedback
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.verdict import Verdict
from codegym.problem import Problem

# The paper's values (arXiv 2307.04349): changing one changes what its tables can be compared with.
COARSE_PASS = 1.0
COARSE_FAILURE = -0.3
COARSE_ERROR = -0.6
COARSE_SYNTAX = -1.0
FINE_PENALTY = -0.3
ADAPTIVE_FLOOR = -0.3
ADAPTIVE_RANGE = 1.3
STATIC_COSTS: Mapping[Kind, float] = {
    Kind.UNDEFINED_NAME: -0.1,
    Kind.UNREACHABLE_CODE: -0.05,
    Kind.SUSPICIOUS_CODE: -0.05,
    Kind.MUTABLE_DEFAULT: -0.03,
    Kind.COMPLEXITY: -0.03,
    Kind.UNUSED_NAME: -0.02,
    Kind.SHADOWED_BUILTIN: -0.02,
}
"""What each finding of static analysis costs."""
# So small that a right program with every finding still earns more than a wrong one with none.
STATIC_FLOOR = -0.3

Part: TypeAlias = Callable[[Problem, Feedback], float]
"""One named part of a reward."""


@runtime_checkable
class Reward(Protocol):
    """Pays for a judged completion, in parts."""

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the parts, always the same; empty while unknown (a user's function before its first call)."""

    def __call__(self, problem: Problem, feedback: Feedback) -> dict[str, float]:
        """Returns the value of every part; the reward is their sum."""


def coarse(problem: Problem, feedback: Feedback) -> float:
    """RLTF's coarse-grained reward: one of +1.0, -0.3, -0.6, -1.0 (without tests: 0.0 unless there is an error)."""
    match feedback.verdict:
        case Verdict.PASS:
            return COARSE_PASS
        case Verdict.FAIL:
            return COARSE_FAILURE
        # Without tests nothing speaks for or against a program that loads; one that does not load is wrong anyway.
        case Verdict.UNJUDGED if feedback.scope is Scope.NONE:
            return 0.0
        case _:
            return COARSE_SYNTAX if feedback.kind.is_syntax else COARSE_ERROR


def fine(problem: Problem, feedback: Feedback) -> float:
    """RLTF's fine-grained reward: -0.3 for whatever is wrong and can be located, 0.0 for U_ignore and for a pass."""
    return 0.0 if feedback.scope in (Scope.NONE, Scope.IGNORE) else FINE_PENALTY


def adaptive(problem: Problem, feedback: Feedback) -> float:
    """RLTF's adaptive reward, -0.3 to 1.0 with the share of *all* tests that passed (without tests: 0.0)."""
    if not feedback.tests:
        return 0.0
    return ADAPTIVE_FLOOR + ADAPTIVE_RANGE * feedback.pass_rate


def pass_rate(problem: Problem, feedback: Feedback) -> float:
    """The share of all tests that passed, 0.0 to 1.0."""
    return feedback.pass_rate


def success(problem: Problem, feedback: Feedback) -> float:
    """1.0 if every test passed, else 0.0."""
    return float(feedback.is_success)


def private(problem: Problem, feedback: Feedback) -> float:
    """1.0 if every private test passed, else 0.0 (RLEF: public tests are for repair, only private ones pay).

    Where no test is private, all of them count.
    """
    # The agent has seen the public tests, and could answer them from memory.
    tests = [test for test in feedback.tests if not test.public]
    return float(all(test.status is Verdict.PASS for test in tests) if tests else feedback.is_success)


def static_penalty(problem: Problem, feedback: Feedback) -> float:
    """What static analysis costs: ``STATIC_COSTS`` a finding, at most ``STATIC_FLOOR`` in all.

    0.0 unless the judge analyses programs, see :func:`codegym.diagnosis.judge_for`.
    """
    found = (diagnostic for diagnostic in feedback.diagnostics if diagnostic.source is Source.LINT)
    return max(STATIC_FLOOR, sum(STATIC_COSTS.get(diagnostic.kind, 0.0) for diagnostic in found))


@dataclass(frozen=True)
class Overlong:
    """A penalty for completions that come near a length limit, as a part of a reward: a slope instead of a cliff.

    Attributes:
        limit: Characters from which the whole penalty is due.
        margin: Characters before the limit where it begins.
        penalty: The whole penalty.
    """

    limit: int = 8000
    margin: int = 2000
    penalty: float = -0.5

    def __post_init__(self) -> None:
        """Checks the slope.

        Raises:
            InvalidRewardError: If it has no length, or begins before the text does.
        """
        if not 0 < self.margin <= self.limit:
            raise InvalidRewardError(
                f"Overlong needs a margin from 1 to its limit of {self.limit} characters, got {self.margin!r}. "
                "Take 1 for a cliff."
            )

    def __call__(self, problem: Problem, feedback: Feedback) -> float:
        """Returns 0.0 up to ``limit - margin`` characters, then linearly down to the penalty."""
        # Characters and not tokens: the environment knows no tokenizer.
        over = len(feedback.program.completion) - (self.limit - self.margin)
        return self.penalty * min(max(over / self.margin, 0.0), 1.0)


@dataclass(frozen=True)
class EfficiencyBonus:
    """A bonus for right programs that take less CPU time than a reference, as a part of a reward.

    Measured times vary from run to run, and so does this part: it is the one reward that the same action does
    not always repeat.

    Attributes:
        reference_seconds: From a problem's id to the CPU seconds that a reference takes for all its tests.
        bonus: What a program twice as fast earns, and one twice as slow loses; faster or slower changes no more.
    """

    reference_seconds: Mapping[str, float]
    bonus: float = 0.2

    def __call__(self, problem: Problem, feedback: Feedback) -> float:
        """Returns ``bonus * log2(reference / measured)`` within ``+-bonus``; 0.0 for wrong programs."""
        # Only right programs: an empty one is the fastest of all.
        reference = self.reference_seconds.get(problem.task_id, 0.0)
        if not feedback.is_success or reference <= 0 or feedback.cpu_seconds <= 0:
            return 0.0
        return self.bonus * min(max(math.log2(reference / feedback.cpu_seconds), -1.0), 1.0)


@dataclass(frozen=True)
class SumReward:
    """A reward made of named parts.

    Attributes:
        parts: From a part's name to its function; module-level functions keep it picklable.
    """

    parts: Mapping[str, Part]

    def __post_init__(self) -> None:
        """Checks the parts.

        Raises:
            InvalidRewardError: If one is no function, or a whole reward with parts of its own.
        """
        for name, part in self.parts.items():
            if not callable(part) or isinstance(part, Reward):
                raise InvalidRewardError(
                    f"the part {name!r} must be a function (problem, feedback) -> number, got {part!r}. A whole reward "
                    "has parts of its own: use it alone, or call it in a function that returns a dict."
                )

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the parts."""
        return tuple(self.parts)

    def __call__(self, problem: Problem, feedback: Feedback) -> dict[str, float]:
        """Returns the value of every part; NaN for all of them when nothing is known: the machine or a test failed."""
        if feedback.is_unknown:
            return dict.fromkeys(self.parts, math.nan)
        return {name: float(part(problem, feedback)) for name, part in self.parts.items()}


def paper() -> SumReward:
    """RLTF's reward: coarse, fine and adaptive, each a part of its own."""
    return SumReward({"coarse": coarse, "fine": fine, "adaptive": adaptive})


PRESETS: Mapping[str, Callable[[], Reward]] = {
    "paper": paper,
    "coarse": lambda: SumReward({"coarse": coarse}),
    "fine": lambda: SumReward({"fine": fine}),
    "adaptive": lambda: SumReward({"adaptive": adaptive}),
    "pass_rate": lambda: SumReward({"pass_rate": pass_rate}),
    "success": lambda: SumReward({"success": success}),
    "private": lambda: SumReward({"private": private}),
    "static": lambda: SumReward({**paper().parts, "static": static_penalty}),
    "overlong": lambda: SumReward({**paper().parts, "overlong": Overlong()}),
}
"""The rewards that have a name."""

UserReward: TypeAlias = Callable[[Problem, Feedback], "float | dict[str, float]"]


class FunctionReward:
    """A user's function as a reward: a number becomes the part ``reward``, a dict names its parts itself.

    Args:
        function: ``function(problem, feedback)``; it must name the same parts at every call.
    """

    def __init__(self, function: UserReward) -> None:
        self.function = function
        self.components: tuple[str, ...] = ()

    def __call__(self, problem: Problem, feedback: Feedback) -> dict[str, float]:
        """Returns the function's parts.

        Raises:
            InvalidRewardError: If it returns something else than numbers, or other parts than before.
        """
        # The names are learned at the first call: asking for them beforehand would need a problem and a feedback.
        value = self.function(problem, feedback)
        parts = dict(value) if isinstance(value, Mapping) else {"reward": value}
        if not parts or not all(isinstance(part, Real) for part in parts.values()):
            raise InvalidRewardError(
                f"the reward function {self.function!r} must return a number or a dict of numbers, got {value!r}."
            )
        if self.components and tuple(parts) != self.components:
            raise InvalidRewardError(
                f"the reward function {self.function!r} must name the same parts at every call: "
                f"first {self.components}, now {tuple(parts)}. Return 0.0 for a part that does not apply."
            )
        self.components = tuple(parts)
        return {name: float(part) for name, part in parts.items()}


def make_reward(reward: str | Reward | UserReward) -> Reward:
    """Returns the reward that is meant.

    Args:
        reward: A preset's name, a reward, or a function of problem and feedback.

    Raises:
        UnknownNameError: If no preset has that name.
        InvalidRewardError: If it is neither a text nor callable.
    """
    if isinstance(reward, str):
        if reward not in PRESETS:
            raise UnknownNameError("reward", reward, PRESETS)
        return PRESETS[reward]()
    if isinstance(reward, Reward):
        return reward
    if not callable(reward):
        raise InvalidRewardError(
            f"reward must be a name ({', '.join(PRESETS)}), a Reward or a function, got {type(reward).__name__}."
        )
    return FunctionReward(reward)
