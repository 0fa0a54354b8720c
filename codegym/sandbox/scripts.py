"""Script tests that need a process of their own: the script there, the program here, a conversation between them."""

from __future__ import annotations

import hashlib
import socket
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from codegym.sandbox.assertions import NOTHING_ASSERTED, asserts_something
from codegym.sandbox.conversation import end_of, next_message, send
from codegym.sandbox.execution import Failure, Observation, Status
from codegym.sandbox.exit_status import failure_of, raised
from codegym.sandbox.guest.codec import Codec
from codegym.sandbox.guest.refusal import CodecError
from codegym.sandbox.run import Clock, Run

_LOADING = ("failed", "missing", "exceeded")
_NO_TEST = Observation(status=Status.FAULTY, detail=NOTHING_ASSERTED)
_MOST_VETTED = 2**16
_VETTED: OrderedDict[bytes, Observation | None] = OrderedDict()
"""What became of scripts that were tried on functions that are surely wrong, by all that this depends on.

Each is tried once, when it first says yes: a script that says yes to everything is no test. Shared by all judges.
"""


def run_scripts(run: Run, scripts: dict[int, str]) -> None:
    """Observes script actions: one pair of processes for all of them, a new pair after a crash or a timeout."""
    waiting = dict(scripts)
    while waiting and not run.stopped:
        if run.budget_is_spent:
            for index in waiting:
                run.observe(index, Observation(status=Status.BUDGET))
            return
        pair = _Pair(run)
        try:
            pair.run_while_well(waiting)
        finally:
            pair.close()


def run_together(run: Run, scripts: dict[int, str]) -> None:
    """Observes scripts that share a process with the program: a fresh process for each."""
    for index, script in scripts.items():
        if run.stopped:
            return
        if run.budget_is_spent:
            run.observe(index, Observation(status=Status.BUDGET))
            continue
        process = run.server("program").start("together", run.request(script=script), run.rlimits())
        clock = Clock(run, process)
        try:
            message = next_message(run, process, clock)
            _, wall = clock.charge()
        finally:
            clock.close()
        if isinstance(message, list):
            message = _not_loaded(message) if message[0] in _LOADING else _observed(message)
        assert process.report is not None
        seen = replace(
            _NO_TEST if message.status is Status.OK and not asserts_something(script) else message,
            cpu_seconds=process.report.cpu_seconds,
            wall_seconds=wall,
            peak_memory_bytes=process.report.peak_memory_bytes,
        )
        run.observe(index, seen)


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

    def close(self) -> None:
        """Ends both processes."""
        try:
            self.clock.close()
        finally:
            self.script.finish()

    def run_while_well(self, waiting: dict[int, str]) -> None:
        """Takes scripts off ``waiting`` until it is empty or a process is done with."""
        loaded = next_message(self.run, self.program, self.clock, is_loading=True)
        if loaded != ["loaded"]:
            observation = loaded if isinstance(loaded, Observation) else _not_loaded(loaded)
            observation = self._timed(observation)
            for index in tuple(waiting):
                self.run.observe(index, observation)
                del waiting[index]
            return
        while waiting:
            index = next(iter(waiting))
            script = waiting.pop(index)
            message = self._say(script)
            self.is_well = isinstance(message, list) and message[0] != "gone"
            if isinstance(message, list):
                message = self._observed(message)
            seen = self._timed(message)
            if seen.status is Status.OK and (fault := self._fault_of(script)) is not None:
                seen = fault
            self.run.observe(index, seen)
            if self.run.stopped or not self.is_well or seen.status is Status.TAMPERED:
                return  # the processes cannot be asked again
            self.clock.restart()
            self.script_clock.restart()

    def _fault_of(self, script: str) -> Observation | None:
        """Returns why a script is no test: it can say no to nothing, or says yes to what is surely wrong, too."""
        if not asserts_something(script):
            return _NO_TEST
        job = self.run.job
        parts = (script, job.context, job.script_context, job.entry_point or "")
        key = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
        # Once a script, not once a program: most scripts are used for thousands of programs.
        if key not in _VETTED:
            spent = self.run.spent  # what the test costs here is not the program's
            # The trial has time of its own: a slow test must not make a right program late.
            self.clock.restart()
            self.script_clock.restart()
            message = self._say(["vet", script])
            self.run.spent = spent
            self.is_well = isinstance(message, list) and message[0] != "gone"
            observed = _observed(message) if isinstance(message, list) else None
            _VETTED[key] = observed if observed is not None and observed.status is Status.FAULTY else None
            while len(_VETTED) > _MOST_VETTED:
                _VETTED.popitem(last=False)
        return _VETTED[key]

    def _say(self, order: Any) -> list[Any] | Observation:
        clocks = self.clock, self.script_clock
        unread = send(self.run, self.script, Codec().encode(order), *clocks)
        message = unread or next_message(self.run, self.script, *clocks)
        if isinstance(message, Observation) and message.status in (Status.EXITED, Status.CRASHED):
            return Observation(status=Status.REFUSED, detail="the test script ended its process")
        return message

    def _observed(self, message: list[Any]) -> Observation:
        if message[0] == "gone":
            return self._lost(message)
        self.run.used_handles = self.run.used_handles or message == ["ok", True]
        return _observed(message)

    def _lost(self, message: list[Any]) -> Observation:
        """The script says that the program is gone: how?"""
        if message[1:] == ["exceeded"]:
            return Observation(status=Status.OUTPUT)
        if message[1:] == ["tampered"]:
            return Observation(status=Status.TAMPERED, detail="the program wrote something else than answers")
        return end_of(self.program)

    def _timed(self, observation: Observation) -> Observation:
        cpu, wall = self.clock.charge()
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
        case ["ok"] | ["ok", True | False]:
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
