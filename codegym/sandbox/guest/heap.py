"""What makes a fork of the server cheap: a child pays for each page that it is the first to touch.

So the server does beforehand, once, whatever children have in common, and closes the holes in its heap, so that what a
child allocates lies close together.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable
from typing import Any

_MODULES = (
    "abc",
    "ast",
    "bisect",
    "collections",
    "collections.abc",
    "contextlib",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "heapq",
    "io",
    "itertools",
    "json",
    "math",
    "operator",
    "os",
    "random",
    "re",
    "statistics",
    "string",
    "struct",
    "sys",
    "threading",
    "time",
    "types",
    "typing",
)
"""What programs import most; each saves those that do milliseconds, and costs every fork some microseconds."""
_HOLES = 1000
_POOL, _POOL_HEADER = 2**14, 48
_SMALL, _LARGE = range(48, 513, 16), (2**15, 2**14, 2**13, 2**12, 2**11, 1536, *range(1040, 512, -16))
_BYTES_HEADER = 33


def preload(names: Iterable[str] = _MODULES, may_fork: bool = False) -> None:
    """Imports modules.

    Args:
        names: Which.
        may_fork: Whether programs may fork. If not, what ``random`` and ``threading`` would do in every child (seed
            anew, forget threads that there are not) is left out.
    """
    register = os.register_at_fork
    if not may_fork:
        os.register_at_fork = lambda **_: None
    try:
        for name in names:
            __import__(name)
    finally:
        os.register_at_fork = register


def fill_holes() -> list[Any]:
    """Fills what is free between the objects on the heap, so that children start on fresh pages.

    Returns:
        What fills it: to be kept.
    """
    gc.collect()
    kept: list[Any] = []
    highest = 0
    for size in _LARGE:
        for _ in range(_HOLES):
            kept.append(bytes(size - _BYTES_HEADER))
            if id(kept[-1]) > highest:
                highest = id(kept[-1])
                break
    _fill_pools(kept, [[0.5 + number for number in range(_HOLES)]])
    for size in _SMALL:
        _fill_pools(kept, (bytes(size - _BYTES_HEADER) for _ in range(_HOLES)))
    gc.collect()
    gc.freeze()
    return kept


def _fill_pools(kept: list[Any], objects: Iterable[Any]) -> None:
    """Keeps objects of one size up to the first one in a fresh pool."""
    for thing in objects:
        kept.append(thing)
        if id(thing) % _POOL == _POOL_HEADER:
            return
