"""One job on one worker: from actions to observations."""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from codegym.sandbox.execution import Observation, Status
from codegym.sandbox.job import Job
from codegym.sandbox.server import BEGIN_SECONDS, Process, Server, ServerGone

_MIN_TICK = 0.002
_MAX_TICK = 0.5
_WORTH_LOOKING = 0.1
QUIET_SECONDS = 0.005
"""So long nobody is woken for a single answer: most programs are over by then."""


@dataclass
class Run:
    """A job in progress.

    Attributes:
        job: What is to be tried.
        server: Gives the server for a role (``"program"`` or ``"script"``), starting it if need be.
        observed: What has been seen so far, by the action's index.
        spent: CPU seconds of the program's processes that have ended; a test that slept through its wall-clock limit
            counts as one that used up its CPU limit, so that sleeping has a budget, too.
    """

    job: Job
    server: Callable[[str], Server]
    observed: dict[int, Observation] = field(default_factory=dict)
    spent: float = 0.0

    @property
    def budget_is_spent(self) -> bool:
        """Whether the program has used up what all its tests together may take."""
        return self.spent >= self.job.limits.program_cpu_seconds

    def request(self, **more: Any) -> dict[str, Any]:
        """Returns what every process of this job is told."""
        return {
            "source": self.job.source,
            "context": self.job.context,
            "entry_point": self.job.entry_point,
            "output_bytes": int(self.job.limits.output_bytes),
            **more,
        }

    def rlimits(self) -> dict[int, int]:
        """Returns the resource limits of a process of this job: the backstop behind the clocks."""
        limits = self.job.limits
        wanted = {
            resource.RLIMIT_AS: int(limits.memory_bytes),
            resource.RLIMIT_CPU: int(limits.program_cpu_seconds) + 2,
            resource.RLIMIT_FSIZE: int(limits.memory_bytes),
        }
        return {limit: _at_most_ours(limit, value) for limit, value in wanted.items()}


def _at_most_ours(limit: int, value: int) -> int:
    """What this process may not exceed itself (``ulimit``), it cannot grant."""
    most = resource.getrlimit(limit)[1]
    return value if most == resource.RLIM_INFINITY else min(value, most)


@dataclass
class Clock:
    """Watches one test's time on one process, from outside.

    Attributes:
        run: The job.
        process: Whose time.
        partner: The process for which it may have to wait: time in which the machine keeps that one waiting does not
            count either.
        cpu_start: CPU seconds of the process when the test began.
        wall_start: When the test began.
        kept_waiting_before: Seconds that the machine had kept each thread of either waiting by then.
        made: When the process was ordered.
        cpu_left_when_ready: CPU seconds left when it was last seen ready to run after its wall-clock time.
    """

    run: Run
    process: Process
    partner: Process | None = None
    cpu_start: float = 0.0
    wall_start: float = field(default_factory=time.monotonic)
    kept_waiting_before: list[dict[str, float]] = field(default_factory=list)
    made: float = field(default_factory=time.monotonic)
    cpu_left_when_ready: float = -math.inf

    def restart(self) -> None:
        """A test begins."""
        if time.monotonic() - self.wall_start > _WORTH_LOOKING:
            self.kept_waiting_before = self._kept_waiting_ever()
        self.cpu_start, self.wall_start = self.process.cpu_seconds(), time.monotonic()

    def exceeded(self) -> Status | None:
        """Returns the limit that is used up, or None.

        Raises:
            ServerGone: If the process has not begun in all this time: that is the machine's fault.
        """
        if not self._has_begun():
            return None
        cpu, budget, wall = self._left()
        if self.process.report is not None:
            return None  # it is over: how it ended is what counts
        if cpu <= 0:
            return Status.CPU_TIMEOUT
        if budget <= 0:
            return Status.BUDGET
        if wall > 0 or wall + self._kept_waiting() > 0 or self._may_be_waiting(cpu):
            return None
        return Status.WALL_TIMEOUT

    def charge(self, status: Status) -> None:
        """Charges a test that is ended for a limit: one that slept costs the budget as much as one that computed."""
        if status is Status.WALL_TIMEOUT:
            self.run.spent += self.run.job.limits.cpu_seconds

    def _may_be_waiting(self, cpu_left: float) -> bool:
        """Whether it may be kept waiting right now: the kernel counts that only once it runs again.

        A process that is ready to run either waits, or its CPU time goes on; when it does, all waiting is counted.
        """
        if self.run.job.limits.processes > 1 or not any(process.is_ready() for process in self._both()):
            return False
        before, self.cpu_left_when_ready = self.cpu_left_when_ready, cpu_left
        return cpu_left >= before

    def _has_begun(self) -> bool:
        """Whether the program's code may run; until then its time does not."""
        if not self.process.started:
            self.process.drain()
        if not self.process.started and self.process.report is None:
            if time.monotonic() > self.made + BEGIN_SECONDS:
                raise ServerGone("a process did not begin")
            self.wall_start = time.monotonic()
            return False
        return True

    def _kept_waiting(self) -> float:
        """Seconds that the process was ready to run and the machine did something else: not the program's.

        Its own threads may be that something else, and many wait at once: beyond the one that waited longest, it is at
        most as long again. Where the program may fork, its own children may be it, even for that one.
        """
        befores = self.kept_waiting_before or [{}, {}]
        waited = [
            [seconds - before.get(thread, 0.0) for thread, seconds in now.items()]
            for now, before in zip(self._kept_waiting_ever(), befores, strict=False)
        ]
        limits = self.run.job.limits
        longest = sum(max(seconds, default=0.0) for seconds in waited) if limits.processes == 1 else 0.0
        return max(longest, min(sum(map(sum, waited)), limits.wall_seconds))

    def _kept_waiting_ever(self) -> list[dict[str, float]]:
        return [process.seconds_kept_waiting() for process in self._both()]

    def _both(self) -> tuple[Process, ...]:
        return (self.process,) if self.partner is None else (self.process, self.partner)

    def tick(self) -> float:
        """Returns how many seconds one may wait before the next look."""
        return min(_MAX_TICK, max(_MIN_TICK, min(self._left())))

    def elapsed(self) -> tuple[float, float]:
        """Returns CPU and wall seconds since the test began."""
        return max(0.0, self.process.cpu_seconds() - self.cpu_start), time.monotonic() - self.wall_start

    def _left(self) -> tuple[float, float, float]:
        limits, cpu = self.run.job.limits, self.process.cpu_seconds()
        return (
            limits.cpu_seconds - (cpu - self.cpu_start),
            limits.program_cpu_seconds - self.run.spent - cpu,
            limits.wall_seconds - (time.monotonic() - self.wall_start),
        )
