"""One suite from several, each with its share."""

from __future__ import annotations

import random
from collections import ChainMap
from collections.abc import Sequence
from itertools import chain

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
        seed: Random seed; the same seed gives the same mixture.
        name: The mixture's name.

    Raises:
        InvalidProblemError: If there is no part, a weight is not above zero, or a part has too few problems.
        DataError: If two parts hold the same task id.
    """
    if not parts or any(weight <= 0 for _, weight in parts):
        raise InvalidProblemError(f"A mixture needs parts with weights above zero, got {list(parts)!r}.")
    suites = [suite for suite, _ in parts]
    problems = _drawn(suites, _counts(parts, size), random.Random(seed))
    return Suite(
        name,
        "all",
        problems,
        origin=" + ".join(f"{suite.name}:{suite.split}" for suite in suites),
        known_bad=dict(ChainMap(*(suite.known_bad for suite in suites))),
        packages=tuple(dict.fromkeys(chain.from_iterable(suite.packages for suite in suites))),
    )


def _counts(parts: Sequence[tuple[Suite, float]], size: int | None) -> list[int]:
    """How many problems each part gives."""
    total = sum(weight for _, weight in parts)
    shares = [weight / total for _, weight in parts]
    if size is None:
        # The part that runs out first bounds the whole.
        size = min(int(len(suite) / share) for (suite, _), share in zip(parts, shares, strict=True))
    return _rounded([size * share for share in shares], size)


def _drawn(suites: Sequence[Suite], counts: Sequence[int], generator: random.Random) -> list[Problem]:
    problems: list[Problem] = []
    for suite, count in zip(suites, counts, strict=True):
        if count > len(suite):
            raise InvalidProblemError(
                f"{suite!r} has too few problems: its share of {sum(counts)} is {count}. Lower size."
            )
        problems += [suite[index] for index in generator.sample(range(len(suite)), count)]
    generator.shuffle(problems)
    return problems


def _rounded(wanted: list[float], total: int) -> list[int]:
    """Whole numbers near those that are wanted, with the right sum: the largest remainders are rounded up."""
    counts = [int(number) for number in wanted]
    # Rounding each share down leaves a few problems over; the largest remainders get them.
    by_remainder = sorted(range(len(wanted)), key=lambda index: counts[index] - wanted[index])
    for index in by_remainder[: total - sum(counts)]:
        counts[index] += 1
    return counts
