"""Near duplicates among many texts, by MinHash: nobody is compared with everybody."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+|[^\w\s]")
_SHINGLE = 5
"""Words in a run."""
_BANDS, _ROWS = 32, 4
"""Two texts that share s of their runs meet in some band with probability 1 - (1 - s^4)^32: 0.48 at s = 0.38, 0.9999 at
0.7."""
_PRIME = (1 << 31) - 1


def near_duplicates(texts: Sequence[str], similarity: float = 0.7) -> list[int]:
    """Returns the places of texts that are nearly the same as an earlier text that is kept.

    Args:
        texts: In order of preference.
        similarity: The share of all their runs of five words that two texts must have in common (Jaccard's index).
            Candidates come from MinHash and are then compared exactly; below 0.4 some are missed.
    """
    runs = [_runs(text) for text in texts]
    shelves: list[defaultdict[bytes, list[int]]] = [defaultdict(list) for _ in range(_BANDS)]
    dropped = []
    for place, own in enumerate(runs):
        bands = _bands(own)
        met = {other for shelf, band in zip(shelves, bands, strict=True) for other in shelf[band]}
        if any(_jaccard(own, runs[other]) >= similarity for other in met):
            dropped.append(place)
            continue
        for shelf, band in zip(shelves, bands, strict=True):
            shelf[band].append(place)
    return dropped


def _runs(text: str) -> frozenset[int]:
    words = _WORD.findall(text)
    last = max(1, len(words) - _SHINGLE + 1)
    return frozenset(
        zlib.crc32(" ".join(words[start : start + _SHINGLE]).encode(errors="replace")) for start in range(last)
    )


def _permutations() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    rng = np.random.default_rng(0)
    factors = rng.integers(1, _PRIME, (_BANDS * _ROWS, 1), dtype=np.uint64)
    return factors, rng.integers(0, _PRIME, (_BANDS * _ROWS, 1), dtype=np.uint64)


_FACTORS, _SHIFTS = _permutations()


def _bands(runs: frozenset[int]) -> list[bytes]:
    """The smallest hash of a set under each of 128 hash functions, four by four."""
    values = np.fromiter(runs, dtype=np.uint64) % _PRIME
    smallest = ((values[None, :] * _FACTORS + _SHIFTS) % _PRIME).min(axis=1)
    return [row.tobytes() for row in smallest.reshape(_BANDS, _ROWS)]


def _jaccard(first: frozenset[int], second: frozenset[int]) -> float:
    return len(first & second) / len(first | second)
