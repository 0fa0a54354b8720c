"""The few system calls that Python does not offer, through the C library."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable

_libc = ctypes.PyDLL(None, use_errno=True)  # PyDLL: a fork through it must not let go of the interpreter's lock
_libc.syscall.restype = ctypes.c_long
_python = ctypes.pythonapi
for _hook in (_python.PyOS_BeforeFork, _python.PyOS_AfterFork_Parent, _python.PyOS_AfterFork_Child):
    _hook.restype, _hook.argtypes = None, []

CLONE_NEWTIME, CLONE_THREAD, CLONE_NEWNS = 0x80, 0x10000, 0x20000
CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_SIGCHLD = 17
_CLONE = {"x86_64": 56, "aarch64": 220}
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPSET = {"x86_64": 126, "aarch64": 91}
_MOUNT_SETATTR = 442
_CAPABILITY_VERSION = 0x20080522
CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN = 6, 7, 21

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_NOATIME, MS_BIND, MS_REC, MS_PRIVATE = 1024, 4096, 16384, 1 << 18
MNT_DETACH = 2
_AT_RECURSIVE = 0x8000
_AT_FDCWD = -100

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
PR_SET_CHILD_SUBREAPER = 36
PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP = 28, 4
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2


def machine() -> str:
    """Returns the processor's architecture, as the tables of system calls name it."""
    return platform.machine()


_CLONE_ARGUMENTS = [ctypes.c_long(n) for n in (_CLONE.get(machine(), -1), CLONE_NEWPID | _SIGCHLD, 0, 0, 0, 0)]


def call(number: int, *arguments: int | bytes | ctypes.c_void_p | None) -> int:
    """Makes a system call.

    Raises:
        OSError: As the kernel says.
    """
    converted = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *converted))


def _checked(result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def prctl(option: int, argument: int | ctypes.c_void_p, third: int | ctypes.c_void_p = 0) -> None:
    """Sets a property of this process."""
    second = ctypes.c_ulong(argument) if isinstance(argument, int) else argument
    _checked(_libc.prctl(option, second, third, ctypes.c_ulong(0), ctypes.c_ulong(0)))


def unshare(flags: int) -> None:
    """Puts this process (for processes: its next child) into new namespaces."""
    _checked(_libc.unshare(flags))


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Mounts something."""
    encoded = [None if text is None else text.encode() for text in (source, target, kind, data)]
    _checked(_libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]))


def umount(target: str, flags: int) -> None:
    """Takes a mount away."""
    _checked(_libc.umount2(target.encode(), flags))


def set_mount_flags(path: str, flags: int, recursive: bool = True) -> None:
    """Adds flags to a mount (``MOUNT_ATTR_*`` have the values of ``MS_*``) and, if asked, to all below it."""
    attributes = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)
    where = _AT_RECURSIVE if recursive else 0
    call(_MOUNT_SETATTR, _AT_FDCWD, path.encode(), where, ctypes.cast(attributes, ctypes.c_void_p), 32)


def pivot_root_here() -> None:
    """Makes the working directory the root, and lets go of the old one."""
    call(_PIVOT_ROOT[machine()], b".", b".")
    umount(".", MNT_DETACH)
    os.chdir("/")


def set_capabilities(*kept: int) -> None:
    """Drops every capability except those named."""
    capability_setter(*kept)()


def capability_setter(*kept: int) -> Callable[[], int]:
    """Returns a function that drops every capability except those named: prepared, it costs a child little."""
    bits = sum(1 << capability for capability in kept)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    low, high = bits & 0xFFFFFFFF, bits >> 32
    data = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    pointers = [ctypes.cast(array, ctypes.c_void_p) for array in (header, data)]  # these keep the arrays alive
    number = ctypes.c_long(_CAPSET[machine()])
    return lambda: _checked(_libc.syscall(number, *pointers))


def drop_bounding_set() -> None:
    """Empties the set of capabilities that could ever come back."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            return


def fork_into_pid_namespace() -> int:
    """Forks; the child is the first process of a new PID namespace, so that all its descendants die with it.

    Returns:
        0 in the child, its process id in the parent.
    """
    _python.PyOS_BeforeFork()
    pid = int(_libc.syscall(*_CLONE_ARGUMENTS))
    if pid == 0:
        _python.PyOS_AfterFork_Child()
        return 0
    number = ctypes.get_errno()
    _python.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(number, os.strerror(number))
    return pid
