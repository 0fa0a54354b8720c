"""How likely each program and each test is right, from a small model of who passes what."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_MOST_STEPS = 200
_SETTLED = 1e-6
_PRIOR_PROGRAM = (1.0, 2.0)
"""Beta counts of right and wrong programs, seen before any program: models are wrong more often than right."""
_PRIOR_TEST = (2.0, 1.0)
_PRIOR_PASS = np.array([[[1.0, 1.0], [1.0, 1.0]], [[1.0, 9.0], [99.0, 1.0]]])
"""Beta counts of passes and failures, ``[program is right, test is right]``: a right program passes nearly every right
test and hardly any wrong one; of wrong programs nothing is assumed."""


def reliability(link: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Estimates by expectation-maximisation with a mean field that every program and every test is right or wrong.

    A cell is passed with a probability that depends on the two only. With ``z`` and ``t`` the probabilities that
    program and test are right, and ``p[a, b]`` the probability that a program of kind ``a`` passes a test of kind
    ``b`` (the mean of its Beta distribution), each step computes::

        log-odds z_i = log-odds(programs) + sum_j sum_b t_j(b) (log p(L_ij | 1, b) - log p(L_ij | 0, b))

    the same for tests, and the Beta distributions from the expected counts. It starts from the share of tests that a
    program passes.

    Args:
        link: ``[programs, tests]`` of zeros and ones, at least one of each.

    Returns:
        The probabilities that each program ``[programs]`` and each test ``[tests]`` is right.
    """
    right, valid = link.mean(axis=1), link.mean(axis=0)
    for _ in range(_MOST_STEPS):
        passes = _pass_rates(link, right, valid)
        new_right = _posterior(link, valid, passes, _log_odds(_PRIOR_PROGRAM, right))
        new_valid = _posterior(link.T, new_right, passes.T, _log_odds(_PRIOR_TEST, valid))
        moved = max(np.abs(new_right - right).max(initial=0), np.abs(new_valid - valid).max(initial=0))
        right, valid = new_right, new_valid
        if moved < _SETTLED:
            break
    return right, valid


def _pass_rates(link: FloatArray, right: FloatArray, valid: FloatArray) -> FloatArray:
    """``[2, 2]``: the probability of a pass for each kind of program and test."""
    programs, tests = np.stack([1 - right, right]), np.stack([1 - valid, valid])
    passed = programs @ link @ tests.T
    failed = programs @ (1 - link) @ tests.T
    passed, failed = passed + _PRIOR_PASS[..., 0], failed + _PRIOR_PASS[..., 1]
    return np.asarray(passed / (passed + failed))


def _log_odds(prior: tuple[float, float], probabilities: FloatArray) -> float:
    right = prior[0] + probabilities.sum()
    wrong = prior[1] + (1 - probabilities).sum()
    return float(np.log(right / wrong))


def _posterior(link: FloatArray, others: FloatArray, passes: FloatArray, prior: float) -> FloatArray:
    gain = np.log(passes[1]) - np.log(passes[0])  # [2]: of a pass, by the other side's kind
    loss = np.log(1 - passes[1]) - np.log(1 - passes[0])
    weights = np.stack([1 - others, others])
    odds = prior + link @ (gain @ weights) + (1 - link) @ (loss @ weights)
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))
