"""Standard-input tests: the program as ``__main__`` in a fresh process, text in, text out, both bounded."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from codegym.sandbox.execution import Observation, Status
from codegym.sandbox.exit_status import ended, raised, stuck
from codegym.sandbox.guest.refusal import CodecError
from codegym.sandbox.job import RunAction
from codegym.sandbox.run import QUIET_SECONDS, Clock, Run
from codegym.sandbox.server import Process

_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
_ERROR_BYTES = 65536
_READS_AT_ONCE = 16


def run_streams(run: Run, actions: Mapping[int, RunAction]) -> None:
    """Observes the program on each standard input: a process each, unless there is nothing that could read one.

    A program that does not compile does so before it could read anything: one process tells for all.
    """
    broken: Observation | None = None
    for index, action in actions.items():
        run.observed[index] = seen = broken or _run_stream(run, action)
        if broken is None and seen.failure is not None and seen.failure.loading:
            broken = replace(seen, cpu_seconds=0.0, wall_seconds=0.0, peak_memory_bytes=0)


def _run_stream(run: Run, action: RunAction) -> Observation:
    if run.budget_is_spent:
        return Observation(status=Status.BUDGET)
    stdin = _sealed(action.payload)
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    try:
        server = run.server("program")
        process = server.start("run", run.request(), run.rlimits(), [stdin, out_write, err_write])
    except BaseException:
        os.close(out_read)
        os.close(err_read)
        raise
    finally:
        for fd in (stdin, out_write, err_write):
            os.close(fd)
    out = _Output(out_read, int(run.job.limits.output_bytes))
    err = _Output(err_read, _ERROR_BYTES)
    clock = Clock(run, process)
    try:
        observation = _follow(run, process, clock, out, err)
    finally:
        wall = clock.elapsed()[1]
        out.close()
        err.close()
        report = process.finish()
        run.spent += report.cpu_seconds
    return replace(
        observation,
        stdout=out.text(),
        stderr=err.text(),
        cpu_seconds=report.cpu_seconds,
        wall_seconds=wall,
        peak_memory_bytes=report.peak_memory_bytes,
    )


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
    """A pipe that is read as it fills, and kept up to a limit; what goes beyond is read, too, and forgotten."""

    def __init__(self, fd: int, limit: int) -> None:
        self.fd, self.limit = fd, limit
        self.kept = bytearray()
        self.exceeded = False
        self.open = True
        os.set_blocking(fd, False)

    def drain(self) -> None:
        for _ in range(_READS_AT_ONCE):  # more than a pipe holds; a program may write for ever
            try:
                data = os.read(self.fd, 2**18) if self.open else b""
            except BlockingIOError:
                return
            if not data:
                self.open = False
                return
            self.exceeded = self.exceeded or len(self.kept) + len(data) > self.limit
            self.kept += data[: self.limit - len(self.kept)]

    def text(self) -> str:
        return self.kept.decode("utf-8", "replace")

    def close(self) -> None:
        os.close(self.fd)


def _follow(run: Run, process: Process, clock: Clock, out: _Output, err: _Output) -> Observation:
    messages: list[Any] = []
    process.wait(QUIET_SECONDS)
    while True:
        is_over = process.report is not None
        out.drain()
        err.drain()
        try:
            process.drain()
            messages += process.take()
            if len(messages) > 1:
                raise CodecError("more messages than the harness writes")
        except CodecError as error:
            return Observation(status=Status.TAMPERED, detail=str(error)[:200])
        if out.exceeded:
            return stuck(process, Status.OUTPUT, run.job.source, loading=False)
        if is_over:
            assert process.report is not None
            return _outcome(ended(process.report, run.job.limits), messages)
        if (status := clock.exceeded()) is not None:
            clock.charge(status)
            return stuck(process, status, run.job.source, loading=False)
        open_ends = [end.fd for end in (out, err) if end.open]
        process.wait(clock.tick(), open_ends)


def _outcome(end: Observation, messages: list[Any]) -> Observation:
    if messages:
        try:
            (kind, failure) = messages[0]
            if kind != "failed":
                raise CodecError("not what the harness writes")
            return raised(failure)
        except (ValueError, CodecError) as error:
            return Observation(status=Status.TAMPERED, detail=str(error)[:200])
    if end.status is Status.EXITED and end.detail == "exit code 0":
        return replace(end, status=Status.OK, detail="")
    return end
