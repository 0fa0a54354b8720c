"""A kernel that refuses namespaces, as inside a default container: a seccomp filter on the judge's own process."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

_NEW_NAMESPACES = 0x7E020000 | 0x00000080  # mount, cgroup, UTS, IPC, user, PID, network; time
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBERS = {
    "x86_64": {"unshare": 272, "setns": 308, "mount": 165, "clone3": 435, "clone": 56},
    "aarch64": {"unshare": 97, "setns": 268, "mount": 40, "clone3": 435, "clone": 220},
}


def refuse_namespaces() -> None:
    """Makes this process and all that it starts unable to make or enter a namespace, or to mount.

    Raises:
        OSError: If the kernel takes no filter.
    """
    numbers = _NUMBERS[platform.machine()]
    rules = [(_LOAD, 0, 0, 0)]
    for name, error in (
        ("unshare", errno.EPERM),
        ("setns", errno.EPERM),
        ("mount", errno.EPERM),
        ("clone3", errno.ENOSYS),
    ):
        rules += [(_EQUAL, 0, 1, numbers[name]), (_RETURN, 0, 0, _ERRNO | error)]
    rules += [(_EQUAL, 0, 3, numbers["clone"]), (_LOAD, 0, 0, 16), (_ANY_BIT, 0, 1, _NEW_NAMESPACES & ~0xFF)]
    rules += [(_RETURN, 0, 0, _ERRNO | errno.EPERM), (_RETURN, 0, 0, _ALLOW)]
    code = b"".join(struct.pack("<HBBI", *rule) for rule in rules)
    memory = ctypes.create_string_buffer(code)
    program = struct.pack("<HxxxxxxQ", len(rules), ctypes.addressof(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((38, 1, 0, 0, 0), (22, 2, ctypes.c_char_p(program))):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")
