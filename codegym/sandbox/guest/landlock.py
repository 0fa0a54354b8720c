"""Landlock: what of the file system, the network and other processes the kernel lets a process touch."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping

from .kernel import call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14
READ = READ_FILE | READ_DIR
WORK = READ | WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER | _TRUNCATE
_ALL_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_VERSION, _NET_TCP = 4, 3
_SCOPE_VERSION, _SCOPE_ABSTRACT_AND_SIGNALS = 6, 3


class _Ruleset(ctypes.Structure):
    _fields_ = [("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("access", ctypes.c_uint64), ("fd", ctypes.c_int32)]


def version() -> int:
    """Returns Landlock's version in this kernel.

    Raises:
        OSError: If there is none.
    """
    return call(_CREATE_RULESET, 0, 0, _VERSION)


def restrict(rules: Mapping[str, int]) -> int:
    """Restricts this process and all its descendants to some paths; TCP, where the kernel can, to nothing.

    Args:
        rules: Access rights by path.

    Returns:
        Landlock's version in this kernel.

    Raises:
        OSError: If there is none.
    """
    abi = version()
    handled = _ALL_BY_VERSION[min(abi, 5)]
    attributes = _Ruleset(
        handled,
        _NET_TCP if abi >= _NET_VERSION else 0,
        _SCOPE_ABSTRACT_AND_SIGNALS if abi >= _SCOPE_VERSION else 0,
    )
    size = 8 if abi < _NET_VERSION else 16 if abi < _SCOPE_VERSION else 24
    ruleset = call(_CREATE_RULESET, ctypes.cast(ctypes.pointer(attributes), ctypes.c_void_p), size, 0)
    try:
        for path, access in rules.items():
            _allow(ruleset, path, access & handled)
        call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return abi


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no permission
    try:
        if not os.path.isdir(path):
            access &= EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE
        rule = _PathBeneath(access, fd)
        call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.cast(ctypes.pointer(rule), ctypes.c_void_p), 0)
    finally:
        os.close(fd)
