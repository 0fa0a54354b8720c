"""The machine that a figure was measured on, so that nobody reads it as a constant of nature."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where and when."""

    date: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    processor: str = field(default_factory=_processor)
    cores: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    kernel: str = field(default_factory=platform.release)
    python: str = field(default_factory=lambda: f"{platform.python_implementation()} {platform.python_version()}")
    user: str = field(default_factory=lambda: "root" if os.getuid() == 0 else "ordinary user")
    load_before: float = field(default_factory=lambda: round(os.getloadavg()[0], 2))
    """Load average of the minute before: above zero, somebody else was at work."""

    def __str__(self) -> str:
        return (
            f"{self.date}; {self.cores} cores of {self.processor}, Linux {self.kernel}, {self.python}, as {self.user}; "
            f"load average before the run {self.load_before}"
        )
