"""``/dev/stdin`` and its like, where there is no ``/proc`` through which the kernel would offer them."""

from __future__ import annotations

import builtins
import io
import os
import re
from typing import Any

STANDARD_FILES = ("/dev/std", "/dev/fd/", "/proc/self/fd/")
"""How the paths begin; programs that name none are spared the detour."""
_NUMBERS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_BY_NUMBER = re.compile(r"(?:/dev/fd|/proc/self/fd)/(\d{1,4})")


def open_standard_files() -> None:
    """Makes ``open`` and ``os.open`` take these paths for the descriptors that they mean."""
    true_open, true_os_open = builtins.open, os.open

    def open_file(file: Any, *args: Any, **kwargs: Any) -> Any:
        number = _number(file)
        return true_open(file if number is None else os.dup(number), *args, **kwargs)

    def os_open(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        number = _number(path)
        return true_os_open(path, flags, *args, **kwargs) if number is None else os.dup(number)

    # ``pathlib`` takes the one of ``io``.
    builtins.open = io.open = open_file
    os.open = os_open


def _number(path: Any) -> int | None:
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    if not isinstance(path, str):
        return None
    found = _BY_NUMBER.fullmatch(path)
    return int(found[1]) if found is not None else _NUMBERS.get(path)
