"""Divides a suite into parts of growing difficulty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from codegym.errors import InvalidProblemError, UnknownNameError
from codegym.problem import Problem
from envs_registry.suite import Suite

# The words that benchmarks use, easy ones first.
_LADDER = (
    *("trivial", "introductory", "beginner", "easy", "medium"),
    *("interview", "intermediate", "hard", "competition", "expert"),
)


def curriculum(
    suite: Suite,
    stages: int,
    *,
    hardness: Callable[[Problem], float] | Mapping[str, float] | None = None,
    order: Sequence[str] = _LADDER,
    cumulative: bool = True,
) -> tuple[Suite, ...]:
    """Divides a suite into stages of growing difficulty, as equal in size as can be.

    Args:
        suite: Problems to divide.
        stages: How many stages.
        hardness: A number for each problem, larger ones harder: a function, or a table by task id (one minus the pass
            rate that an evaluation measured, say). Without it the problems' difficulties decide: the words of
            ``order``, or numbers (ratings).
        order: Difficulties, easy ones first.
        cumulative: Whether a stage holds the earlier stages' problems too, so that nothing is forgotten.

    Raises:
        InvalidProblemError: If there are fewer problems than stages.
        UnknownNameError: If a problem's difficulty stands nowhere in ``order``, or the table lacks a problem.
    """
    if not 0 < stages <= len(suite):
        raise InvalidProblemError(f"{suite!r} cannot be divided into {stages} stages; expected 1 to {len(suite)}.")
    numbers = [_hardness(problem, hardness, order) for problem in suite]
    # Sorting is stable: problems of equal difficulty stay in the order of the suite.
    by_hardness = sorted(range(len(suite)), key=numbers.__getitem__)
    # Rounded ends keep the parts within one problem of the same size.
    ends = [round(len(by_hardness) * (index + 1) / stages) for index in range(stages)]
    starts = [0] * stages if cumulative else [0, *ends[:-1]]
    return tuple(suite.at(sorted(by_hardness[start:end])) for start, end in zip(starts, ends, strict=True))


def _hardness(
    problem: Problem, hardness: Callable[[Problem], float] | Mapping[str, float] | None, order: Sequence[str]
) -> float:
    if isinstance(hardness, Mapping):
        if problem.task_id not in hardness:
            raise UnknownNameError("task in the table of hardness", problem.task_id, hardness)
        return hardness[problem.task_id]
    if hardness is not None:
        return hardness(problem)
    difficulty = (problem.difficulty or "").lower()
    if difficulty in order:
        return order.index(difficulty)
    try:
        # Codeforces grades by numbers, such as 1400.
        return float(difficulty)
    except ValueError:
        raise UnknownNameError(f"difficulty of {problem.task_id}", problem.difficulty, order) from None
