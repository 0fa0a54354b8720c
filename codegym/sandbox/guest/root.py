"""A root of the server's own: the interpreter's library read-only, a device or two, a small folder for work."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable

from .kernel import (
    MS_BIND,
    MS_NODEV,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    mount,
    pivot_root_here,
    set_mount_flags,
)
from .scratch_folder import FOLDER, WORK

_STAGES = ("/mnt", "/tmp", "/run", "/var", "/dev/shm")
_ZONES = "/usr/share/zoneinfo"
"""Data of time zones, which the ``zoneinfo`` of the standard library reads."""
_SYSTEM = ("/bin", "/lib", "/lib64")
_FOREIGN = ("site-packages", "dist-packages", "test")
_PARTS = frozenset({"lib-dynload", "__pycache__", "__phello__", *sys.stdlib_module_names})


def interpreter_paths(with_programs: bool) -> dict[str, str]:
    """Returns what the interpreter reads while it runs, by the path where it must be seen.

    Args:
        with_programs: Include the interpreter itself and what starts it, for programs that may start others.
    """
    library = sysconfig.get_path("stdlib")
    paths = {library, os.path.realpath(library), sysconfig.get_path("platstdlib"), *_shared_libraries(library)}
    paths.add(_ZONES)
    if with_programs:
        paths |= {os.path.realpath(sys.executable), *map(os.path.realpath, _SYSTEM)}
    return {path: path for path in sorted(paths) if os.path.exists(path)}


def readable(paths: Iterable[str]) -> dict[str, bool]:
    """Returns what programs may read, and whether with all that lies below: of the standard library its own parts only.

    Packages often lie among them, and in these what programs are judged by.

    Args:
        paths: What the interpreter reads, as :func:`interpreter_paths` gives it.
    """
    libraries = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    libraries |= set(map(os.path.realpath, libraries))
    found: dict[str, bool] = {}
    for path in paths:
        if path not in libraries:
            found[path] = True
            continue
        found[path] = False  # the import system lists the folder
        for entry in os.scandir(path):
            stem = entry.name.partition(".")[0]
            if stem in _PARTS or stem.startswith("_sysconfigdata"):
                found[entry.path] = True
    return found


def _shared_libraries(standard_library: str) -> set[str]:
    """C libraries that are loaded now, with their neighbours: extension modules of the standard library need them."""
    if not os.path.exists("/proc/self/maps"):
        return set()
    with open("/proc/self/maps") as maps:
        loaded = {line.split(maxsplit=5)[5].strip() for line in maps if line.rstrip().endswith(".so") or ".so." in line}
    found = set()
    for path in loaded:
        folder = os.path.dirname(path)
        if path.startswith("/") and not folder.startswith(standard_library):
            found.add(path if standard_library.startswith(folder) else folder)
    return found


def enter(folders: dict[str, str], devices: Iterable[str]) -> None:
    """Builds the root and moves into it.

    Args:
        folders: What is bound, read-only, by the path where it is to be seen.
        devices: The devices that are there, ``/dev/null``.
    """
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    os.umask(0o022)
    stage = _free_folder(folders)
    mount("codegym", stage, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    os.chdir(stage)
    os.makedirs(FOLDER[1:])
    os.symlink(FOLDER[1:], WORK[1:])
    for seen, path in folders.items():
        _bind(path, seen)
    for path in _SYSTEM:
        if os.path.islink(path) and not os.path.lexists(path[1:]):
            os.symlink(os.readlink(path), path[1:])
    os.mkdir("dev")
    # Locks and shared memory of ``multiprocessing`` are files there; what is left is cleared away with the other files.
    os.symlink(WORK, "dev/shm")
    for device in devices:
        os.close(os.open(device[1:], os.O_CREAT | os.O_WRONLY))
        mount(device, device[1:], None, MS_BIND)
        set_mount_flags(device[1:], MS_RDONLY | MS_NOSUID)
    pivot_root_here()
    set_mount_flags("/", MS_RDONLY | MS_NOSUID | MS_NODEV, recursive=False)


def _free_folder(folders: dict[str, str]) -> str:
    """Returns a folder on which the new root can be built without hiding what belongs in it."""
    for stage in _STAGES:
        if os.path.isdir(stage) and not any(path.startswith(stage + "/") for path in folders.values()):
            return stage
    raise FileNotFoundError(f"none of {', '.join(_STAGES)} exists and is free")


def _bind(path: str, seen: str) -> None:
    target = seen.lstrip("/")
    if os.path.isdir(target):
        return  # inside a folder that is bound already
    if os.path.isdir(path):
        os.makedirs(target)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
    mount(path, target, None, MS_BIND | MS_REC)
    set_mount_flags(target, MS_RDONLY | MS_NOSUID | MS_NODEV)
    for name in _FOREIGN if os.path.isdir(target) else ():
        if os.path.isdir(f"{target}/{name}"):
            mount("none", f"{target}/{name}", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k,mode=755")
