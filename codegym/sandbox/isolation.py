"""What stands between a program and the machine, layer by layer, as the server found it out by trying."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from codegym.errors import IsolationError
from codegym.sandbox.server import Server, ServerSettings

_log = logging.getLogger("codegym.sandbox")


class IsolationMode(StrEnum):
    """How much isolation the caller asks for."""

    STRICT = "strict"
    """Every layer, or refuse to run."""
    AUTO = "auto"
    """Every layer that the kernel grants; what is missing is named."""
    NONE = "none"
    """Resource limits only, for programs that one trusts."""


LAYERS = {
    "user": "a user namespace: no rights outside, whatever happens inside",
    "mount": "a mount namespace: mounts of its own, gone with the server",
    "network": "a network namespace without any interface",
    "ipc": "an IPC namespace: no shared memory, queues or semaphores of others",
    "uts": "a UTS namespace: a host name of its own",
    "pid": "a PID namespace for each program: it sees nobody, and all its descendants die with it",
    "root": "a root of its own: the interpreter's library read-only, a small tmpfs for work, nothing of the host",
    "private_uid": "a user of its own, whom nothing on the machine belongs to",
    "environment": "an empty environment",
    "capabilities": "no capabilities",
    "no_new_privs": "no way to gain rights by starting another program",
    "landlock": "Landlock: files by a closed list of paths, no TCP, no signals or sockets beyond the sandbox",
    "seccomp": "a seccomp filter: a closed list of system calls",
    "descriptors": "no open descriptor but the program's own streams and its channel",
    "rlimits": "limits on memory, CPU time, processes, file size, descriptors and core files",
}
"""Every layer by name, with what it does."""

KEPT_WITHOUT_ISOLATION = frozenset({"environment", "descriptors", "rlimits"})
"""Layers that stay in force with ``isolation="none"``: they cost nothing and cannot be refused."""

_NAMESPACE_REMEDY = (
    "Allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces>0, "
    "kernel.apparmor_restrict_unprivileged_userns=0; in Docker: --security-opt seccomp=unconfined)."
)
_NEED_PROC = frozenset({"user", "mount", "network", "ipc", "uts", "pid", "root", "private_uid"})
_REMEDIES = {
    **dict.fromkeys(("user", "mount", "network", "ipc", "uts", "pid", "root"), _NAMESPACE_REMEDY),
    "private_uid": "Run as an ordinary user, or let root of this container map other users.",
    "landlock": "Boot a kernel 5.13 or newer with landlock in the lsm= list.",
    "seccomp": "Use a kernel with CONFIG_SECCOMP_FILTER on x86_64 or aarch64.",
}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer.

    Attributes:
        name: Its name in :data:`LAYERS`.
        active: Whether it is in force.
        description: What it does; where it is not in force, why not.
        remedy: What to do to have it, empty where nothing is to be done.
    """

    name: str
    active: bool
    description: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Isolation:
    """All layers, in the order in which they are entered."""

    mode: IsolationMode
    layers: tuple[Layer, ...]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __getitem__(self, name: str) -> Layer:
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)

    @property
    def missing(self) -> tuple[Layer, ...]:
        """The layers that are not in force, though they could do something here."""
        return tuple(layer for layer in self.layers if not layer.active and layer.remedy)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


def switched_off(mode: IsolationMode) -> frozenset[str]:
    """Returns the layers that a mode leaves out."""
    return frozenset(LAYERS) - KEPT_WITHOUT_ISOLATION if mode is IsolationMode.NONE else frozenset()


@lru_cache(maxsize=32)
def examine(settings: ServerSettings, mode: IsolationMode) -> Isolation:
    """Starts a server to see which layers this machine grants.

    Raises:
        IsolationError: If the mode is strict and a layer is missing.
        InfrastructureError: If no server starts at all.
    """
    server = Server(settings)
    server.await_ready()
    server.close()
    return isolation_of(server, mode)


def _remedy(name: str) -> str:
    if name in _NEED_PROC and not os.path.exists("/proc/self/uid_map"):
        return "Mount /proc (mount -t proc proc /proc)."
    return _REMEDIES.get(name, "See docs/judge.md.")


@lru_cache(maxsize=32)
def warn_of_missing(layers: str) -> None:
    """Says once what programs run without, where nobody asked for that.

    Args:
        layers: Their names, for people; empty where nothing is missing.
    """
    if layers:
        _log.warning("Programs are isolated without: %s. See Judge.isolation, or run: codegym doctor", layers)


def isolation_of(server: Server, mode: IsolationMode) -> Isolation:
    """Returns what is in force in a server; with ``auto``, what is missing is logged once.

    Raises:
        IsolationError: If the mode is strict and a layer is missing: a machine may refuse one later that it granted.
    """
    layers = []
    for name, description in LAYERS.items():
        if name in server.layers["active"]:
            layers.append(Layer(name=name, active=True, description=description))
            continue
        reason = str(server.layers["refused"].get(name, "unknown"))
        needless = mode is IsolationMode.NONE or (name == "private_uid" and reason.startswith("not root"))
        remedy = "" if needless else _remedy(name)
        layers.append(Layer(name=name, active=False, description=f"not in force: {reason}", remedy=remedy))
    isolation = Isolation(mode=mode, layers=tuple(layers))
    if mode is IsolationMode.AUTO:
        warn_of_missing(", ".join(layer.name for layer in isolation.missing))
    if mode is IsolationMode.STRICT and not isolation.is_complete:
        named = "; ".join(f"{layer.name}: {layer.description}. {layer.remedy}" for layer in isolation.missing)
        raise IsolationError(
            f'isolation="strict" asks for every layer, and this machine refuses: {named} '
            f'Or use isolation="auto" to run with what there is.'
        )
    return isolation
