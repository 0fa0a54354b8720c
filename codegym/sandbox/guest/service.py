"""What the fork server does once it stands: fork, wait, report, again."""

from __future__ import annotations

import _sitebuiltins
import _socket
import array
import builtins
import contextlib
import faulthandler
import fcntl
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from . import failure, heap, program, script
from .arguments import LATER, SHORT, pack_request, unpack_request
from .channel import REPORT, ChannelClosed, receive
from .isolation import Isolation, forget_streams, last_privileges, report
from .kernel import fork_into_pid_namespace
from .warm_up import HIGH, Loopback, warm_ups

_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_REQUEST_LIMIT = 2**30
CHANNEL = 3
"""Where every process finds its channel; what else it was given follows."""
_MOST_DESCRIPTORS = 256
_LOWEST = array.array("i", range(CHANNEL, CHANNEL + 8)).tobytes()
_INT = array.array("i").itemsize
_ROOM_FOR_DESCRIPTORS = _socket.CMSG_SPACE(len(_LOWEST))


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
        self.jobs = _socket.socket(fileno=_moved_up(config.jobs))
        self.control = _socket.socket(fileno=_moved_up(config.control))
        self.served = 0
        self.source = ""
        self.closes_descriptors = False
        self.children = -1
        self.limits = True
        self.last_privileges: list[Callable[[], object]] = []
        self.poll = select.poll()
        self.poll.register(self.control, select.POLLIN)

    def run(self) -> None:
        """Serves until the control socket is closed."""
        _as_usual()
        _take_the_blame()
        children = _own_children()  # the programs' root has no /proc
        self.isolation.enter()
        if self.isolation.has("pid") and children >= 0:
            os.close(children)
        self.children = children
        sys.path += sorted({os.path.dirname(path) for path in self._package_paths()})
        os.environ.update(_ONE_THREAD)  # a library's threads would not survive the fork
        heap.preload(may_fork=self.config.may_fork)
        heap.preload(self.config.preload, may_fork=True)
        self.limits = self.isolation.has("rlimits")  # before the warm-up, which sets them too
        self.warm_up()
        if self.isolation.has("environment"):
            os.environ.clear()
        forget_streams()
        self.streams = program.Streams.opened()
        sys.stdin = program.nothing_to_read()  # for programs that are called; nobody reads their errors
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        self.closes_descriptors = self.isolation.has("descriptors")
        self.last_privileges = last_privileges(self.isolation)
        signal.signal(signal.SIGUSR1, self.tell_place)
        faulthandler.register(signal.SIGUSR1, CHANNEL, all_threads=False, chain=True)
        self.kept = heap.fill_holes()
        self.control.send(json.dumps(report(self.isolation)).encode())
        fork = fork_into_pid_namespace if self.isolation.has("pid") else os.fork
        while True:
            pid = fork()
            if pid == 0:
                self.child()
            self.served += 1
            self.watch(pid)

    def _package_paths(self) -> list[str]:
        seen, real = list(self.config.packages), list(self.config.packages.values())
        return seen if self.isolation.has("root") else real

    def warm_up(self) -> None:
        """Does what children do."""
        loopback = Loopback()
        for one in warm_ups():
            request = pack_request({**one.request, "role": one.role, "limits": {resource.RLIMIT_CORE: 0}})
            loopback.run(one, partial(self.serve, request, _LOWEST[: 2 * _INT]), CHANNEL)
        loopback.clear()

    def watch(self, pid: int) -> None:
        """Waits for one child, obeys orders meanwhile, and reports its end."""
        watcher = os.pidfd_open(pid)
        self.poll.register(watcher, select.POLLIN)
        while watcher not in dict(self.poll.poll()):
            self.obey(pid)
        self.poll.unregister(watcher)
        os.close(watcher)
        _, status, usage = os.wait4(pid, 0)
        scratch = self.isolation.scratch
        if not self.isolation.has("pid"):
            _end_orphans(self.children, 0 if scratch is None else scratch.keeper)
        if scratch is not None:
            scratch.renew_if_used()
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cpu = usage.ru_utime + usage.ru_stime
        self.control.send(REPORT.pack(self.served, status, cpu, usage.ru_maxrss, size))

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
        """A child's whole life; never returns. What it does before the program's code runs, every program pays for."""
        code = 1
        try:
            data, ancillary, _, _ = self.jobs.recvmsg(SHORT, _ROOM_FOR_DESCRIPTORS)
            if data:
                code = self.serve(data, ancillary[0][2])
        except (ChannelClosed, KeyboardInterrupt):
            pass
        finally:
            os._exit(code)

    def serve(self, data: bytes, numbers: bytes) -> int:
        """Takes the request and does what its role says.

        Args:
            data: The request, or ``LATER`` where it comes over the channel.
            numbers: The descriptors that came with it, as C's integers: the channel, then the others.

        Returns:
            The exit code.
        """
        if numbers != _LOWEST[: len(numbers)]:
            raise OSError(f"descriptors arrived as {numbers.hex()}")
        if self.closes_descriptors:
            os.closerange(CHANNEL + len(numbers) // _INT, _MOST_DESCRIPTORS)
        request = unpack_request(receive(CHANNEL, _REQUEST_LIMIT) if data == LATER else data)
        role = request["role"]
        if role == "run":
            for number in range(3):
                os.dup2(CHANNEL + 1 + number, number)
            os.closerange(CHANNEL + 1, CHANNEL + 4)
        for leave in self.last_privileges:
            leave()
        if self.limits:
            for limit, value in request["limits"].items():
                resource.setrlimit(limit, (value, value))
        self.source = request["source"]
        if self.config.may_fork:
            sys.modules["random"].seed(0)  # the module has seeded itself anew after the fork
        if role == "calls":
            program.serve_calls(CHANNEL, request)
        elif role == "run":
            return program.run_main(CHANNEL, request, self.streams)
        elif role == "program":
            script.serve_program(CHANNEL, CHANNEL + 1, request)
        elif role == "together":
            script.run_together(CHANNEL, request)
        else:
            script.serve_scripts(CHANNEL, CHANNEL + 1, request)
        return 0

    def tell_place(self, *_: object) -> None:
        """Tells, asked by a signal, where the program is in Python code; C code is left to ``faulthandler``."""
        place = failure.innermost_span(self.source)
        if place is not None:
            os.write(CHANNEL, b"\n@place " + json.dumps(place).encode() + b"\n")


def _moved_up(fd: int) -> int:
    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH)
    os.close(fd)
    return high


def _own_children() -> int:
    """Opens the list of this process's children, as it is whenever it is read; -1 where there is no /proc."""
    try:
        return _moved_up(os.open(f"/proc/self/task/{os.getpid()}/children", os.O_RDONLY))
    except OSError:
        return -1


def _end_orphans(children: int, keeper: int) -> None:
    """Without a PID namespace: ends what the program left running; it is the server's children now.

    Args:
        children: Descriptor of the list of this process's children.
        keeper: The child that is none of the program's; 0 if there is none.
    """
    with contextlib.suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                left = [pid for pid in map(int, os.pread(children, 2**16, 0).split()) if pid != keeper]
                if not left:
                    return
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.001)


def _take_the_blame() -> None:
    """Where memory runs out, the kernel is to end a program rather than whoever judges it."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def _as_usual() -> None:
    """Puts what the interpreter's own start-up, left out here, would have put there for ``python3 program.py``.

    What the judge's process ignores or blocks, a server would do as well: no child would ever be waited for.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals():
        if number not in (signal.SIGPIPE, signal.SIGXFSZ) and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    sys.argv, sys.orig_argv = ["program.py"], ["python3", "program.py"]
    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D"))
    builtins.help = _sitebuiltins._Helper()
    for name in ("copyright", "credits", "license"):
        setattr(builtins, name, _sitebuiltins._Printer(name, sys.copyright))
    program.offer_recursion_limits()
