"""Call tests and literal assertions: one process for all of them, a new one after a crash or a timeout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codegym.sandbox.execution import Observation, Status
from codegym.sandbox.exit_status import ended, failure_of, raised, stuck
from codegym.sandbox.guest.refusal import CodecError
from codegym.sandbox.run import QUIET_SECONDS, Clock, Run
from codegym.sandbox.server import Process


@dataclass(frozen=True)
class Call:
    """One call to the program.

    Attributes:
        action: Index of the action that it belongs to; several calls of a literal script share one.
        payload: Its arguments, encoded.
        accepts: For a literal script: whether a value satisfies the assertion; None for a call action.
        text: The assertion, for people.
    """

    action: int
    payload: bytes
    accepts: Callable[[Any], bool] | None = None
    text: str = ""


def run_calls(run: Run, calls: list[Call]) -> None:
    """Observes every call's action; also those after one that crashed, hung or exited."""
    while calls:
        if run.budget_is_spent:
            for call in calls:
                run.observed[call.action] = Observation(status=Status.BUDGET)
            return
        follower = _Follower(run, calls)
        calls = follower.follow()


def observe_loading(run: Run) -> Observation:
    """Observes a program that nobody calls."""
    follower = _Follower(run, [Call(0, b"")], is_load_only=True)
    follower.follow()
    return run.observed.pop(0)


class _Follower:
    """Reads one process's answers, and says which calls are left when it is over."""

    def __init__(self, run: Run, calls: list[Call], is_load_only: bool = False) -> None:
        self.run, self.calls, self.position = run, calls, 0
        self.is_load_only = is_load_only
        request = run.request(calls=[] if is_load_only else [call.payload for call in calls])
        self.process: Process = run.server("program").start("calls", request, run.rlimits())
        self.clock = Clock(run, self.process)
        self.loaded = False
        self.settled: set[int] = set()

    def follow(self) -> list[Call]:
        """Reads until the process has answered everything or is done with; returns the calls that need another one."""
        try:
            self.process.wait(QUIET_SECONDS)
            while not self._step():
                self.process.wait(self.clock.tick(), [self.process.channel.fileno()])
        finally:
            report = self.process.finish()
            self.run.spent += report.cpu_seconds
        observed, peak = self.run.observed, report.peak_memory_bytes
        for index in self.settled:
            observed[index] = observed[index].measured(peak_memory_bytes=peak)
        return [call for call in self.calls[self.position :] if call.action not in self.settled]

    def _step(self) -> bool:
        """Takes what there is; returns whether this process is done with."""
        is_over = self.process.report is not None
        try:
            self.process.drain()
            for message in self.process.take():
                if self._understand(message):
                    return True
        except CodecError as error:
            return self._fails(Observation(status=Status.TAMPERED, detail=str(error)[:200]))
        if self.process.report is not None and is_over:
            return self._fails(ended(self.process.report, self.run.job.limits))
        if not is_over and (status := self.clock.exceeded()) is not None and not self.process.has_news():
            self.clock.charge(status)
            return self._fails(stuck(self.process, status, self.run.job.source, loading=not self.loaded))
        return False

    def _understand(self, message: list[Any]) -> bool:
        """Takes one message; returns whether this process is done with."""
        if not self.loaded:
            self.loaded = message == ["loaded"]
            if self.loaded and self.is_load_only:
                return self._fails_to_load(Observation(status=Status.OK))
            return not self.loaded and self._fails_to_load(_not_loaded(message))
        observation = _answered(message)
        call = self.calls[self.position]
        self.position += 1
        if call.action not in self.settled:
            self._observe(call, observation)
        if self.position == len(self.calls):
            return True
        if self.calls[self.position].action != call.action:
            self.clock.restart()
        return False

    def _observe(self, call: Call, observation: Observation) -> None:
        cpu, wall = self.clock.elapsed()
        if call.accepts is not None:
            observation = _held_against(call, observation)
        self.run.observed[call.action] = observation.measured(cpu_seconds=cpu, wall_seconds=wall)
        is_last = self.position == len(self.calls) or self.calls[self.position].action != call.action
        if is_last or observation.status is not Status.OK:
            self.settled.add(call.action)

    def _fails(self, observation: Observation) -> bool:
        """The process ended, hung or lied during a call: its action is settled, the others get another process."""
        if not self.loaded:
            return self._fails_to_load(observation)
        call = self.calls[self.position]
        self.position += 1
        if call.action not in self.settled:
            cpu, wall = self.clock.elapsed()
            self.run.observed[call.action] = observation.measured(cpu_seconds=cpu, wall_seconds=wall)
            self.settled.add(call.action)
        return True

    def _fails_to_load(self, observation: Observation) -> bool:
        """What fails before the first call fails for all of them."""
        cpu, wall = self.clock.elapsed()
        observation = observation.measured(cpu_seconds=cpu, wall_seconds=wall)
        for call in self.calls:
            self.run.observed[call.action] = observation
            self.settled.add(call.action)
        return True


def _not_loaded(message: list[Any]) -> Observation:
    """What may come before a program is loaded; an answer to a call, then, is none of the harness's."""
    if message[0] not in ("failed", "exceeded"):
        raise CodecError("an answer before the program was loaded")
    return _answered(message)


def _answered(message: list[Any]) -> Observation:
    match message:
        case ["ok", value, tuple() | None as args, str() as stdout]:
            return Observation(status=Status.OK, value=value, args=args, stdout=stdout)
        case ["raised", failure, str() as stdout]:
            return raised(failure, stdout=stdout)
        case ["failed", failure]:
            return raised(failure)
        case ["opaque", str() as type_name, bool() as truth]:
            return Observation(
                status=Status.OPAQUE, value=OpaqueValue(truth), detail=f"returned an object of type {type_name[:200]}"
            )
        case ["missing"]:
            return Observation(status=Status.MISSING)
        case ["exceeded"]:
            return Observation(status=Status.OUTPUT)
        case ["exceeded", failure]:
            return Observation(status=Status.OUTPUT, failure=failure_of(failure))
    raise CodecError("not an answer of the harness")


@dataclass(frozen=True, eq=False)
class OpaqueValue:
    """Stands for a value that cannot cross: it is true or false, as the program's process says, and equals nothing."""

    truth: bool

    def __bool__(self) -> bool:
        return self.truth


def _held_against(call: Call, observation: Observation) -> Observation:
    """Decides a literal assertion, outside."""
    assert call.accepts is not None
    if observation.status not in (Status.OK, Status.OPAQUE):
        return observation
    try:
        accepted = call.accepts(observation.value)
    except (ArithmeticError, RecursionError, TypeError, ValueError):
        accepted = False
    if accepted:
        return Observation(status=Status.OK, stdout=observation.stdout)
    detail = f"{call.text}  # {observation.detail or 'AssertionError'}"
    return Observation(status=Status.REFUSED, value=observation.value, stdout=observation.stdout, detail=detail)
