"""One suite from several, each with its share."""

from __future__ import annotations

import random
from collections.abc import Sequence

from codegym.errors import InvalidProblemError
from codegym.problem import Problem
from envs_registry.suite import Suite


def mix(
    parts: Sequence[tuple[Suite, float]], *, size: int | None = None, seed: int = 0, name: str = "mixture"
) -> Suite:
    """Returns a suite in which each part has its share, drawn without repetition and shuffled.

    Args:
        parts: The suites and their weights. A weight is a share of the mixture's *problems*, not of the suite's.
        size: How many problems; None takes as many as the shares allow before one part runs out.
        seed: Where chance starts; the same seed gives the same mixture.
        name: The mixture's name.

    Raises:
        InvalidProblemError: If there is no part, a weight is not above zero, or a part has too few problems.
        DataError: If two parts hold the same task id.
    """
    if not parts or any(weight <= 0 for _, weight in parts):
        raise InvalidProblemError(f"A mixture needs parts with weights above zero, got {list(parts)!r}.")
    total = sum(weight for _, weight in parts)
    shares = [weight / total for _, weight in parts]
    if size is None:
        size = min(int(len(suite) / share) for (suite, _), share in zip(parts, shares, strict=True))
    counts = _rounded([size * share for share in shares], size)
    generator = random.Random(seed)
    problems: list[Problem] = []
    for (suite, _), count in zip(parts, counts, strict=True):
        if count > len(suite):
            raise InvalidProblemError(f"{suite!r} has too few problems: its share of {size} is {count}. Lower size.")
        problems += [suite[index] for index in generator.sample(range(len(suite)), count)]
    generator.shuffle(problems)
    known_bad = {task_id: why for suite, _ in parts for task_id, why in suite.known_bad.items()}
    packages = dict.fromkeys(package for suite, _ in parts for package in suite.packages)
    origin = " + ".join(f"{suite.name}:{suite.split}" for suite, _ in parts)
    return Suite(name, "all", problems, origin=origin, known_bad=known_bad, packages=tuple(packages))


def _rounded(wanted: list[float], total: int) -> list[int]:
    """Whole numbers near those that are wanted, with the right sum: the largest remainders are rounded up."""
    counts = [int(number) for number in wanted]
    by_remainder = sorted(range(len(wanted)), key=lambda index: counts[index] - wanted[index])
    for index in by_remainder[: total - sum(counts)]:
        counts[index] += 1
    return counts
