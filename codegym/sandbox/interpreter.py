"""The interpreter that runs the programs: found, and asked what it is, before anything is judged with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import lru_cache

from codegym.errors import InfrastructureError

_OLDEST = (3, 11)
_ASK = "import sys; print(sys.implementation.name, *sys.version_info[:2])"
_ANSWER_SECONDS = 60
"""A starved machine takes its time to start a program."""


@lru_cache(maxsize=32)
def interpreter_path(python: str) -> str:
    """Returns where an interpreter lies: else every program would be told that the machine failed.

    Args:
        python: Its path, or its name on the ``PATH``.

    Raises:
        InfrastructureError: If it is not there, does not answer, or is no CPython 3.11 or newer.
    """
    path = shutil.which(python)
    if path is None:
        raise InfrastructureError(
            f"The interpreter {python!r} cannot be started: there is no such program. "
            f"Give the path of a CPython 3.11 or newer, or leave python out for {sys.executable}."
        )
    if python == sys.executable:
        return python
    answer = _answer(path)
    name, *version = answer.split() or [""]
    if name != "cpython" or tuple(map(int, version)) < _OLDEST:
        raise InfrastructureError(
            f"Programs need a CPython 3.11 or newer; {path}, asked what it is, said: {answer or 'nothing'}. "
            f"Give the path of one, or leave python out for {sys.executable}."
        )
    return path


def _answer(path: str) -> str:
    command = [path, "-I", "-S", "-c", _ASK]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_ANSWER_SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stdout or done.stderr).decode("utf-8", "replace").strip()[:200]
