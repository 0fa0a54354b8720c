"""pass@k: the chance that at least one of k samples passes, estimated without bias from n samples of which c passed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pass_at_k(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> Any:
    """Estimates ``1 - C(n - c, k) / C(n, k)``, the unbiased estimator of Chen et al. (2021), equation 1.

    It is the share of all k-subsets of the n samples that hold at least one of the c passing ones, computed as a
    product of k factors, so that no binomial overflows.

    Args:
        n: Samples a problem; a number or an array, broadcast against the others.
        c: How many of them passed.
        k: How many a user would draw, between 1 and n.

    Returns:
        A float for numbers, else a float64 array of the broadcast shape.

    Raises:
        ValueError: If not ``0 <= c <= n`` and ``1 <= k <= n`` everywhere.
    """
    drawn, passed, wanted = np.broadcast_arrays(*(_integers(name, x) for name, x in (("n", n), ("c", c), ("k", k))))
    if ((passed < 0) | (passed > drawn)).any():
        raise ValueError(f"pass_at_k needs 0 <= c <= n, got n = {n!r} and c = {c!r}.")
    if ((wanted < 1) | (wanted > drawn)).any():
        raise ValueError(
            f"pass_at_k needs 1 <= k <= n, got n = {n!r} and k = {k!r}: draw at least k samples a problem."
        )
    # A product of k factors (n - c - i) / (n - i): C(200, 100) has 59 digits, each factor is at most 1.
    draw = np.arange(wanted.max(initial=0))
    left = drawn[..., None] - draw
    missed = np.clip(left - passed[..., None], 0, None) / np.clip(left, 1, None)
    estimate = 1.0 - np.where(draw < wanted[..., None], missed, 1.0).prod(axis=-1)
    return float(estimate) if estimate.ndim == 0 else estimate


def _integers(name: str, values: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.integer) and not (array == np.floor(array)).all():
        raise ValueError(f"pass_at_k needs whole numbers for {name}, got {values!r}.")
    return array.astype(np.int64)
