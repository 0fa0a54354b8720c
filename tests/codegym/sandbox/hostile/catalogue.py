"""All hostile programs, by group."""

from __future__ import annotations

from dataclasses import replace

from hostile import (
    channel,
    compiling,
    deadlines,
    equality,
    exits,
    files,
    kernel,
    network,
    patching,
    processes,
    reading,
    resources,
    streams,
)
from hostile.honest import HONEST_PROGRAMS
from hostile.leftovers import PAIRS
from hostile.record import HostileProgram
from hostile.timing import FAKERS

_GROUPS = {
    "exits": exits,
    "equality": equality,
    "patching": patching,
    "reading": reading,
    "channel": channel,
    "streams": streams,
    "compiling": compiling,
    "deadlines": deadlines,
    "resources": resources,
    "processes": processes,
    "files": files,
    "network": network,
    "kernel": kernel,
}

PROGRAMS: dict[str, HostileProgram] = {
    program.name: replace(program, group=group) for group, module in _GROUPS.items() for program in module.PROGRAMS
}

__all__ = ["FAKERS", "HONEST_PROGRAMS", "PAIRS", "PROGRAMS"]

if len(PROGRAMS) != sum(len(module.PROGRAMS) for module in _GROUPS.values()):
    raise AssertionError("two hostile programs have the same name")
