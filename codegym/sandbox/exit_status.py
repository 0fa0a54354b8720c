"""How a process ended, and failures, as records. Untrusted text is only data here."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import Any

from codegym.sandbox.execution import Failure, Observation, Place, Status
from codegym.sandbox.guest.program import OutputExceeded
from codegym.sandbox.guest.refusal import CodecError
from codegym.sandbox.process import Process, Report

_MAX_TEXT = 2000
_STUCK_LINE = re.compile(rb'File "<program>", line (\d{1,9}) in')
_STUCK_PLACE = re.compile(rb"\n@place (\[[0-9, ]{1,60}\])\n")
_LIMIT_SIGNALS = {signal.SIGXCPU: Status.CPU_TIMEOUT, signal.SIGXFSZ: Status.OUTPUT, signal.SIGKILL: Status.CPU_TIMEOUT}


def ended(report: Report) -> Observation:
    """Returns what a process's own end means, when it had not answered yet.

    For its CPU time the kernel kills it, where the judge is kept waiting; who is killed from outside is tried again.
    """
    if os.WIFSIGNALED(report.status):
        number = os.WTERMSIG(report.status)
        status = _LIMIT_SIGNALS.get(number, Status.CRASHED)  # type: ignore[call-overload]
        return Observation(status=status, detail=f"killed by {_signal_name(number)}")
    return Observation(status=Status.EXITED, detail=f"exit code {os.WEXITSTATUS(report.status)}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def raised(told: Any, **more: Any) -> Observation:
    """Returns the observation of an exception that the program's process told of."""
    failure = failure_of(told)
    if failure.exception == "SystemExit" or "SystemExit" in failure.bases:
        return Observation(status=Status.EXITED, failure=failure, detail=f"exit: {failure.message}"[:200], **more)
    if failure.exception == OutputExceeded.__name__ and failure.bases == ("BaseException",):
        return Observation(status=Status.OUTPUT, failure=failure, **more)
    status = Status.MEMORY if "MemoryError" in failure.bases else Status.RAISED
    return Observation(status=status, failure=failure, **more)


def failure_of(told: Any) -> Failure:
    """Returns an exception as a record.

    Raises:
        CodecError: If it is not of the expected form.
    """
    try:
        return Failure(
            exception=_text(told["exception"], 200),
            bases=tuple(_text(base, 100) for base in told["bases"][:20]),
            message=_text(told["message"], _MAX_TEXT),
            place=_place(told["place"]),
            frames=tuple(place for place in map(_place, told["frames"][:20]) if place is not None),
            loading=told["loading"] is True,
            signature_mismatch=told.get("signature_mismatch") is True,
        )
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise CodecError(f"not a failure: {error}") from None


def _text(value: Any, limit: int) -> str:
    if type(value) is not str:
        raise CodecError(f"expected a text, got {type(value).__name__}")
    return value[:limit]


def _place(numbers: Any) -> Place | None:
    if numbers is None:
        return None
    if type(numbers) is not list or len(numbers) != 4 or not all(type(n) is int and 0 <= n < 2**31 for n in numbers):
        raise CodecError("a place is four numbers")
    return Place(start_line=numbers[0], start_col=numbers[1], end_line=numbers[2], end_col=numbers[3])


def stuck(process: Process, status: Status, source: str, loading: bool) -> Observation:
    """Returns the observation of a process that has met a limit: it may say where it is, and is killed."""
    said = process.where()
    process.kill()
    failure = Failure(
        exception="TimeoutError", bases=("TimeoutError",), place=_stuck_place(said, source), loading=loading
    )
    return Observation(status=status, failure=failure)


def _stuck_place(said: bytes, source: str) -> Place | None:
    try:
        if exact := _STUCK_PLACE.search(said):
            return _place(json.loads(exact[1]))
        if line := _STUCK_LINE.search(said):
            number = int(line[1])
            text = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")[number - 1]
            start = len(text) - len(text.lstrip())
            return Place(start_line=number, start_col=start, end_line=number, end_col=len(text.rstrip()))
    except (CodecError, ValueError, IndexError):
        pass
    return None
