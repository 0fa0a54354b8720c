"""The trusted side of one process of a server: what it says, what it has used up, and its end.

Nothing here waits for a program without a bound: a wait has a time, a write may be refused, and what a process says
is taken in as it comes, one message at a time.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from codegym.sandbox.guest.channel import STARTED, Mailbox, MessageTooLong, frame
from codegym.sandbox.guest.codec import Codec
from codegym.sandbox.guest.refusal import CodecError

BEGIN_SECONDS = 60.0
"""A process that has not begun after this time never will."""
LOOK_SECONDS = 0.1
"""How long a process that has met a limit may take to say where it is stuck, all its bytes together."""
_REST_SECONDS = 0.02
"""The rest of an answer follows its beginning closely."""
_MOST_SAID = 65536
_READ_AT_ONCE = 2**18
_CREDENTIALS = 12  # pid, uid, gid: three ints
_QUIETLY = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
_ANCILLARY_BYTES = 64
_WAIT = struct.pack("ll", 0, 20_000)
"""One wait for a message, as the kernel's ``timeval``: 20 ms lie between two looks at the clock."""
_DRIBBLE_SECONDS = 0.001
"""Pause after bytes that complete no message: a program that writes one byte at a time would keep our thread busy."""


class ServerGone(Exception):  # noqa: N818  # it is an event, and no error of anybody's code
    """The server ended; whatever ran in it ended with it."""


class UnreadyError(Exception):
    """What the *problem* gives failed before there was anything of the program's to run."""


@dataclass(frozen=True)
class Report:
    """How a process ended, as its server saw it.

    Attributes:
        status: As from ``wait4``.
        cpu_seconds: User and system time of the process and of its children that it waited for.
        peak_memory_bytes: Largest resident size.
    """

    status: int
    cpu_seconds: float
    peak_memory_bytes: int


class Owner(Protocol):
    """What a process needs of the server that forked it."""

    control: socket.socket

    def report(self) -> tuple[int, Report]:
        """Reads the report about one process: its number, and how it ended."""

    def order(self, order: str, number: int) -> None:
        """Sends an order about one process."""


class Process:
    """One process of a server, from start to report.

    Attributes:
        number: Its number in the server's count.
        report: How it ended; None while it runs.
        pid: Its process id as the kernel names it here; 0 until it has begun.
        started: Whether the program's own code may have begun.
        open: Whether it can still say something.
    """

    def __init__(self, server: Owner, number: int, channel: socket.socket, limit: int) -> None:
        self.server, self.number, self.channel = server, number, channel
        self.report: Report | None = None
        self.pid = 0
        self.started = False
        self.open = True
        self.was_killed = False
        self._mailbox = Mailbox(limit)
        self._messages: list[bytes] = []
        self._kept_waiting: dict[str, float] = {}
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _WAIT)

    # -- what it says --------------------------------------------------------------------------------------------------

    def receive(self, flags: int = 0) -> bytes | None:
        """Returns the next message, None if none has come within a few hundredths of a second.

        Whether one can still come, ``open`` tells.

        Args:
            flags: ``MSG_DONTWAIT`` looks only for what is there.

        Raises:
            CodecError: If it wrote what no harness writes.
            UnreadyError: If the problem's own code failed before there was any of the program's.
        """
        if not self._messages and self.open:
            self._read(flags | socket.MSG_CMSG_CLOEXEC)
        return self._messages.pop(0) if self._messages else None

    @property
    def has_more(self) -> bool:
        """Whether it has said more than was taken: more than it was asked."""
        return bool(self._messages or self._mailbox.rest)

    def send(self, payload: bytes, sent: int = 0, seconds: float = 0.0) -> int:
        """Writes a message, or what is left of it, as far as the process takes it in.

        Args:
            payload: The message.
            sent: Bytes that an earlier call has written.
            seconds: How long to wait for room.

        Returns:
            Bytes written by now; -1 once nothing is left to write, or nobody reads any more.
        """
        data = memoryview(frame(payload))[sent:]
        try:
            if seconds:
                select.select([], [self.channel], [], seconds)
            sent_now = self.channel.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return sent
        except OSError:  # it has ended, or has closed its channel: reading finds out which
            return -1
        return -1 if sent_now == len(data) else sent + sent_now

    def _read(self, flags: int = socket.MSG_CMSG_CLOEXEC) -> None:
        try:
            data, ancillary, _, _ = self.channel.recvmsg(_READ_AT_ONCE, _ANCILLARY_BYTES, flags)
        except BlockingIOError:
            return
        except OSError:
            data, ancillary = b"", []
        self._look_at(ancillary)
        if not data:
            self.open = False
            return
        try:
            self._messages += self._mailbox.feed(data)
        except MessageTooLong as error:
            self.open = False
            raise CodecError(str(error)) from None
        if not self.started and self._messages:
            self._begin(self._messages.pop(0))
        elif not self._messages:
            time.sleep(_DRIBBLE_SECONDS)

    def _begin(self, message: bytes) -> None:
        """Takes the first message, which is the harness's own: none of the program's code has run yet."""
        self.started = True
        if message != STARTED:
            name, text = Codec().decode(message)
            raise UnreadyError(f"the problem's context does not run: {name}: {text}")

    def _look_at(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        """Notes who sends; closes descriptors that a program sends along: they would pile up in our process."""
        for _, kind, content in ancillary:
            if kind == socket.SCM_CREDENTIALS and len(content) >= _CREDENTIALS:
                self.pid = self.pid or int.from_bytes(content[:4], "little", signed=True)
            elif kind == socket.SCM_RIGHTS:
                for start in range(0, len(content) - len(content) % 4, 4):
                    os.close(int.from_bytes(content[start : start + 4], "little"))

    # -- what it has used up -------------------------------------------------------------------------------------------

    def cpu_seconds(self) -> float:
        """CPU time so far, from the kernel's clock of the process."""
        if self.report is not None:
            return self.report.cpu_seconds
        if not self.pid:
            return 0.0
        try:
            return time.clock_gettime((~self.pid << 3) | 2)
        except OSError:  # it has ended, and its server has waited for it: the report is on its way
            return self.await_report(BEGIN_SECONDS).cpu_seconds

    def seconds_kept_waiting(self) -> dict[str, float]:
        """Seconds that each of its threads was ready to run and had no processor, as far as the kernel tells.

        A thread that has ended keeps what it was last seen to have waited.
        """
        for thread, told in self._told_of_threads("schedstat"):
            self._kept_waiting[thread] = int(told.split()[1]) / 1e9
        return dict(self._kept_waiting)

    def is_ready(self) -> bool:
        """Whether one of its threads runs, or would if it had a processor."""
        return any(told.rpartition(b") ")[2][:1] == b"R" for _, told in self._told_of_threads("stat"))

    def _told_of_threads(self, what: str) -> Iterator[tuple[str, bytes]]:
        """What the kernel tells of each thread; one that ends meanwhile is left out."""
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{self.pid}/task"):
                with contextlib.suppress(OSError), open(f"/proc/{self.pid}/task/{thread}/{what}", "rb") as told:
                    yield thread, told.read()

    # -- its end -------------------------------------------------------------------------------------------------------

    def wait(self, seconds: float, also: tuple[int, ...] = ()) -> bool:
        """Waits until the process has ended, something can be read from one of ``also``, or the time is over.

        Returns:
            Whether the process has ended.

        Raises:
            ServerGone: If the server ended, or the process ended before the program's code began.
        """
        if self.report is not None:
            return True
        poll = select.poll()
        control = self.server.control.fileno()
        for fd in (control, *also):
            poll.register(fd, select.POLLIN)
        if any(fd == control for fd, _ in poll.poll(max(0.0, seconds) * 1000)):
            self._read_report()
        return self.report is not None

    def await_report(self, seconds: float) -> Report:
        """Returns how the process ended.

        Raises:
            ServerGone: If the server does not say so in time.
        """
        deadline = time.monotonic() + seconds
        while self.report is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ServerGone("the server does not report")
            self.wait(left)
        return self.report

    def _read_report(self) -> None:
        number, report = self.server.report()
        if number != self.number:
            return
        self.report = report  # first of all: it comes only once
        while not self.started and self.open:
            with contextlib.suppress(CodecError):
                self._read(_QUIETLY)
                if not self._messages and not self.started:
                    break
        if not self.started:
            raise ServerGone(f"a process ended before its program began (status {report.status})")

    def kill(self) -> Report:
        """Kills the process, if it still runs, and returns how it ended.

        Raises:
            ServerGone: If the server ended, or the process never began.
        """
        deadline = time.monotonic() + BEGIN_SECONDS
        while self.open and not self.started and self.report is None:
            # A process killed before it has taken its job would leave that to the next one.
            if time.monotonic() > deadline:
                raise ServerGone("a process did not begin")
            self._read()
        if self.report is None:
            self.server.order("kill", self.number)
            self.was_killed = True
        return self.await_report(BEGIN_SECONDS)

    @property
    def fell_from_outside(self) -> bool:
        """Whether somebody else killed it: the kernel, where memory ran out, or a person.

        A program cannot do that to itself, except by a smaller limit on its own CPU time, of a second at least.
        """
        report = self.report
        is_killed = (
            report is not None and os.WIFSIGNALED(report.status) and os.WTERMSIG(report.status) == signal.SIGKILL
        )
        return is_killed and not self.was_killed and report is not None and report.cpu_seconds < _LEAST_CPU_LIMIT

    def where(self) -> bytes:
        """Asks a stuck process for its place and returns what it says: data for people, never trusted or waited for."""
        deadline = time.monotonic() + LOOK_SECONDS
        self.server.order("where", self.number)
        said = bytes(self._mailbox.rest)
        self.channel.setblocking(False)
        pause = LOOK_SECONDS
        while len(said) <= _MOST_SAID and (left := deadline - time.monotonic()) > 0:
            if not select.select([self.channel], [], [], min(left, pause))[0]:
                break
            try:
                more = self.channel.recv(_MOST_SAID)
            except OSError:
                break
            if not more:
                break
            said, pause = said + more, _REST_SECONDS
        return said

    def finish(self) -> Report:
        """Kills the process, if it still runs, gives its channel back, and returns how it ended."""
        try:
            return self.kill()
        finally:
            self.channel.close()


_LEAST_CPU_LIMIT = 0.5
"""The kernel counts ``RLIMIT_CPU`` in whole seconds, and by its ticks, which on a busy machine lie far from what it
reports: 0.82 s were seen."""
