"""What a process holds: memory, descriptors, processes, mounts, files. What grows in a soak is a leak."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One look.

    Attributes:
        second: Since the watch began.
        programs: How many had been judged.
        own_mib: Resident memory of this process.
        servers_mib: Proportional to nothing: the sum of the resident memory of all processes below it.
        descriptors: Open in this process.
        processes: Living below this process.
        zombies: Ended below this process and not waited for.
        mounts: In this mount namespace.
        files: In the temporary folder and in /dev/shm.
        system_v: Shared memory segments, semaphores and queues.
    """

    second: float
    programs: int
    own_mib: float
    servers_mib: float
    descriptors: int
    processes: int
    zombies: int
    mounts: int
    files: int
    system_v: int


class Watch:
    """Takes samples.

    Args:
        folder: The temporary folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.start = folder, time.monotonic()
        self.samples: list[Sample] = []

    def look(self, programs: int) -> Sample:
        """Takes a sample and keeps it."""
        family = list(_descendants(os.getpid()))
        living = [pid for pid, state in family if state != "Z"]
        files = sum(1 for place in (self.folder, Path("/dev/shm")) for _ in place.rglob("*"))
        tables = [Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:] for kind in ("shm", "sem", "msg")]
        self.samples.append(
            Sample(
                second=round(time.monotonic() - self.start, 1),
                programs=programs,
                own_mib=_resident(os.getpid()),
                servers_mib=round(sum(map(_resident, living)), 1),
                descriptors=len(os.listdir("/proc/self/fd")),
                processes=len(living),
                zombies=len(family) - len(living),
                mounts=len(Path("/proc/self/mountinfo").read_text().splitlines()),
                files=files,
                system_v=sum(map(len, tables)),
            )
        )
        return self.samples[-1]

    def growth(self) -> dict[str, tuple[float, float]]:
        """For each quantity its median in the second and in the last quarter of the samples."""
        count = len(self.samples)
        early, late = self.samples[count // 4 : count // 2] or self.samples, self.samples[3 * count // 4 :]
        names = [name for name in asdict(self.samples[0]) if name not in ("second", "programs")]
        return {name: (_middle(early, name), _middle(late, name)) for name in names}


def _middle(samples: list[Sample], name: str) -> float:
    values = sorted(float(getattr(sample, name)) for sample in samples)
    return values[len(values) // 2]


def _resident(pid: int) -> float:
    try:
        return round(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20, 1)
    except (OSError, IndexError):
        return 0.0


def _descendants(pid: int) -> Iterator[tuple[int, str]]:
    parents: dict[int, tuple[int, str]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                state, parent = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[:2]
            except (OSError, ValueError):
                continue
            parents[int(entry)] = (int(parent), state)
    for number, (above, state) in parents.items():
        while above not in (0, pid) and above in parents:
            above = parents[above][0]
        if above == pid:
            yield number, state
