"""What one program may use up."""

from __future__ import annotations

from dataclasses import dataclass, fields

from codegym.errors import InvalidProblemError

_WHOLE = frozenset({"memory_bytes", "output_bytes", "processes"})
_MOST = 2**60
"""The kernel counts with 64 bits, some of which mean something else."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Resource limits of one program.

    Times are CPU time, so that a busy machine does not turn a correct program into a timeout; the wall clock is a
    backstop against programs that sleep.

    Raises:
        InvalidProblemError: If a limit is not a number above zero that a kernel can count to, or bytes or processes are
            less than one.
    """

    cpu_seconds: float = 4.0
    """CPU seconds that each test may take, loading the program included."""
    wall_seconds: float = 12.0
    """Wall-clock seconds that each test may take."""
    memory_bytes: int = 512 * 2**20
    """Address space of the program's process."""
    output_bytes: int = 2**20
    """Bytes that each test may print, and that its value may take when it is sent back."""
    processes: int = 1
    """Processes the program may consist of; 1 means that it may not fork (threads are allowed)."""
    program_cpu_seconds: float = 30.0
    """CPU seconds for all tests of a program together; tests left after that count as timeouts. A test that sleeps
    through ``wall_seconds`` is charged ``cpu_seconds``."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            whole = field.name in _WHOLE
            if not number or not 0 < value <= _MOST or (whole and value != int(value)):
                raise InvalidProblemError(
                    f"Limits.{field.name} must be a {'whole ' if whole else ''}number above zero (2**60 at most), "
                    f"got {value!r}. Leave it out for the default, {field.default!r}."
                )
