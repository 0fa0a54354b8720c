"""What the fork server does once it stands: fork, wait, report, again."""

from __future__ import annotations

import _socket
import array
import faulthandler
import json
import os
import resource
import select
import signal
import sys
from typing import Any

from . import program, script
from .channel import ChannelClosed, receive
from .codec import Codec

_REQUEST_LIMIT = 2**30
_PRELOAD = ["abc", "ast", "bisect", "collections", "collections.abc", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "heapq", "io", "itertools", "json", "math", "operator", "os", "random", "re", "statistics", "string", "struct", "sys", "time", "types", "typing"]


class Service:
    """A warm server.

    Args:
        config: Its two sockets.
    """

    def __init__(self, config: Any) -> None:
        self.jobs = _socket.socket(fileno=config.jobs)
        self.control = _socket.socket(fileno=config.control)
        self.served = 0

    def run(self) -> None:
        """Serves until the control socket is closed."""
        _warm()
        self.control.send(json.dumps({"ready": os.getpid()}).encode())
        while True:
            pid = os.fork()
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
        report = {
            "number": self.served,
            "status": status,
            "cpu": usage.ru_utime + usage.ru_stime,
            "rss": usage.ru_maxrss,
        }
        self.control.send(json.dumps(report).encode())

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
            self.jobs.close()
            self.control.close()
            code = _serve(json.loads(data), list(fds))
        except (ChannelClosed, KeyboardInterrupt):
            pass
        finally:
            os._exit(code)


def _serve(setup: dict[str, Any], fds: list[int]) -> int:
    channel = fds[0]
    request = Codec().decode(receive(channel, _REQUEST_LIMIT))
    _limit(setup)
    role = setup["role"]
    if role == "run":
        for number, fd in enumerate(fds[1:4]):
            os.dup2(fd, number)
            os.close(fd)
    _watch_place(channel, request.get("source", ""))
    if role == "calls":
        program.serve_calls(channel, request)
    elif role == "run":
        return program.run_main(channel, request)
    elif role == "program":
        script.serve_program(channel, fds[1], request)
    else:
        script.serve_scripts(channel, fds[1], request)
    return 0


def _watch_place(channel: int, source: str) -> None:
    """On SIGUSR1, tells where the program is: exactly from Python code, by line from C code that never returns to it."""
    from .failure import innermost_place

    def tell(*_: object) -> None:
        place = innermost_place(source)
        if place is not None:
            os.write(channel, b"\n@place " + json.dumps(place).encode() + b"\n")

    signal.signal(signal.SIGUSR1, tell)
    faulthandler.register(signal.SIGUSR1, channel, all_threads=False, chain=True)


def _limit(setup: dict[str, Any]) -> None:
    for name, value in setup["limits"].items():
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (value, value))


def _warm() -> None:
    """Does once what every child would do first, so that its pages and caches are inherited."""
    for name in _PRELOAD:
        __import__(name)
    import random

    random.seed(0)
    warmed = program.Program("def f(x):\n    return [x]\nprint(f(1))\n", "", "f", "program")
    sys.stdout = program.CappedText(100)
    warmed.load()
    warmed.entry()(1)
    failing = program.Program("def f(x):\n    return x.y\nf(1)\n", "", "f", "program")
    failing.load()
    Codec().decode(Codec().encode(["ok", [1, (2,)], None, ""]))
    del sys.modules["program"]
