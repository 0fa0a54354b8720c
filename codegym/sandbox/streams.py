"""Standard-input tests: the program as ``__main__`` in a fresh process, text in, text out, both bounded."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from codegym.sandbox.conversation import end_of, over_the_limit
from codegym.sandbox.execution import Observation, Status
from codegym.sandbox.exit_status import raised, stuck
from codegym.sandbox.guest.codec import Codec
from codegym.sandbox.guest.refusal import CodecError
from codegym.sandbox.job import RunAction
from codegym.sandbox.process import Process
from codegym.sandbox.run import Clock, Run

_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
_ERROR_BYTES = 65536
_ERRORS_READ = 64
"""Standard error may be this many times as long as the output: people debug with it, and it decides nothing."""
_READS_AT_ONCE = 16
_QUIET_SECONDS = 0.005
"""Seconds in which printed text is left in the pipe: most programs are over by then."""
_DRIBBLE_SECONDS = 0.001


def run_streams(run: Run, actions: Mapping[int, RunAction]) -> None:
    """Observes the program on each standard input: a process each, unless there is nothing that could read one.

    A program that does not compile does so before it could read anything: one process tells for all.
    """
    broken: Observation | None = None
    for index, action in actions.items():
        if run.stopped:
            return
        seen = broken or _run_stream(run, action)
        if broken is None and seen.failure is not None and seen.failure.loading:
            broken = replace(seen, cpu_seconds=0.0, wall_seconds=0.0, peak_memory_bytes=0)
        run.observe(index, seen)


def _run_stream(run: Run, action: RunAction) -> Observation:
    if run.budget_is_spent:
        return Observation(status=Status.BUDGET)
    with ExitStack() as ours:
        with ExitStack() as theirs:
            stdin = _sealed(action.payload)
            theirs.callback(os.close, stdin)
            out_write, out = _pipe(ours, theirs, int(run.job.limits.output_bytes), run.job.limits.output_bytes)
            err_write, err = _pipe(ours, theirs, _ERROR_BYTES, _ERRORS_READ * run.job.limits.output_bytes)
            process = run.server("program").start("run", run.request(), run.rlimits(), [stdin, out_write, err_write])
        clock = Clock(run, process)
        try:
            observation = _follow(run, process, clock, out, err)
            _, wall = clock.charge()
        finally:
            clock.close()
    assert process.report is not None
    return replace(
        observation,
        stdout=out.text(),
        stderr=err.text(),
        cpu_seconds=process.report.cpu_seconds,
        wall_seconds=wall,
        peak_memory_bytes=process.report.peak_memory_bytes,
    )


def _pipe(ours: ExitStack, theirs: ExitStack, kept: int, most: float) -> tuple[int, _Output]:
    """Returns the end of a new pipe that the program writes to, and the reader of the other."""
    reader, writer = os.pipe()
    ours.callback(os.close, reader)
    theirs.callback(os.close, writer)
    return writer, _Output(reader, kept, int(most))


def _sealed(content: bytes) -> int:
    """Returns a descriptor of a file in memory that nobody can change or grow."""
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    return fd


class _Output:
    """A pipe that is read as it fills, kept up to one size, and refused beyond another.

    Args:
        fd: Descriptor of the pipe's reading end.
        kept: Bytes that are kept; what goes beyond is read, too, and forgotten.
        most: Bytes that a program may write at all: reading for ever would cost us as much as it costs the program.
    """

    def __init__(self, fd: int, kept: int, most: int) -> None:
        self.fd, self.room, self.most = fd, kept, most
        self.content = bytearray()
        self.read = 0
        self.open = True
        os.set_blocking(fd, False)

    @property
    def exceeded(self) -> bool:
        return self.read > self.most

    def drain(self) -> None:
        for _ in range(_READS_AT_ONCE):  # more than a pipe holds; a program may write for ever
            try:
                data = os.read(self.fd, 2**18) if self.open else b""
            except BlockingIOError:
                return
            if not data:
                self.open = False
                return
            self.read += len(data)
            self.content += data[: self.room - len(self.content)]

    def text(self) -> str:
        return self.content.decode("utf-8", "replace")


def _follow(run: Run, process: Process, clock: Clock, out: _Output, err: _Output) -> Observation:
    failure: list[Any] | None = None
    process.wait(_QUIET_SECONDS)
    while True:
        is_over = process.report is not None
        out.drain()
        err.drain()
        try:
            while (said := process.receive(socket.MSG_DONTWAIT)) is not None:
                if failure is not None:
                    raise CodecError("more messages than the harness writes")
                failure = _decoded(said)
        except CodecError as error:
            return Observation(status=Status.TAMPERED, detail=str(error)[:200])
        if out.exceeded or err.exceeded:
            return stuck(process, Status.OUTPUT, run.job.source, loading=False)
        if is_over:
            return _outcome(end_of(process), failure)
        if (observation := over_the_limit(run, clock)) is not None:
            return observation
        if process.wait(clock.tick(), _readable(process, out, err)):
            continue
        time.sleep(_DRIBBLE_SECONDS)  # a program that writes byte by byte would keep this thread busy


def _readable(process: Process, *pipes: _Output) -> tuple[int, ...]:
    """Returns what to wait for; before the program begins its channel, too, as its time begins with that."""
    channel = () if process.started else (process.channel.fileno(),)
    return (*channel, *(pipe.fd for pipe in pipes if pipe.open))


def _decoded(payload: bytes) -> list[Any]:
    message = Codec().decode(payload)
    if type(message) is not list:
        raise CodecError("a message is a list with a name")
    return message


def _outcome(end: Observation, message: list[Any] | None) -> Observation:
    if message is not None:
        try:
            kind, failure = message
            if kind != "failed":
                raise CodecError("not what the harness writes")
            return raised(failure)
        except (ValueError, CodecError) as error:
            return Observation(status=Status.TAMPERED, detail=str(error)[:200])
    if end.status is Status.EXITED and end.detail == "exit code 0":
        return replace(end, status=Status.OK, detail="")
    return end
