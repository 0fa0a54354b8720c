"""The server shuts itself in: layer by layer, each found out by trying it, each reported.

In order: user, mount, network, IPC, UTS and PID namespaces -> a root of its own with the interpreter's library
read-only and a small tmpfs for work -> a private uid, where the judge was started as root -> capabilities ->
no_new_privs -> Landlock -> seccomp. All of it is inherited by every program; per program there remain a PID
namespace, the last capability and the resource limits.
"""

from __future__ import annotations

import _socket
import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from . import kernel, landlock, root, seccomp
from .scratch_folder import HOME, ScratchFolder

_PRIVATE_IDS = range(0x7000_0000, 0x7FFF_FFFF)
"""No convention gives these to anybody: above what containers and their managers hand out, below the sign bit."""
_INSIDE_ID = 1000
_THREADS = 72
_PROCESSES = 256
_LIMITS = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_MEMLOCK: 0,
    resource.RLIMIT_MSGQUEUE: 0,
}
"""What is the same for every program; memory, CPU time and file size are each job's own."""
_NAMESPACES = {
    "mount": kernel.CLONE_NEWNS,
    "network": kernel.CLONE_NEWNET,
    "ipc": kernel.CLONE_NEWIPC,
    "uts": kernel.CLONE_NEWUTS,
    "pid": kernel.CLONE_NEWPID,
}


@dataclass
class Isolation:
    """What is in force, and what is not and why.

    Args:
        without: Layers to leave out.
        may_fork: Programs may fork and start other programs.
        folders: Read-only folders that programs see, by the path where they see them.
        work_bytes: Size of the folder for work.
    """

    without: frozenset[str]
    may_fork: bool
    folders: dict[str, str]
    work_bytes: int
    refused: dict[str, str] = field(default_factory=dict)
    active: list[str] = field(default_factory=list)
    scratch: ScratchFolder | None = None

    def __post_init__(self) -> None:
        # By chance, not by process number: two containers count from the same 1, and limits are counted by user.
        self.private_id = _PRIVATE_IDS.start + int.from_bytes(os.urandom(8), "little") % len(_PRIVATE_IDS)
        self.paths = root.interpreter_paths(self.may_fork)  # now: in the root of its own there is no /proc to ask
        self.may_be_private = "private_uid" not in self.without and _may_become(self.private_id)

    def enter(self) -> None:
        """Enters every layer that the kernel grants; returns in the process that is to be the server."""
        self.attempt("user", self._enter_user_namespace)
        for name, flag in _NAMESPACES.items():
            self.attempt(name, partial(kernel.unshare, flag))
        if self.has("uts"):
            _socket.sethostname("codegym")
        _die_with_parent()
        if self.has("pid"):
            _become_first_of_pid_namespace()
        else:
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)  # so that whatever a program leaves can be found and ended
        self.attempt("root", self._enter_root)
        self.attempt("private_uid", self._take_private_uid)
        self.attempt("environment", os.environ.clear)
        self.attempt("capabilities", self._drop_capabilities)
        self.attempt("no_new_privs", partial(kernel.prctl, kernel.PR_SET_NO_NEW_PRIVS, 1))
        self.attempt("landlock", self._restrict_paths)
        # Programs of the same user may not look into the server, or each other, through /proc/PID.
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        self.attempt("seccomp", self._filter_calls)
        self.attempt("descriptors", int)  # each program's process closes them itself
        self.attempt("rlimits", self._limit)

    def has(self, name: str) -> bool:
        """Whether a layer is in force."""
        return name in self.active

    def attempt(self, name: str, enter: Callable[[], object]) -> None:
        """Tries to enter a layer and notes what came of it."""
        if name in self.without:
            self.refused[name] = "switched off"
            return
        try:
            enter()
        except (OSError, Unavailable, KeyError) as error:
            self.refused[name] = str(error) or type(error).__name__
        else:
            self.active.append(name)

    def _enter_user_namespace(self) -> None:
        if not os.path.exists("/proc/self/uid_map"):
            raise Unavailable("needs /proc")
        if self.may_be_private:
            _enter_user_namespace_mapped(f"0 0 1\n{_INSIDE_ID} {self.private_id} 1")
            self.private_id = _INSIDE_ID
            return
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(kernel.CLONE_NEWUSER)
        maps = {"setgroups": "deny", "gid_map": f"{_INSIDE_ID} {gid} 1", "uid_map": f"{_INSIDE_ID} {uid} 1"}
        _write_maps("self", maps)

    def _enter_root(self) -> None:
        if not self.has("mount"):
            raise Unavailable("needs the mount namespace")
        folders = {**self.paths, **self.folders}
        root.enter(folders, self._devices())
        self.scratch = ScratchFolder(self.work_bytes, self.private_id if self.may_be_private else os.geteuid())

    def _take_private_uid(self) -> None:
        if not self.may_be_private:
            raise Unavailable(
                f"{'few user ids here' if os.geteuid() == 0 else 'not root'}: programs run as the judge's user"
            )
        if not self.has("root"):
            _check_readable_by(self.private_id)
        kernel.prctl(kernel.PR_SET_SECUREBITS, kernel.SECBIT_NO_SETUID_FIXUP)
        _become(self.private_id)
        _die_with_parent()

    def _drop_capabilities(self) -> None:
        kernel.drop_bounding_set()
        kernel.set_capabilities(*([kernel.CAP_SYS_ADMIN] if self.has("pid") else []))

    def _restrict_paths(self) -> None:
        execute = landlock.EXECUTE if self.may_fork else 0
        rules = {
            path: landlock.READ | execute if whole else landlock.READ_DIR
            for path, whole in root.readable(self.paths).items()
        }
        folders = list(self.folders) if self.has("root") else list(self.folders.values())
        rules |= dict.fromkeys(folders, landlock.READ)
        rules |= {os.path.dirname(path): landlock.READ_DIR for path in folders}
        if self.has("root"):
            rules |= {"/": landlock.READ_DIR, HOME: landlock.WORK}
        landlock.restrict(rules | self._devices())

    def _devices(self) -> dict[str, int]:
        """The devices that there are, with the rights to them."""
        readable = dict.fromkeys(("/dev/urandom", "/dev/zero"), landlock.READ_FILE)
        return {"/dev/null": landlock.READ_FILE | landlock.WRITE_FILE, **readable}

    def _limit(self) -> None:
        limits = dict(_LIMITS)
        if self.has("user") or self.has("private_uid"):  # else it would count everything that the judge's user runs
            limits[resource.RLIMIT_NPROC] = _PROCESSES if self.may_fork else _THREADS
        for limit, value in limits.items():
            inherited = resource.getrlimit(limit)[1]
            most = value if inherited == resource.RLIM_INFINITY else min(value, inherited)
            resource.setrlimit(limit, (most, most))

    def _filter_calls(self) -> None:
        alone = self.has("pid")
        may_fork = self.may_fork or not alone
        seccomp.install(
            seccomp.server_filter(may_fork, may_execute=self.may_fork, may_filter=not alone, own_root=self.has("root"))
        )


_drop_all_capabilities = kernel.capability_setter()


class Unavailable(Exception):  # noqa: N818
    """A layer that cannot be had here, for a reason other than the kernel's refusal."""


def last_privileges(isolation: Isolation) -> list[Callable[[], object]]:
    """Returns what drops, in each program's process, what only the server needs."""
    steps: list[Callable[[], object]] = []
    if isolation.has("capabilities") and isolation.has("pid"):
        steps.append(_drop_all_capabilities)
    if isolation.has("seccomp") and not isolation.has("pid"):
        steps.append(partial(seccomp.install, seccomp.program_filter(isolation.may_fork)))
    return steps


def _check_readable_by(uid: int) -> None:
    """Without a root of its own, the server reads the interpreter's library by its path: may this user do that?"""
    pid = os.fork()
    if pid == 0:
        try:
            _become(uid)
            os.listdir(os.path.dirname(os.__file__))
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1] != 0:
        raise Unavailable(f"other users may not read {os.path.dirname(os.__file__)}")


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _may_become(uid: int) -> bool:
    """Whether this process may take another user's id: it is root, with the capabilities, and the id exists."""
    if os.geteuid() != 0 or not os.path.exists("/proc/self/uid_map"):
        return False
    with open("/proc/self/status") as status:
        capabilities = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff"))
    with open("/proc/self/uid_map") as mapped:
        ranges = [[int(number) for number in line.split()] for line in mapped]
    known = any(first <= uid < first + count for first, _, count in ranges)
    return known and all(capabilities >> bit & 1 for bit in (kernel.CAP_SETGID, kernel.CAP_SETUID))


def _enter_user_namespace_mapped(id_map: str) -> None:
    """Enters a new user namespace whose map a helper outside writes, with root's right to map any user."""
    reader, writer = os.pipe()
    parent = os.getpid()
    helper = os.fork()
    if helper == 0:
        os.close(writer)
        status = 1
        with contextlib.suppress(OSError):
            if os.read(reader, 1):
                _write_maps(str(parent), {"gid_map": id_map, "uid_map": id_map})
                status = 0
        os._exit(status)
    os.close(reader)
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
        os.write(writer, b"!")
    finally:
        os.close(writer)
        status = os.waitpid(helper, 0)[1]
    if status != 0:
        raise OSError("the id maps of the new user namespace were refused")


def _write_maps(process: str, maps: dict[str, str]) -> None:
    for name, content in maps.items():
        with open(f"/proc/{process}/{name}", "w") as file:
            file.write(content)


def _die_with_parent() -> None:
    parent = os.getppid()
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _become_first_of_pid_namespace() -> None:
    """Forks once: the child is the namespace's first process, this one only waits and takes the blame."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        keep_waiting(pid)
    os.close(writer)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.close(reader)


def keep_waiting(pid: int) -> None:
    """What remains of the first process: it waits for the server and ends as it ended."""
    os.closerange(0, 1024)
    _, status = os.waitpid(pid, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 255)


def forget_streams() -> None:
    """Standard streams of the parent are nothing to the programs."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    sys.stdin = sys.stdout = sys.stderr = None


def report(isolation: Isolation) -> dict[str, Any]:
    """Returns what is in force as JSON-safe data."""
    return {"active": isolation.active, "refused": isolation.refused}
