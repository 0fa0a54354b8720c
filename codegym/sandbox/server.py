"""The trusted side of one fork server: start it, hand it a process to run, stop it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegym.errors import InfrastructureError
from codegym.sandbox.guest.arguments import LATER, SHORT, pack_request
from codegym.sandbox.guest.channel import REPORT, STARTED, Mailbox, MessageTooLong, frame
from codegym.sandbox.guest.codec import Codec
from codegym.sandbox.guest.refusal import CodecError

GUEST = Path(__file__).parent / "guest"
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "LD_BIND_NOW": "1"}
_NEEDED_TO_START = ("LD_LIBRARY_PATH",)
"""What an interpreter may need to start at all; programs do not see it."""
_START_SECONDS = 30.0
"""And as long again for each package: torch alone takes ten on a busy machine."""
BEGIN_SECONDS = 60.0
"""A process that has not begun after this time never will."""
_QUIETLY = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
_READ_AT_ONCE = 2**18
_MAX_SIZE_KB = 2**20
"""A server that has grown to this is replaced."""
_CODEC = Codec()
_FRAME = len(frame(b""))
_CREDENTIALS = 12  # pid, uid, gid: three ints


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


class ServerGone(Exception):  # noqa: N818
    """The server ended; whatever ran in it ended with it."""


@dataclass(frozen=True)
class ServerSettings:
    """How servers are started.

    Attributes:
        python: The interpreter that runs them.
        without: Names of layers to leave out.
        may_fork: Programs may fork and start other programs.
        packages: What programs may import beyond the standard library: pairs of the path where they see it and the
        path.
        preload: Modules to import before serving.
        work_bytes: Size of the folder in which programs may write.
    """

    python: str
    without: frozenset[str] = frozenset()
    may_fork: bool = False
    packages: tuple[tuple[str, str], ...] = ()
    preload: tuple[str, ...] = ()
    work_bytes: int = 64 * 2**20


class Server:
    """One fork server and the sockets to it; used by one thread at a time.

    Args:
        settings: How it is started.

    Attributes:
        layers: What it says of its isolation: ``active``, a list of names, and ``refused``, reasons by name.
        fit: Whether it may serve another program.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.started = 0
        self.fit = True
        self.control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.jobs, jobs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        config = {
            "jobs": jobs.fileno(),
            "control": control.fileno(),
            "folder": str(GUEST),
            "without": sorted(settings.without),
            "may_fork": settings.may_fork,
            "packages": dict(settings.packages),
            "preload": settings.preload,
            "work_bytes": settings.work_bytes,
        }
        self.python = python = settings.python
        names = os.environ if "environment" in settings.without else _NEEDED_TO_START
        inherited = {name: os.environ[name] for name in names if name in os.environ}
        try:
            self.process = subprocess.Popen(
                [python, "-S", "-P", "-s", "-B", str(GUEST / "server.py"), json.dumps(config)],
                pass_fds=(jobs.fileno(), control.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**inherited, **_ENVIRONMENT},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            self.control.close()
            self.jobs.close()
            raise InfrastructureError(f"The interpreter {python!r} cannot be started: {error}.") from error
        finally:
            jobs.close()
            control.close()
        self.layers = self._await_ready(_START_SECONDS * (1 + len(settings.preload)))

    def _await_ready(self, seconds: float) -> dict[str, Any]:
        self.control.settimeout(seconds)
        try:
            ready = self.control.recv(65536)
        except OSError:
            ready = b""
        self.control.settimeout(None)
        if ready:
            return dict(json.loads(ready))
        self.process.kill()
        assert self.process.stderr is not None
        said = self.process.stderr.read(4000).decode("utf-8", "replace").strip()
        self.close()
        raise InfrastructureError(
            f"The sandbox's server did not start under {self.python!r}. It said: "
            f"{said or 'nothing; is it a CPython, 3.11 or newer?'}"
        )

    def start(self, role: str, request: dict[str, Any], limits: dict[int, int], fds: Sequence[int] = ()) -> Process:
        """Starts a process in its next child.

        Args:
            role: ``"calls"``, ``"run"``, ``"program"`` or ``"script"``.
            request: What it is to do.
            limits: Resource limits by the number of the resource.
            fds: Descriptors that it is given besides its channel.

        Raises:
            ServerGone: If the server ended.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            packed = pack_request({**request, "role": role, "limits": limits})
            is_short = len(packed) <= SHORT
            socket.send_fds(self.jobs, [packed if is_short else LATER], [theirs.fileno(), *fds])
            if not is_short:
                ours.sendall(frame(packed))
        except OSError as error:
            ours.close()
            raise ServerGone(str(error)) from None
        finally:
            theirs.close()
        self.started += 1
        return Process(self, self.started, ours, request.get("output_bytes", 2**20) + 2**17)

    def order(self, order: str, number: int) -> None:
        """Sends an order about a process: ``"kill"`` it, or ask ``"where"`` it is; without effect once it has ended."""
        try:
            self.control.send(json.dumps({"order": order, "number": number}).encode())
        except OSError as error:
            raise ServerGone(str(error)) from None

    def report(self) -> tuple[int, Report]:
        """Reads the report about one process.

        Raises:
            ServerGone: If the server ended.
        """
        try:
            data = self.control.recv(65536)
        except OSError as error:
            raise ServerGone(str(error)) from None
        if not data:
            raise ServerGone("end of stream")
        number, status, cpu, peak, is_clean, size = REPORT.unpack(data)
        self.fit = self.fit and is_clean and size < _MAX_SIZE_KB
        return number, Report(status, cpu, peak * 1024)

    def close(self) -> None:
        """Ends the server and everything in it."""
        self.control.close()
        self.jobs.close()
        self.process.kill()
        self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()


class Process:
    """One process of a server, from start to report.

    Attributes:
        number: Its number in the server's count.
        report: How it ended; None while it runs.
        started: Whether the program's own code may have begun.
        messages: What it has sent and nobody has taken yet.
    """

    def __init__(self, server: Server, number: int, channel: socket.socket, limit: int) -> None:
        self.server, self.number, self.channel = server, number, channel
        self.report: Report | None = None
        self.pid = 0
        self.mailbox = Mailbox(limit)
        self.messages: list[bytes] = []
        self._waiting = 0
        self._kept_waiting: dict[str, float] = {}
        self.open = True
        self.started = False
        self.fault = ""

    def cpu_seconds(self) -> float:
        """CPU time so far, from the kernel's clock of the process."""
        if self.report is None and not self.pid:
            self.drain()
        if self.report is None and not self.pid:
            return 0.0
        while self.report is None:
            try:
                return time.clock_gettime((~self.pid << 3) | 2)
            except OSError:
                self._read_report()  # it has ended, and its server has waited for it: the report is on its way
        return self.report.cpu_seconds

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

    def drain(self) -> None:
        """Takes what has arrived, without waiting; after a message that breaks the rules, nothing more.

        Of a process that still runs only so much at a time: it could write for ever.
        """
        most = len(self.mailbox.rest) + _READ_AT_ONCE
        while self.open and (self.report is not None or len(self.mailbox.rest) + self._waiting < most):
            try:
                data, ancillary, _, _ = self.channel.recvmsg(_READ_AT_ONCE, 64, _QUIETLY)
            except BlockingIOError:
                return
            except OSError:
                data, ancillary = b"", []
            if not data:
                self.open = False
                return
            self._look_at(ancillary)
            try:
                while messages := self.mailbox.feed(data):
                    self.messages += messages
                    self._waiting += sum(map(len, messages)) + _FRAME * len(messages)
                    data = b""
            except MessageTooLong as error:
                self.fault = str(error)
                self.open = False
            if not self.started and self.messages:
                self.started = self.messages.pop(0) == STARTED

    def has_news(self) -> bool:
        """Whether something has come by now: we may have slept between the last look and the clock."""
        self.drain()
        return bool(self.messages or self.fault)

    def _look_at(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        """Notes who sends; closes descriptors that a program sends along: they would pile up in our process."""
        for _, kind, content in ancillary:
            if kind == socket.SCM_CREDENTIALS and len(content) >= _CREDENTIALS:
                self.pid = self.pid or int.from_bytes(content[:4], "little", signed=True)
            elif kind == socket.SCM_RIGHTS:
                for start in range(0, len(content) - len(content) % 4, 4):
                    os.close(int.from_bytes(content[start : start + 4], "little"))

    def take(self) -> list[Any]:
        """Returns the messages that have arrived, decoded.

        Raises:
            CodecError: If one is none of the codec's, or longer than allowed.
        """
        messages, self.messages, self._waiting = self.messages, [], 0
        if self.fault and not messages:
            raise CodecError(self.fault)
        decoded = [_CODEC.decode(message) for message in messages]
        if not all(type(message) is list and message for message in decoded):
            raise CodecError("a message is a list with a name")
        return decoded

    def wait(self, seconds: float, also: Sequence[int] = ()) -> bool:
        """Waits until the process has ended, something arrives on one of ``also``, or the time is over.

        What has arrived and nobody has taken is not waited for: a look at the clock may have taken it in.

        Returns:
            Whether the process has ended.
        """
        if self.report is not None or (also and (self.messages or self.fault)):
            return self.report is not None
        poll = select.poll()
        poll.register(self.server.control, select.POLLIN)
        for fd in also:
            poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(max(0, seconds * 1000)):
            if fd == self.server.control.fileno():
                self._read_report()
        return self.report is not None

    def _read_report(self) -> None:
        number, report = self.server.report()
        if number != self.number:
            return
        self.report = report  # first of all: it comes only once
        self.drain()
        if not self.started:
            raise ServerGone(f"a process ended before its program began (status {report.status})")

    def kill(self) -> Report:
        """Kills the process, if it still runs, and waits for its report."""
        deadline = time.monotonic() + BEGIN_SECONDS
        while self.open and not self.started and self.report is None:
            # A process killed before it has taken its job would leave that to the next one.
            if time.monotonic() > deadline:
                raise ServerGone("a process did not begin")
            self.wait(BEGIN_SECONDS, [self.channel.fileno()])
            self.drain()
        if self.report is None:
            self.server.order("kill", self.number)
        while self.report is None:
            self._read_report()
        return self.report

    def where(self, seconds: float = 1.0) -> bytes:
        """Asks a stuck process for its place and returns what it says: data for people, never trusted.

        It answers at once if it gets a processor; on a busy machine that may take a while.
        """
        self.drain()
        self.server.order("where", self.number)
        said = bytes(self.mailbox.rest)
        poll = select.poll()
        poll.register(self.channel, select.POLLIN)
        try:
            while len(said) <= 65536 and poll.poll(seconds * 1000):
                more = self.channel.recv(65536, socket.MSG_DONTWAIT)
                if not more:
                    break
                said, seconds = said + more, 0.02  # the rest of an answer follows closely
        except OSError:
            pass
        return said

    def finish(self) -> Report:
        """Kills the process, if it still runs, gives its channel back, and returns how it ended."""
        try:
            return self.kill()
        finally:
            self.channel.close()
