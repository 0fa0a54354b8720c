"""The filter of system calls: a closed list of what Python programs need; everything else is refused with EPERM."""

from __future__ import annotations

import ctypes
import struct

from .kernel import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    CLONE_THREAD,
    PR_SET_SECCOMP,
    SECCOMP_MODE_FILTER,
    machine,
    prctl,
)

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS, _EOPNOTSUPP, _EAFNOSUPPORT = 1, 38, 95, 97
_SIGCHLD = 17
_NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWNET
_OF_ARGUMENT = 16  # offset of the first argument's low half in struct seccomp_data

# name: (x86_64, aarch64); None where an architecture has no such call

_FREE: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "stat": (4, None), "fstat": (5, 80),
    "lstat": (6, None), "poll": (7, None), "lseek": (8, 62), "mmap": (9, 222), "mprotect": (10, 226),
    "munmap": (11, 215), "brk": (12, 214), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "pread64": (17, 67), "pwrite64": (18, 68), "readv": (19, 65), "writev": (20, 66),
    "access": (21, None), "pipe": (22, None), "select": (23, None), "sched_yield": (24, 124), "mremap": (25, 216),
    "msync": (26, 227), "mincore": (27, 232), "madvise": (28, 233), "dup": (32, 23), "dup2": (33, None),
    "pause": (34, None), "nanosleep": (35, 101), "getitimer": (36, 102), "alarm": (37, None), "setitimer": (38, 103),
    "getpid": (39, 172), "sendfile": (40, 71), "recvfrom": (45, 207),
    "recvmsg": (47, 212), "shutdown": (48, 210), "getsockname": (51, 204), "getpeername": (52, 205),
    "exit": (60, 93), "wait4": (61, 260), "uname": (63, 160),
    "fsync": (74, 82), "fdatasync": (75, 83), "truncate": (76, 45),
    "ftruncate": (77, 46), "getdents": (78, None), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50),
    "rename": (82, None), "mkdir": (83, None), "rmdir": (84, None), "creat": (85, None), "link": (86, None),
    "unlink": (87, None), "symlink": (88, None), "readlink": (89, None),
    "umask": (95, 166), "gettimeofday": (96, 169), "getrlimit": (97, 163), "getrusage": (98, 165),
    "sysinfo": (99, 179), "times": (100, 153), "getuid": (102, 174), "getgid": (104, 176), "geteuid": (107, 175),
    "getegid": (108, 177), "getppid": (110, 173), "getpgrp": (111, None), "setsid": (112, 157),
    "getgroups": (115, 158), "getresuid": (118, 148), "getresgid": (120, 150), "getpgid": (121, 155),
    "getsid": (124, 156), "capget": (125, 90), "capset": (126, 91), "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132),
    "statfs": (137, 43), "fstatfs": (138, 44), "getpriority": (140, 141), "arch_prctl": (158, None),
    "setrlimit": (160, 164), "gettid": (186, 178), "readahead": (187, 213), "time": (201, None), "futex": (202, 98),
    "sched_getaffinity": (204, 123), "getdents64": (217, 61), "set_tid_address": (218, 96),
    "restart_syscall": (219, 128), "fadvise64": (221, 223), "timer_create": (222, 107), "timer_settime": (223, 110),
    "timer_gettime": (224, 108), "timer_getoverrun": (225, 109), "timer_delete": (226, 111),
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "exit_group": (231, 94),
    "epoll_wait": (232, None), "epoll_ctl": (233, 21), "waitid": (247, 95),
    "mkdirat": (258, 34), "newfstatat": (262, 79), "unlinkat": (263, 35), "renameat": (264, 38),
    "linkat": (265, 37), "symlinkat": (266, 36), "readlinkat": (267, 78),
    "faccessat": (269, 48), "pselect6": (270, 72), "ppoll": (271, 73), "set_robust_list": (273, 99),
    "get_robust_list": (274, 100), "epoll_pwait": (281, 22), "timerfd_create": (283, 85),
    "eventfd": (284, None), "fallocate": (285, 47), "timerfd_settime": (286, 86), "timerfd_gettime": (287, 87),
    "eventfd2": (290, 19), "epoll_create1": (291, 20), "dup3": (292, 24), "pipe2": (293, 59), "preadv": (295, 69),
    "pwritev": (296, 70), "getcpu": (309, 168), "renameat2": (316, 276), "getrandom": (318, 278),
    "membarrier": (324, 283), "copy_file_range": (326, 285), "preadv2": (327, 286), "pwritev2": (328, 287),
    "statx": (332, 291), "rseq": (334, 293), "pidfd_open": (434, 434), "close_range": (436, 436),
    "faccessat2": (439, 439), "epoll_pwait2": (441, 441),
}  # fmt: skip
_SIGNALLING = {"kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131)}
_CHANGING = {
    "chmod": (90, None), "fchmod": (91, 52), "utime": (132, None), "utimes": (235, None), "fchmodat": (268, 53),
    "utimensat": (280, 88),
}  # fmt: skip
"""Landlock knows nothing of these: they are for a root of one's own only, not for the host's files."""
_EXECUTING = {"execve": (59, 221), "execveat": (322, 281), "setpgid": (109, 154), "vfork": (58, None)}
_PIDFD_OPEN = (434, 434)
_OPEN, _OPENAT, _FCNTL, _SENDTO = (2, None), (257, 56), (72, 25), (44, 206)
_SETSOCKOPT, _GETSOCKOPT = (54, 208), (55, 209)
_TMPFILE = 0x400000  # a file without a name: it leaves nothing in its folder but a number that is used up
_FCNTLS = (0, 1, 2, 3, 4, 6, 7, 1030, 1032)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC, F_GETPIPE_SZ: no leases, owners,
notifications, sizes, and no questions about the locks of others."""
_SOCKET_OPTIONS = (2, 3, 4, 7, 8, 9, 38, 39)
"""SO_REUSEADDR, TYPE, ERROR, SNDBUF, RCVBUF, KEEPALIVE, PROTOCOL, DOMAIN: nothing of who is at the other end, as
SO_PEERPIDFD would hand out a descriptor of the judge's own process."""
_CLONE, _CLONE3, _FORK, _VFORK = (56, 220), (435, 435), (57, None), (58, None)
_SOCKET, _SOCKETPAIR, _IOCTL, _PRCTL, _PRLIMIT = (41, 198), (53, 199), (16, 29), (157, 167), (302, 261)
_AF_UNIX = 1
_HARMLESS_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIO(N)CLEX
_HARMLESS_PRCTLS = (3, 15, 16, 0x53564D41)  # get dumpable, set and get name, name anonymous memory

_LD, _JEQ, _JSET, _RET, _ALU_AND = 0x20, 0x15, 0x45, 0x06, 0x54


def _statement(code: int, value: int, on_true: int = 0, on_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, on_true, on_false, value & 0xFFFFFFFF)


def _return(action: int) -> bytes:
    return _statement(_RET, action)


def _error(number: int) -> bytes:
    return _return(_ERRNO | number)


def _when(number: int | None, *body: bytes) -> list[bytes]:
    """Statements for one system call; ``body`` must return."""
    return [] if number is None else [_statement(_JEQ, number, 0, len(body)), *body]


def _argument_is_one_of(values: tuple[int, ...], argument: int) -> list[bytes]:
    checks = [_statement(_LD, _OF_ARGUMENT + 8 * argument)]
    for value in values:
        checks += [_statement(_JEQ, value, 0, 1), _return(_ALLOW)]
    return [*checks, _error(_EPERM)]


def _argument_is_null(argument: int) -> list[bytes]:
    halves = (_OF_ARGUMENT + 8 * argument, _OF_ARGUMENT + 8 * argument + 4)
    checks = [part for half in halves for part in (_statement(_LD, half), _statement(_JEQ, 0, 1, 0), _error(_EPERM))]
    return [*checks, _return(_ALLOW)]


def _argument_lacks(bit: int, argument: int) -> list[bytes]:
    flags = _statement(_LD, _OF_ARGUMENT + 8 * argument)
    return [flags, _statement(_JSET, bit, 0, 1), _error(_EOPNOTSUPP), _return(_ALLOW)]


def _clone(may_fork: bool) -> list[bytes]:
    """Threads always; the server's own fork into a PID namespace (a program lacks the capability); forks if allowed."""
    flags = _statement(_LD, _OF_ARGUMENT)
    return [
        flags,
        _statement(_JEQ, CLONE_NEWPID | _SIGCHLD, 0, 1),
        _return(_ALLOW),
        _statement(_JSET, _NAMESPACES | CLONE_NEWPID, 0, 1),
        _error(_EPERM),
        _statement(_JSET, CLONE_THREAD, 0, 1),
        _return(_ALLOW),
        _return(_ALLOW) if may_fork else _error(_EPERM),
    ]


def server_filter(may_fork: bool, may_execute: bool, may_filter: bool, own_root: bool) -> bytes:
    """Returns the filter under which a server and its programs run.

    Args:
        may_fork: Ordinary forks are allowed: for programs that may, or for a server without PID namespaces.
        may_execute: Other programs may be started.
        may_filter: Processes may put further filters on themselves.
        own_root: They see no file of the host, so that they may change modes and times.
    """
    column = ("x86_64", "aarch64").index(machine())
    prctls = (*_HARMLESS_PRCTLS, PR_SET_SECCOMP) if may_filter else _HARMLESS_PRCTLS
    free = {**_FREE, **_SIGNALLING, **(_CHANGING if own_root else {}), **(_EXECUTING if may_execute else {})}
    code = [
        _statement(_LD, 4),
        _statement(_JEQ, _AUDIT_ARCH[machine()], 1, 0),
        _return(_KILL),
        _statement(_LD, 0),
    ]
    for numbers in free.values():
        code += _when(numbers[column], _return(_ALLOW))
    code += _when(_OPEN[column], *_argument_lacks(_TMPFILE, 1))
    code += _when(_OPENAT[column], *_argument_lacks(_TMPFILE, 2))
    code += _when(_FCNTL[column], *_argument_is_one_of(_FCNTLS, 1))
    code += _when(_SENDTO[column], *_argument_is_null(4))  # an address would be a socket of the host's
    for options in (_SETSOCKOPT, _GETSOCKOPT):
        code += _when(options[column], *_argument_is_one_of(_SOCKET_OPTIONS, 2))
    code += _when(_CLONE[column], *_clone(may_fork))
    code += _when(_FORK[column], _return(_ALLOW) if may_fork else _error(_EPERM))
    code += _when(_CLONE3[column], _error(_ENOSYS))
    code += _when(_SOCKET[column], _error(_EAFNOSUPPORT))
    code += _when(_SOCKETPAIR[column], *_argument_is_one_of((_AF_UNIX,), 0))
    code += _when(_IOCTL[column], *_argument_is_one_of(_HARMLESS_IOCTLS, 1))
    code += _when(_PRCTL[column], *_argument_is_one_of(prctls, 0))
    code += _when(_PRLIMIT[column], *_argument_is_one_of((0,), 0))
    return b"".join([*code, _error(_EPERM)])


def program_filter(may_fork: bool) -> bytes:
    """Returns the second, small filter for programs whose server has no PID namespace: no signals, no forks."""
    column = ("x86_64", "aarch64").index(machine())
    code = [_statement(_LD, 0)]
    for numbers in (*_SIGNALLING.values(), _PIDFD_OPEN):
        code += _when(numbers[column], _error(_EPERM))
    if not may_fork:
        code += _when(_FORK[column], _error(_EPERM)) + _when(_VFORK[column], _error(_EPERM))
        threads_only = [_statement(_LD, _OF_ARGUMENT), _statement(_JSET, CLONE_THREAD, 1, 0), _error(_EPERM)]
        code += _when(_CLONE[column], *threads_only, _return(_ALLOW))
    return b"".join([*code, _return(_ALLOW)])


def install(program: bytes) -> None:
    """Puts a filter on this process and all its descendants, for good.

    Raises:
        OSError: If the kernel refuses.
    """
    code = ctypes.create_string_buffer(program, len(program))
    descriptor = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code)))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.cast(descriptor, ctypes.c_void_p))
