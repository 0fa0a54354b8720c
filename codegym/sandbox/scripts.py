"""Script tests that need a process of their own: the script there, the program here, a conversation between them."""

from __future__ import annotations

import hashlib
import socket
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from codegym.sandbox.assertions import NOTHING_ASSERTED, asserts_something
from codegym.sandbox.execution import Failure, Observation, Status
from codegym.sandbox.exit_status import ended, failure_of, raised, stuck
from codegym.sandbox.guest.channel import frame
from codegym.sandbox.guest.codec import Codec
from codegym.sandbox.guest.refusal import CodecError
from codegym.sandbox.run import Clock, Run
from codegym.sandbox.server import Process

_LOADING = ("failed", "missing", "exceeded")
_NOT_WELL = frozenset({Status.CPU_TIMEOUT, Status.WALL_TIMEOUT, Status.BUDGET, Status.TAMPERED})
"""After these the processes cannot be asked again."""
_NO_TEST = Observation(status=Status.FAULTY, detail=NOTHING_ASSERTED)
_MOST_VETTED = 2**16
_VETTED: OrderedDict[bytes, Observation | None] = OrderedDict()
"""What became of scripts that were tried on functions that are surely wrong, by all that this depends on.

Each is tried once, when it first says yes: a script that says yes to everything is no test. Shared by all judges.
"""


def run_scripts(run: Run, scripts: dict[int, str]) -> None:
    """Observes script actions: one pair of processes for all of them, a new pair after a crash or a timeout."""
    waiting = dict(scripts)
    while waiting:
        if run.budget_is_spent:
            for index in waiting:
                run.observed[index] = Observation(status=Status.BUDGET)
            return
        pair = _Pair(run)
        try:
            pair.run_while_well(waiting)
        finally:
            pair.close()


def run_together(run: Run, scripts: dict[int, str]) -> None:
    """Observes scripts that share a process with the program: a fresh process for each."""
    for index, script in scripts.items():
        if run.budget_is_spent:
            run.observed[index] = Observation(status=Status.BUDGET)
            continue
        process = run.server("program").start("together", run.request(script=script), run.rlimits())
        clock = Clock(run, process)
        try:
            told = await_message(run, process, clock, clock)
        finally:
            report = process.finish()
            run.spent += report.cpu_seconds
        if isinstance(told, list):
            told = _not_loaded(told) if told[0] in _LOADING else _observed(told)
        run.observed[index] = replace(
            _NO_TEST if told.status is Status.OK and not asserts_something(script) else told,
            cpu_seconds=report.cpu_seconds,
            wall_seconds=clock.elapsed()[1],
            peak_memory_bytes=report.peak_memory_bytes,
        )


def await_message(run: Run, process: Process, clock: Clock, other_clock: Clock) -> list[Any] | Observation:
    """Returns the next message of a process, or what kept it from coming.

    Args:
        run: The job.
        process: Whose message.
        clock: The program's time.
        other_clock: The script's.
    """
    while True:
        is_over = process.report is not None
        try:
            process.drain()
            messages = process.take()
        except CodecError as error:
            return Observation(status=Status.TAMPERED, detail=str(error)[:200])
        if messages:
            return list(messages[0])
        if is_over:
            assert process.report is not None
            if process is clock.process:
                return ended(process.report, run.job.limits)
            return Observation(status=Status.REFUSED, detail="the test script ended its process")
        if (status := clock.exceeded() or other_clock.exceeded()) is not None and not process.has_news():
            clock.charge(status)
            return stuck(clock.process, status, run.job.source, process is clock.process)
        process.wait(min(clock.tick(), other_clock.tick()), [process.channel.fileno()])


class _Pair:
    """The program's process, the script's process, and the socket between them."""

    def __init__(self, run: Run) -> None:
        self.run = run
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours, theirs:
            request = run.request()
            self.program = run.server("program").start("program", request, run.rlimits(), [ours.fileno()])
            request = run.request(context=run.job.context + "\n" + run.job.script_context)
            try:
                self.script = run.server("script").start("script", request, run.rlimits(), [theirs.fileno()])
            except BaseException:
                self.program.finish()
                raise
        self.is_well = True
        self.clock = Clock(run, self.program, self.script)
        self.script_clock = Clock(run, self.script, self.program)

    @property
    def is_over(self) -> bool:
        """Whether the processes can be asked no more."""
        return not self.is_well or self.script.report is not None

    def close(self) -> None:
        """Ends both processes."""
        try:
            self.run.spent += self.program.finish().cpu_seconds
        finally:
            self.script.finish()

    def run_while_well(self, waiting: dict[int, str]) -> None:
        """Takes scripts off ``waiting`` until it is empty or a process is done with."""
        loaded = await_message(self.run, self.program, self.clock, self.script_clock)
        if isinstance(loaded, Observation) or loaded != ["loaded"]:
            observation = loaded if isinstance(loaded, Observation) else _not_loaded(loaded)
            observation = self._timed(observation)
            for index in tuple(waiting):
                self.run.observed[index] = observation
                del waiting[index]
            return
        while waiting:
            index = next(iter(waiting))
            script = waiting.pop(index)
            told = self._say(script)
            is_lost = isinstance(told, list) and told[0] == "gone"
            if isinstance(told, list):
                told = self._lost(told) if is_lost else _observed(told)
            self.run.observed[index] = self._timed(told)
            if told.status is Status.OK and (fault := self._fault_of(script)) is not None:
                self.run.observed[index] = fault
            if is_lost or told.status in _NOT_WELL or self.is_over:
                return
            self.clock.restart()
            self.script_clock.restart()

    def _fault_of(self, script: str) -> Observation | None:
        """Returns why a script is no test: it can say no to nothing, or says yes to what is surely wrong, too."""
        if not asserts_something(script):
            return _NO_TEST
        job = self.run.job
        parts = (script, job.context, job.script_context, job.entry_point or "")
        key = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
        if key not in _VETTED:
            spent = self.run.spent  # what the test costs here is not the program's
            self.clock.restart()
            self.script_clock.restart()
            told = self._say(["vet", script])
            self.run.spent = spent
            self.is_well = isinstance(told, list) and told[0] != "gone"
            observed = _observed(told) if isinstance(told, list) else None
            _VETTED[key] = observed if observed is not None and observed.status is Status.FAULTY else None
            while len(_VETTED) > _MOST_VETTED:
                _VETTED.popitem(last=False)
        return _VETTED[key]

    def _say(self, order: Any) -> list[Any] | Observation:
        try:
            self.script.channel.sendall(frame(Codec().encode(order)))
        except OSError:
            return Observation(status=Status.REFUSED, detail="the test script's process ended")
        return await_message(self.run, self.script, self.clock, self.script_clock)

    def _lost(self, told: list[Any]) -> Observation:
        """The script says that the program is gone: how?"""
        if told[1:] == ["exceeded"]:
            return Observation(status=Status.OUTPUT)
        if told[1:] == ["tampered"]:
            return Observation(status=Status.TAMPERED, detail="the program wrote something else than answers")
        self.program.wait(0.2)
        return ended(self.program.kill(), self.run.job.limits)

    def _timed(self, observation: Observation) -> Observation:
        cpu, wall = self.clock.elapsed()
        return replace(observation, cpu_seconds=cpu, wall_seconds=wall)


def _not_loaded(message: list[Any]) -> Observation:
    match message:
        case ["failed", failure]:
            return raised(failure)
        case ["missing"]:
            return Observation(status=Status.MISSING)
        case ["exceeded"]:
            return Observation(status=Status.OUTPUT)
        case ["exceeded", failure]:
            return Observation(status=Status.OUTPUT, failure=failure_of(failure))
    return Observation(status=Status.TAMPERED, detail="not what the harness writes")


def _observed(message: list[Any]) -> Observation:
    match message:
        case ["ok"]:
            return Observation(status=Status.OK)
        case ["refused", str() as text]:
            return Observation(status=Status.REFUSED, detail=text)
        case ["faulty", str() as text, str() as name]:
            failure = Failure(exception="NameError", message=name) if name else None
            return Observation(status=Status.FAULTY, detail=text, failure=failure)
        case ["raised", failure]:
            try:
                return raised(failure)
            except CodecError as error:
                return Observation(status=Status.TAMPERED, detail=str(error)[:200])
    return Observation(status=Status.TAMPERED, detail="not what the harness writes")
