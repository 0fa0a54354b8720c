"""The folder in which programs may write: each program that uses it leaves, and finds, nothing.

A program that has written gets its successor a new, empty file system. Removing what it left would not do: a folder
may be deep, its rights and times are messages, and so are the numbers that a file system gives its files one by one.
"""

from __future__ import annotations

import _socket
import fcntl
import os
import signal

from .kernel import MNT_DETACH, MS_NOATIME, MS_NODEV, MS_NOSUID, PR_SET_PDEATHSIG, mount, prctl, umount

WORK = "/tmp"
HOME = "/scratch"
"""Landlock knows a mounted folder by what lies above it."""
FOLDER = f"{HOME}/now"
_INODES = 2048
_ABOVE_PROGRAMS = 16
"""Programs find their descriptors below, whatever lies there."""


class ScratchFolder:
    """Looks after the scratch folder, from inside the programs' root.

    Mounting takes rights that the server gives up; a process that it has forked before keeps them, and does nothing
    else. Programs, in PID namespaces of their own, do not see it.

    Args:
        size: Bytes that the folder may hold.
        owner: The user that programs run as.

    Attributes:
        keeper: The process that renews it.
    """

    def __init__(self, size: int, owner: int) -> None:
        self.options = f"size={size},nr_inodes={_INODES},mode=700,uid={owner},gid={owner}"
        self._mount()
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self.keeper = os.fork()
        if self.keeper == 0:
            ours.close()
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            self._renew_when_asked(theirs)
        theirs.close()
        self._line = _socket.socket(fileno=fcntl.fcntl(ours.fileno(), fcntl.F_DUPFD_CLOEXEC, _ABOVE_PROGRAMS))
        ours.close()
        self._enter()

    def renew_if_used(self) -> None:
        """Replaces the folder, if anything in it may have changed."""
        now = os.stat(WORK)
        if (now.st_ctime_ns, now.st_mtime_ns, now.st_size) != self._untouched:
            self._line.send(b"!")
            self._line.recv(1)
            self._enter()

    def _enter(self) -> None:
        os.chdir(WORK)
        now = os.stat(WORK)
        self._untouched = now.st_ctime_ns, now.st_mtime_ns, now.st_size

    def _mount(self) -> None:
        mount("codegym", FOLDER, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOATIME, self.options)
        # Its times are kept by the kernel's clock tick: a change right after would not show in a time of now.
        os.utime(FOLDER, (0, 0))

    def _renew_when_asked(self, asked: _socket.socket) -> None:
        os.chdir("/")
        os.closerange(0, asked.fileno())
        os.closerange(asked.fileno() + 1, 1024)
        while asked.recv(1):
            umount(FOLDER, MNT_DETACH)
            self._mount()
            asked.send(b"!")
        os._exit(0)
