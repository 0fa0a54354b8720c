"""What the fork server does once it stands: fork, wait, report, again."""

from __future__ import annotations

import _socket
import array
import contextlib
import faulthandler
import json
import os
import random
import resource
import select
import signal
import sys
import time
from typing import Any

from . import program, script
from .channel import STARTED, ChannelClosed, receive, send
from .codec import Codec
from .isolation import Isolation, forget_streams, leave_last_privileges, report
from .kernel import fork_into_pid_namespace
from .root import WORK
from .work import Work

_REQUEST_LIMIT = 2**30
_PRELOAD = tuple(
    """abc ast bisect collections collections.abc contextlib copy dataclasses datetime decimal enum fractions functools heapq io
    itertools json math operator os random re statistics string struct sys threading time types typing""".split()
)


class Service:
    """A warm server.

    Args:
        config: How it was started; see ``server.Config``.
    """

    def __init__(self, config: Any) -> None:
        self.config = config
        self.isolation = Isolation(
            without=frozenset(config.without),
            may_fork=config.may_fork,
            folders=config.packages,
            work_bytes=config.work_bytes,
        )
        self.jobs = _socket.socket(fileno=config.jobs)
        self.control = _socket.socket(fileno=config.control)
        self.served = 0

    def run(self) -> None:
        """Serves until the control socket is closed."""
        self.isolation.enter()
        self.work = Work(WORK if self.isolation.has("root") else "")
        _warm(self.config.preload)
        forget_streams()
        self.control.send(json.dumps(report(self.isolation)).encode())
        fork = fork_into_pid_namespace if self.isolation.has("pid") else os.fork
        while True:
            pid = fork()
            if pid == 0:
                self.child()
            self.served += 1
            self.watch(pid)

    def watch(self, pid: int) -> None:
        """Waits for one child, obeys orders meanwhile, and reports its end."""
        watcher = os.pidfd_open(pid)
        poll = select.poll()
        poll.register(watcher, select.POLLIN)
        poll.register(self.control, select.POLLIN)
        try:
            while True:
                ready = {fd for fd, _ in poll.poll()}
                if self.control.fileno() in ready:
                    self.obey(pid)
                if watcher in ready:
                    break
        finally:
            os.close(watcher)
        _, status, usage = os.wait4(pid, 0)
        if not self.isolation.has("pid"):
            _end_orphans()
        told = {
            "number": self.served,
            "status": status,
            "cpu": usage.ru_utime + usage.ru_stime,
            "rss": usage.ru_maxrss,
            "clean": self.work.is_clean(),
            "size": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
        self.control.send(json.dumps(told).encode())

    def obey(self, pid: int) -> None:
        """Carries out one order: kill the child, or ask it where it is."""
        data = self.control.recv(4096)
        if not data:
            os.kill(pid, signal.SIGKILL)
            os._exit(0)
        order = json.loads(data)
        if order["number"] == self.served:
            os.kill(pid, signal.SIGKILL if order["order"] == "kill" else signal.SIGUSR1)

    def child(self) -> None:
        """A child's whole life; never returns."""
        code = 1
        try:
            data, ancillary, _, _ = self.jobs.recvmsg(65536, _socket.CMSG_SPACE(8 * 4))
            if not data:
                os._exit(0)
            fds = array.array("i")
            for _, _, content in ancillary:
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
            code = self.serve(json.loads(data), list(fds))
        except (ChannelClosed, KeyboardInterrupt):
            pass
        finally:
            os._exit(code)

    def serve(self, setup: dict[str, Any], fds: list[int]) -> int:
        """Takes the request and does what its role says; returns the exit code."""
        channel = fds[0]
        request = Codec().decode(receive(channel, _REQUEST_LIMIT))
        role = setup["role"]
        if role == "run":
            for number, fd in enumerate(fds[1:4]):
                os.dup2(fd, number)
                os.close(fd)
        if self.isolation.has("descriptors"):
            _close_all_but(fds)
        leave_last_privileges(self.isolation)
        if self.isolation.has("rlimits"):
            _limit(setup["limits"], own_user=self.isolation.has("user") or self.isolation.has("private_uid"))
        _watch_place(channel, request.get("source", ""))
        random.seed(0)  # the module seeds itself anew after every fork
        send(channel, STARTED)
        if role == "calls":
            program.serve_calls(channel, request)
        elif role == "run":
            return program.run_main(channel, request)
        elif role == "program":
            script.serve_program(channel, fds[1], request)
        else:
            script.serve_scripts(channel, fds[1], request)
        return 0


def _end_orphans() -> None:
    """Without a PID namespace: ends what the program left running; it is the server's children now."""
    with contextlib.suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                with open(f"/proc/self/task/{os.getpid()}/children") as children:
                    for pid in children.read().split():
                        os.kill(int(pid), signal.SIGKILL)
                time.sleep(0.001)


def _close_all_but(kept: list[int]) -> None:
    start = 3
    for fd in sorted(kept):
        os.closerange(start, fd)
        start = fd + 1
    os.closerange(start, 1024)


def _watch_place(channel: int, source: str) -> None:
    """On SIGUSR1, tells where the program is: exactly from Python code, by line from C code that never returns to it."""
    from .failure import innermost_place

    def tell(*_: object) -> None:
        place = innermost_place(source)
        if place is not None:
            os.write(channel, b"\n@place " + json.dumps(place).encode() + b"\n")

    signal.signal(signal.SIGUSR1, tell)
    faulthandler.register(signal.SIGUSR1, channel, all_threads=False, chain=True)


def _limit(limits: dict[str, int], own_user: bool) -> None:
    if not own_user:
        limits.pop("NPROC", None)  # it would count everything that the judge's user runs
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (value, value))


def _warm(preload: list[str]) -> None:
    """Does once what every child would do first, so that its pages and caches are inherited."""
    for name in (*_PRELOAD, *preload):
        __import__(name)
    warmed = program.Program("def f(x):\n    return [x]\nprint(f(1))\n", "", "f", "program")
    sys.stdout = program.CappedText(100)
    warmed.load()
    warmed.entry()(1)
    failing = program.Program("def f(x):\n    return x.y\nf(1)\n", "", "f", "program")
    failing.load()
    Codec().decode(Codec().encode(["ok", [1, (2,)], None, ""]))
    del sys.modules["program"]
