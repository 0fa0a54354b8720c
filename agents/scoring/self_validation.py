"""CodeDPO's self-validation: programs are credible that pass credible tests, and the other way round."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

# Raw scores grow geometrically. The update is linear, so both sides can be shrunk together before they overflow.
_RESCALE_ABOVE = 1e150


def self_validation(
    link: ArrayLike,
    damping: float = 0.85,
    iterations: int = 10,
    tests_first: bool = True,
    normalize: bool = True,
) -> tuple[FloatArray, FloatArray]:
    """Scores programs and tests by each other, as PageRank does with pages.

    With ``c`` a program, ``t`` a test and all scores 1 at first, each of the ``T`` iterations computes::

        Score(t) <- (1 - d) Score(t) + d * sum_c Score(c) Link(t, c)
        Score(c) <- (1 - d) Score(c) + d * sum_t Score(t) Link(t, c)

    The raw scores grow without bound and only their ranking converges (towards the leading singular vector of
    ``Link``), so margins between scores mean something only after normalisation.

    Args:
        link: ``[programs, tests]``; 1 where the program passes the test, else 0.
        damping: ``d`` in [0, 1].
        iterations: ``T``, 0 or more.
        tests_first: Programs read the tests' new scores, as in the paper. False updates both sides from the old scores.
        normalize: Divide each side by its maximum (a side of zeros stays as it is).

    Returns:
        The programs' scores ``[programs]`` and the tests' scores ``[tests]``, float64.

    Raises:
        ValueError: If ``link`` is not a matrix of finite numbers of at least zero, or another argument is out of range.
        OverflowError: If raw scores were asked for and leave the range of a float64.
    """
    matrix = check_link(link)
    if not 0.0 <= damping <= 1.0:
        raise ValueError(f"damping must lie in [0, 1], got {damping!r}.")
    if iterations < 0:
        raise ValueError(f"iterations must be 0 or more, got {iterations!r}.")
    programs, tests = np.ones(matrix.shape[0]), np.ones(matrix.shape[1])
    for _ in range(iterations):
        # The order matters: with tests first, credit of a program passes through its tests within one iteration.
        new_tests = (1 - damping) * tests + damping * (programs @ matrix)
        programs = (1 - damping) * programs + damping * (matrix @ (new_tests if tests_first else tests))
        tests = new_tests
        top = max(programs.max(initial=0.0), tests.max(initial=0.0))
        if top > _RESCALE_ABOVE:
            if not normalize:
                raise OverflowError("The raw scores leave the range of a float64. Use normalize=True.")
            programs, tests = programs / top, tests / top
    return (by_maximum(programs), by_maximum(tests)) if normalize else (programs, tests)


def check_link(link: ArrayLike) -> FloatArray:
    """Returns the link matrix as float64.

    Raises:
        ValueError: If it is not a matrix of finite numbers of at least zero.
    """
    matrix = np.asarray(link, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"link must be a matrix [programs, tests], got {matrix.ndim} dimensions.")
    if not np.isfinite(matrix).all() or (matrix < 0).any():
        raise ValueError("link must hold finite numbers of at least zero (1 = the program passes the test, 0 = not).")
    return matrix


def by_maximum(scores: FloatArray) -> FloatArray:
    """Returns the scores divided by their maximum; all zeros stay zeros."""
    top = scores.max(initial=0.0)
    return scores / top if top > 0 else scores
