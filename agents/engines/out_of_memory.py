"""Recognizes that memory ran out: Python, a GPU and PyTorch on a CPU each raise an error of their own."""

from __future__ import annotations

import sys

# Part of PyTorch's message on a CPU, where it raises a plain ``RuntimeError`` instead of a class of its own.
_CPU_ALLOCATOR = "DefaultCPUAllocator: "


def is_out_of_memory(error: BaseException) -> bool:
    """Returns whether an error says that memory ran out."""
    # Torch is looked up, not imported: the command line asks this of every error, also where torch is not needed.
    torch = sys.modules.get("torch")
    kinds = (MemoryError,) if torch is None else (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, kinds) or (isinstance(error, RuntimeError) and _CPU_ALLOCATOR in str(error))
