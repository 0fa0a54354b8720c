"""What the sandbox observed: data about a program's behaviour, without any judgement of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How one action ended."""

    OK = "ok"
    """The call returned, the program exited with 0, or the script ran to its end."""
    RAISED = "raised"
    """The program raised; ``Observation.failure`` says what and where."""
    REFUSED = "refused"
    """A script's own assertion failed (or the script itself raised): the program's answer was not accepted."""
    FAULTY = "faulty"
    """The test itself is at fault: it does not parse, names what is missing, or asserts nothing. ``detail`` says what;
    where it is a name that nobody has bound, that is ``failure.message``."""
    MISSING = "missing"
    """The program has no such entry point, or it is not callable."""
    EXITED = "exited"
    """The process ended of its own will before it answered, or a stdin program exited with another code than 0."""
    CRASHED = "crashed"
    """A signal that the sandbox did not send ended the process (a segmentation fault, say)."""
    CPU_TIMEOUT = "cpu_timeout"
    WALL_TIMEOUT = "wall_timeout"
    BUDGET = "budget"
    """The program's budget over all tests was used up before or during this action."""
    MEMORY = "memory"
    OUTPUT = "output"
    """More output, or a larger value, than the limit allows."""
    OPAQUE = "opaque"
    """The call returned something that cannot cross as data."""
    TAMPERED = "tampered"
    """The result channel carried something that the harness does not write."""
    NOT_RUN = "not_run"
    """Not tried: an action before it was not accepted, and the job stops early."""
    INFRA = "infra"
    """The machine failed, also when tried again; says nothing about the program."""


class Trust(StrEnum):
    """How far a verdict can be relied on."""

    ISOLATED = "isolated"
    """Expected values and verdicts were never in the memory of the program's process."""
    HANDLES = "handles"
    """A test script gave values of its own, which may be expected ones, to methods of objects that the program made."""
    IN_PROCESS = "in_process"
    """Test and program shared a process: forgeable in principle."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A range in the program's own source: 1-based lines, 0-based columns in *characters*, half-open."""

    start_line: int
    start_col: int
    end_line: int
    end_col: int


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An exception as data.

    Attributes:
        exception: Name of its type.
        bases: Names of all the *built-in* types in its method resolution order, most specific first; kinds are looked
            up by these and never by the message.
        message: Its text, cut to a bounded length.
        place: The innermost place that belongs to the program (for a timeout: where it was stuck), if there is one.
        frames: Places of the program's frames, outermost first, bounded in number.
        loading: True when the program failed before its entry point could be called (compilation or import).
        signature_mismatch: True when the entry point's own signature does not take the arguments; then the place is
            the signature's.
    """

    exception: str
    bases: tuple[str, ...] = ()
    message: str = ""
    place: Place | None = None
    frames: tuple[Place, ...] = ()
    loading: bool = False
    signature_mismatch: bool = False


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What one action brought.

    Attributes:
        status: How it ended.
        value: What the call returned, rebuilt from data on the trusted side. Meaningful only with status OK.
        args: The positional arguments after the call, where the call changed them; else None.
        stdout: What it printed (decoded with replacement, capped).
        stderr: Likewise.
        failure: The exception, or the place of a timeout.
        detail: A short text for people: a script's failed assertion, an exit code, a signal's name.
        cpu_seconds: CPU time, measured from outside.
        wall_seconds: Wall-clock time.
        peak_memory_bytes: Largest resident size of the process, 0 where unknown.
        accepted: Whether it is what its test asks for, once that has been decided; what was compared is then dropped.
            None also where it says nothing of the program.
        answer: The dropped answer in short, for people.
    """

    status: Status
    value: Any = None
    args: tuple[Any, ...] | None = None
    stdout: str = ""
    stderr: str = ""
    failure: Failure | None = None
    detail: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_memory_bytes: int = 0
    accepted: bool | None = None
    answer: str = ""

    def measured(self, **measurements: float) -> Observation:
        """Returns it with ``cpu_seconds``, ``wall_seconds`` or ``peak_memory_bytes``.

        As ``dataclasses.replace``, which takes ten times as long: this is on the way of every single test.
        """
        copy = object.__new__(Observation)
        copy.__dict__.update(self.__dict__, **measurements)
        return copy

    def decided(self, accepted: bool | None, answer: str) -> Observation:
        """Returns it without what was answered and printed, which has been compared.

        Args:
            accepted: Whether it is what the test asks for; None if it says nothing of the program.
            answer: What was answered, in short.
        """
        copy = object.__new__(Observation)
        dropped = {"value": None, "args": None, "stdout": "", "stderr": ""}
        copy.__dict__.update(self.__dict__, **dropped, accepted=accepted, answer=answer)
        return copy


@dataclass(frozen=True, kw_only=True)
class Execution:
    """All that was observed of one job: one observation for each action, in order."""

    observations: tuple[Observation, ...]
    trust: Trust = Trust.ISOLATED
