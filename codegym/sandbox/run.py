"""One job on one worker: what is observed, what it has cost, and the deadline of the test at hand."""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from codegym.sandbox.execution import Observation, Status
from codegym.sandbox.job import Job
from codegym.sandbox.process import BEGIN_SECONDS, Process, ServerGone
from codegym.sandbox.server import Server

_NOT_RUN = Observation(status=Status.NOT_RUN)
_MIN_TICK = 0.002
_MAX_TICK = 0.5
_WORTH_LOOKING = 0.1
_MOST_WAITING = 2
"""A test may be kept waiting by the machine for this many times its wall-clock limit: then it ends all the same."""
CALLER_SECONDS = 0.5
"""CPU seconds that one program may cost the caller's process, most of all by answers that are long to read."""
_SECONDS_FOR_ACTION = 0.001


@dataclass
class Run:
    """A job in progress.

    Attributes:
        job: What is to be tried.
        server: Gives the server for a role (``"program"`` or ``"script"``), starting it if need be.
        observed: What is kept of what has been seen so far, by the action's index.
        spent: Seconds of the program's budget that are used up: CPU time, or the wall-clock time of tests that slept,
            counted so that a test that sleeps through its wall-clock limit costs as much as one that uses up its CPU
            time.
        began: CPU seconds that this thread had used up before the job.
        used_handles: A test script called, or changed, objects of the program with values of its own.
        stopped: The job stops early and an action was not accepted: nothing more is to be tried.
    """

    job: Job
    server: Callable[[str], Server]
    observed: dict[int, Observation] = field(default_factory=dict)
    spent: float = 0.0
    began: float = field(default_factory=time.thread_time)
    used_handles: bool = False
    stopped: bool = False

    @property
    def budget_is_spent(self) -> bool:
        """Whether the program has used up what all its tests together may take."""
        return self.spent >= self.job.limits.program_cpu_seconds

    def observe(self, index: int, observation: Observation) -> None:
        """Keeps what the job wants to keep of an observation: what was answered is compared now, and dropped.

        Once the job has stopped early, nothing is added: all actions that were still open count as not run.
        """
        if self.stopped:
            return
        settle = self.job.settle
        kept = self.observed[index] = observation if settle is None else settle(index, observation)
        if self.job.stop_early and kept.accepted is False:
            self.stopped = True
            for other in range(len(self.job.actions)):
                self.observed.setdefault(other, _NOT_RUN)

    @property
    def asks_too_much(self) -> bool:
        """Whether the program has cost this thread more than one program may."""
        return time.thread_time() - self.began > CALLER_SECONDS + _SECONDS_FOR_ACTION * len(self.job.actions)

    def cost(self, cpu: float, wall: float) -> float:
        """Returns what a test costs the budget that took this CPU time and slept the rest of this wall-clock time."""
        limits = self.job.limits
        return max(cpu, wall * min(1.0, limits.cpu_seconds / limits.wall_seconds))

    def request(self, **more: Any) -> dict[str, Any]:
        """Returns what every process of this job is told."""
        return {
            "source": self.job.source,
            "context": self.job.context,
            "entry_point": self.job.entry_point,
            "output_bytes": int(self.job.limits.output_bytes),
            "opaque_results": self.job.opaque_results or _is_class(self.job.entry_point),
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


def _is_class(entry_point: str | None) -> bool:
    """Whether what is tested is a class, by its name: to call its objects' methods is what its tests are for."""
    return bool(entry_point) and str(entry_point)[:1].isupper()


def _at_most_ours(limit: int, value: int) -> int:
    """What this process may not exceed itself (``ulimit``), it cannot grant."""
    most = resource.getrlimit(limit)[1]
    return value if most == resource.RLIM_INFINITY else min(value, most)


@dataclass
class Clock:
    """Watches one process's time, test by test, from outside.

    A test has one deadline, whatever the process says meanwhile: its CPU time, the program's budget, and the wall
    clock, which stands still only while the machine keeps the process waiting.

    Attributes:
        run: The job.
        process: Whose time.
        partner: The process for which it may have to wait: time in which the machine keeps that one waiting does not
            count either.
        cpu_start: CPU seconds of the process when the test began.
        wall_start: When the test began.
        charged: CPU seconds of the process that the budget has been charged for.
        kept_waiting_before: Seconds that the machine had kept each thread of either waiting by then.
        made: When the process was ordered.
        cpu_left_when_ready: CPU seconds left when it was last seen ready to run after its wall-clock time.
    """

    run: Run
    process: Process
    partner: Process | None = None
    cpu_start: float = 0.0
    wall_start: float = field(default_factory=time.monotonic)
    charged: float = 0.0
    kept_waiting_before: list[dict[str, float]] = field(default_factory=list)
    made: float = field(default_factory=time.monotonic)
    cpu_left_when_ready: float = -math.inf

    def restart(self) -> None:
        """A test begins."""
        if time.monotonic() - self.wall_start > _WORTH_LOOKING:
            self.kept_waiting_before = self._kept_waiting_ever()
        self.cpu_start, self.wall_start = self.process.cpu_seconds(), time.monotonic()

    def charge(self) -> tuple[float, float]:
        """Charges the budget for the test that has ended; returns its CPU and wall seconds. The next one begins."""
        cpu, wall = self.elapsed()
        waited = 0.0
        if wall > _WORTH_LOOKING:
            waited, self.kept_waiting_before = self._kept_waiting(), self._kept_waiting_ever()
        self.run.spent += self.run.cost(cpu, wall - waited)
        self.charged += cpu
        self.cpu_start += cpu
        self.wall_start += wall
        return cpu, wall

    def close(self) -> None:
        """Ends the process and charges the budget for what no test was charged with: its end, and its children."""
        report = self.process.finish()
        self.run.spent += max(0.0, report.cpu_seconds - self.charged)

    def exceeded(self) -> Status | None:
        """Returns the limit that is used up, or None.

        Raises:
            ServerGone: If the process has not begun in all this time: that is the machine's fault.
        """
        if not self.process.started and self.process.report is None:
            if time.monotonic() > self.made + BEGIN_SECONDS:
                raise ServerGone("a process did not begin")
            self.wall_start = time.monotonic()  # until the program's code may run, its time does not
            return None
        limits = self.run.job.limits
        cpu, wall = self.elapsed()
        if self.process.report is not None:
            return None  # it is over: how it ended is what counts
        budget = limits.program_cpu_seconds - self.run.spent
        if cpu >= limits.cpu_seconds:
            return Status.CPU_TIMEOUT
        if cpu >= budget:
            return Status.BUDGET
        if wall < limits.wall_seconds and self.run.cost(cpu, wall) < budget:
            return None
        awake = wall - self._kept_waiting()
        if self.run.cost(cpu, awake) >= budget:
            return Status.BUDGET
        is_late = wall >= limits.wall_seconds * (1 + _MOST_WAITING)
        if not is_late and (awake < limits.wall_seconds or self._may_be_waiting(limits.cpu_seconds - cpu)):
            return None
        return Status.WALL_TIMEOUT

    def _may_be_waiting(self, cpu_left: float) -> bool:
        """Whether it may be kept waiting right now: the kernel counts that only once it runs again.

        A process that is ready to run either waits, or its CPU time goes on; when it does, all waiting is counted.
        """
        if self.run.job.limits.processes > 1 or not any(process.is_ready() for process in self._both()):
            return False
        before, self.cpu_left_when_ready = self.cpu_left_when_ready, cpu_left
        return cpu_left >= before

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
        limits = self.run.job.limits
        cpu, wall = self.elapsed()
        budget = limits.program_cpu_seconds - self.run.spent - self.run.cost(cpu, wall)
        left = min(limits.cpu_seconds - cpu, limits.wall_seconds - wall, budget)
        return min(_MAX_TICK, max(_MIN_TICK, left))

    def elapsed(self) -> tuple[float, float]:
        """Returns CPU and wall seconds since the test began."""
        return max(0.0, self.process.cpu_seconds() - self.cpu_start), time.monotonic() - self.wall_start
