"""The trusted side of one fork server: start it, hand it a process to run, stop it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegym.errors import InfrastructureError
from codegym.sandbox.guest.arguments import LATER, SHORT, pack_request
from codegym.sandbox.guest.channel import REPORT, frame
from codegym.sandbox.process import BEGIN_SECONDS, Process, Report, ServerGone

GUEST = Path(__file__).parent / "guest"
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "LD_BIND_NOW": "1"}
_NEEDED_TO_START = ("LD_LIBRARY_PATH",)
"""What an interpreter may need to start at all; programs do not see it."""
_START_SECONDS = 30.0
"""And as long again for each package: torch alone takes ten on a busy machine."""
_END_SECONDS = 1.0
_MAX_SIZE_KB = 2**20
"""A server that has grown to this is replaced."""


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
        self.control, control = _pair(socket.SOCK_SEQPACKET)
        self.jobs, jobs = _pair(socket.SOCK_SEQPACKET)
        self.layers: dict[str, Any] = {}
        self.preloaded = len(settings.preload)
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

    def await_ready(self) -> None:
        """Waits until it serves; a server that cannot is closed.

        Raises:
            InfrastructureError: If it does not start.
        """
        self.control.settimeout(_START_SECONDS * (1 + self.preloaded))
        try:
            ready = self.control.recv(65536)
        except OSError:
            ready = b""
        self.control.settimeout(None)
        if ready:
            self.layers = dict(json.loads(ready))
            return
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
        try:
            ours, theirs = _pair(socket.SOCK_STREAM)
        except OSError as error:  # this process has no descriptor left: the machine's fault, and no program's
            raise ServerGone(str(error)) from None
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            packed = pack_request({**request, "role": role, "limits": limits})
            is_short = len(packed) <= SHORT
            socket.send_fds(self.jobs, [packed if is_short else LATER], [theirs.fileno(), *fds])
            if not is_short:
                ours.settimeout(BEGIN_SECONDS)  # the harness reads it, before any code of the program's
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
        number, status, cpu, peak, size = REPORT.unpack(data)
        self.fit = self.fit and size < _MAX_SIZE_KB
        return number, Report(status, cpu, peak * 1024)

    def abandon(self) -> None:
        """Makes it end itself and everything in it, whatever another thread waits for; :meth:`close` must follow."""
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the server and everything in it."""
        self.abandon()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_END_SECONDS)  # it takes its child along, which only a PID namespace does for it
        self.process.kill()
        self.process.wait()
        self.control.close()
        self.jobs.close()
        if self.process.stderr is not None:
            self.process.stderr.close()


def _pair(kind: socket.SocketKind) -> tuple[socket.socket, socket.socket]:
    """Returns a pair of sockets above the standard streams, whose numbers are free where the caller has closed those.

    What lies there would be taken for a stream: by a stray print here, and by ``subprocess`` in the server.
    """
    first, second = socket.socketpair(socket.AF_UNIX, kind)
    try:
        return _raised(first), _raised(second)
    except OSError:
        first.close()
        second.close()
        raise


def _raised(end: socket.socket) -> socket.socket:
    if end.fileno() > 2:
        return end
    with end:
        return socket.socket(fileno=fcntl.fcntl(end.fileno(), fcntl.F_DUPFD_CLOEXEC, 3))
