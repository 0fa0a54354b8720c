"""The inside of the bare fork: reads a program, forks, runs it, says how it ended. No protection of any kind."""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import resource
import struct
import sys

_WARM = (
    "abc",
    "collections",
    "copy",
    "functools",
    "heapq",
    "itertools",
    "json",
    "math",
    "random",
    "re",
    "string",
    "typing",
)


def _run(source: bytes, seconds: float) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), math.ceil(seconds)))
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    try:
        exec(compile(source, "<program>", "exec"), {"__name__": "__main__"})
    except BaseException:
        return 1
    return 0


def _read(count: int) -> bytes:
    data = b""
    while len(data) < count:
        if not (more := os.read(0, count - len(data))):
            sys.exit(0)
        data += more
    return data


def main(seconds: float) -> None:
    """Serves until standard input ends."""
    for name in _WARM:
        importlib.import_module(name)
    with contextlib.suppress(ValueError):
        exec(compile("def f():\n    raise ValueError\nf()", "<warm>", "exec"), {})
    while True:
        source = _read(struct.unpack("<I", _read(4))[0])
        child = os.fork()
        if child == 0:
            os._exit(_run(source, seconds))
        _, status = os.waitpid(child, 0)
        os.write(1, b"\0" if status == 0 else b"\1")


if __name__ == "__main__":
    main(float(sys.argv[1]))
