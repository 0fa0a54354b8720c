"""What passes between the judge and one process: a question, its answer, and one deadline for both."""

from __future__ import annotations

import os
import signal
from typing import Any

from codegym.sandbox.execution import Observation, Status
from codegym.sandbox.exit_status import ended, stuck
from codegym.sandbox.guest.codec import Codec
from codegym.sandbox.guest.refusal import CodecError
from codegym.sandbox.process import Process, ServerGone
from codegym.sandbox.run import Clock, Run

_CODEC = Codec()
_LONG = 4096
_GRACE_SECONDS = 0.05
"""Between a channel's end and the report of its process lies the process's end, if that is why."""


def next_message(run: Run, process: Process, *clocks: Clock, is_loading: bool = False) -> list[Any] | Observation:
    """Returns the next message of a process, or the observation that there will be none.

    Args:
        run: The job.
        process: Whose message.
        clocks: The program's first, then those of other processes that take part.
        is_loading: Whether the program is still being loaded.

    Raises:
        ServerGone: If the machine failed.
    """
    while True:
        try:
            payload = process.receive()
            if payload is not None:
                return _decoded(run, payload)
        except CodecError as error:
            return Observation(status=Status.TAMPERED, detail=str(error)[:200])
        if not process.open:
            return end_of(process)
        if (observation := over_the_limit(run, *clocks, is_loading=is_loading)) is not None:
            return observation


def _decoded(run: Run, payload: bytes) -> list[Any] | Observation:
    message = _CODEC.decode(payload)
    if type(message) is not list or not message:
        raise CodecError("a message is a list with a name")
    if len(payload) > _LONG and run.asks_too_much:
        return Observation(status=Status.OUTPUT, detail="its answers take too long to read")
    return message


def send(run: Run, process: Process, payload: bytes, *clocks: Clock) -> Observation | None:
    """Writes a message; returns the observation of a process that does not read it in its time, else None."""
    sent = process.send(payload)
    while sent >= 0:
        if (observation := over_the_limit(run, *clocks)) is not None:
            return observation
        sent = process.send(payload, sent, clocks[0].tick())
    return None


def over_the_limit(run: Run, *clocks: Clock, is_loading: bool = False) -> Observation | None:
    """Returns the observation of a process that has met a limit, with the place where the program was stuck."""
    for clock in clocks:
        if (status := clock.exceeded()) is not None:
            return stuck(clocks[0].process, status, run.job.source, is_loading)
    return None


def end_of(process: Process) -> Observation:
    """Returns what it means that a process has closed its channel: that it has ended, as a rule; it is ended if not.

    Raises:
        ServerGone: If the machine failed, or killed it.
    """
    process.wait(_GRACE_SECONDS)
    report = process.kill()
    if process.fell_from_outside:
        raise ServerGone("a process was killed from outside: the machine may be short of memory")
    if process.was_killed and os.WIFSIGNALED(report.status) and os.WTERMSIG(report.status) == signal.SIGKILL:
        return Observation(status=Status.EXITED, detail="closed the channel on which its answers travel")
    return ended(report)
