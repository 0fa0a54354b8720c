"""Call tests and literal assertions: one process for all of them, a new one after a crash or a timeout.

Tests that may be shown are handed over one at a time, each after the answer to the one before; the others only when all
those are answered, in parcels. What was answered is compared and dropped as it arrives. So nothing private is in the
program's memory while something that the agent will see is still open, and nothing learned later changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeAlias

from codegym.sandbox.conversation import next_message, send
from codegym.sandbox.execution import Observation, Status
from codegym.sandbox.exit_status import failure_of, raised
from codegym.sandbox.guest.arguments import pack_calls
from codegym.sandbox.guest.refusal import CodecError
from codegym.sandbox.run import Clock, Run

_PARCEL_BYTES = 2**18
_QUIET_SECONDS = 0.005
"""So long nobody is woken for the answers to the last test: most processes have answered, and ended, by then."""


@dataclass(frozen=True)
class Call:
    """One call to the program.

    Attributes:
        action: Index of the action that it belongs to; several calls of a literal script share one.
        payload: Its arguments, encoded; None only loads the program.
        accepts: For a literal script: whether a value satisfies the assertion; None for a call action.
        text: The assertion, for people.
    """

    action: int
    payload: bytes | None
    accepts: Callable[[Any], bool] | None = None
    text: str = ""


_Test: TypeAlias = list[Call]
"""The calls of one action."""


def run_calls(run: Run, calls: list[Call]) -> None:
    """Observes every call's action; also those after one that crashed, hung or exited."""
    while calls and not run.stopped:
        if run.budget_is_spent or run.asks_too_much:
            for call in calls:
                run.observe(call.action, Observation(status=Status.BUDGET))
            return
        calls = _Process(run, calls).ask_all()


def observe_loading(run: Run) -> Observation:
    """Observes a program that nobody calls."""
    _Process(run, [Call(0, None)]).ask_all()
    return run.observed.pop(0)


class _Process:
    """One process, and the calls that it is asked, test by test."""

    def __init__(self, run: Run, calls: list[Call]) -> None:
        self.run = run
        self.tests = [list(test) for _, test in groupby(calls, attrgetter("action"))]
        self.parcels = list(_parcels(self.tests, run.job.shown_actions))
        request = run.request(calls=_payloads(self.parcels[0]), more=len(self.parcels) - 1)
        self.process = run.server("program").start("calls", request, run.rlimits())
        self.clock = Clock(run, self.process)
        self.settled: list[int] = []

    def ask_all(self) -> list[Call]:
        """Asks until everything is answered or the process is lost; returns the calls that need another one."""
        try:
            self._ask_all()
        finally:
            self.clock.close()
        assert self.process.report is not None
        peak = self.process.report.peak_memory_bytes
        for index in self.settled:
            kept = self.run.observed[index]
            if not kept.peak_memory_bytes:  # it was settled while the process still ran
                self.run.observed[index] = kept.measured(peak_memory_bytes=peak)
        return [call for test in self.tests[len(self.settled) :] for call in test]

    def _ask_all(self) -> None:
        self._wait_quietly(self.parcels[0])
        loaded = next_message(self.run, self.process, self.clock, is_loading=True)
        failed = _of_loading(loaded)
        if failed is not None or not _payloads(self.parcels[0]):
            self._settle_all(failed or Observation(status=Status.OK))
            return
        for parcel in self.parcels:
            unread = None if parcel is self.parcels[0] else self._hand_over(parcel)
            for test in parcel:
                if not self._ask(test, unread):
                    return

    def _wait_quietly(self, parcel: list[_Test]) -> None:
        if parcel is self.parcels[-1]:
            self.process.wait(_QUIET_SECONDS)

    def _hand_over(self, parcel: list[_Test]) -> Observation | None:
        """Sends the calls of some tests; returns what to say of a process that is ahead of them, else None."""
        if self.process.has_more:
            return Observation(status=Status.TAMPERED, detail="an answer before its question")
        self.clock.restart()
        unread = send(self.run, self.process, pack_calls(_payloads(parcel)), self.clock)
        self._wait_quietly(parcel)
        return unread

    def _ask(self, test: _Test, unread: Observation | None) -> bool:
        """Takes the answers to one test; returns whether the process can be asked again."""
        seen = Observation(status=Status.OK)
        for call in test:
            answer = unread or next_message(self.run, self.process, self.clock)
            if seen.status is Status.OK:  # a script ends at its first assertion that fails
                seen = _of_answer(answer)
                seen = seen if call.accepts is None else _held_against(call, seen)
            is_lost = isinstance(answer, Observation)
            is_last = self.run.job.stop_early or test is self.tests[-1]
            if is_lost or (seen.status is not Status.OK and is_last):
                break  # the other answers are of no use to anybody
        cpu, wall = self.clock.charge()
        peak = 0 if self.process.report is None else self.process.report.peak_memory_bytes
        self._settle(test, seen.measured(cpu_seconds=cpu, wall_seconds=wall, peak_memory_bytes=peak))
        return not is_lost and not self.run.stopped

    def _settle(self, test: _Test, observation: Observation) -> None:
        self.settled.append(test[0].action)
        self.run.observe(test[0].action, observation)

    def _settle_all(self, observation: Observation) -> None:
        """What fails before the first call fails for all of them."""
        cpu, wall = self.clock.charge()
        for test in self.tests:
            if self.run.stopped:
                return
            self._settle(test, observation.measured(cpu_seconds=cpu, wall_seconds=wall))


def _parcels(tests: list[_Test], shown_actions: int) -> Iterator[list[_Test]]:
    """Yields the tests as they are handed over: those that may be shown one at a time, the others many at once.

    A parcel of one costs a wake-up on either side, a twentieth of what a small program costs as a whole.
    """
    parcel: list[_Test] = []
    room = _PARCEL_BYTES
    for test in tests:
        size = sum(map(len, _payloads([test])))
        is_shown = test[0].action < shown_actions
        if parcel and (is_shown or size > room or parcel[0][0].action < shown_actions):
            yield parcel
            parcel, room = [], _PARCEL_BYTES
        parcel.append(test)
        room -= size
    yield parcel


def _payloads(parcel: list[_Test]) -> list[bytes]:
    return [call.payload for test in parcel for call in test if call.payload is not None]


def _of_loading(loaded: list[Any] | Observation) -> Observation | None:
    """Returns why a program is not loaded, None if it is."""
    if isinstance(loaded, Observation) or loaded == ["loaded"]:
        return loaded if isinstance(loaded, Observation) else None
    if loaded[0] not in ("failed", "exceeded"):
        return Observation(status=Status.TAMPERED, detail="an answer before the program was loaded")
    return _of_answer(loaded)


def _of_answer(answer: list[Any] | Observation) -> Observation:
    if isinstance(answer, Observation):
        return answer
    try:
        return _answered(answer)
    except CodecError as error:
        return Observation(status=Status.TAMPERED, detail=str(error)[:200])


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
