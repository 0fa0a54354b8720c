"""Memory that ran out: the same thing under three names, of Python, of a GPU and of PyTorch on the processor."""

from __future__ import annotations

import sys

_ON_THE_PROCESSOR = "DefaultCPUAllocator: "
"""PyTorch has no class of its own for this: it is a ``RuntimeError`` that begins like this, after the line of C++."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; asked so that nobody has to import torch for it."""
    torch = sys.modules.get("torch")
    kinds = (MemoryError,) if torch is None else (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, kinds) or (isinstance(error, RuntimeError) and _ON_THE_PROCESSOR in str(error))
