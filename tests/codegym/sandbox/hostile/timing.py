"""Faking speed: time is measured from outside. Each of these programs is right, and burns what it says."""

from __future__ import annotations

from dataclasses import dataclass

BURN_SECONDS = 0.3

_BURN = f"""
import resource
def burn():
    used = REAL(resource.RUSAGE_SELF)
    start = used.ru_utime + used.ru_stime
    while True:
        used = REAL(resource.RUSAGE_SELF)
        if used.ru_utime + used.ru_stime - start > {BURN_SECONDS}: break
REAL = resource.getrusage
"""


@dataclass(frozen=True, kw_only=True)
class Faker:
    """A program that uses ``BURN_SECONDS`` of CPU time and hides it."""

    name: str
    source: str


_HIDES = {
    "patched_clocks": """
import time
for name in dir(time):
    if callable(getattr(time, name)) and not name.startswith('_'):
        try: setattr(time, name, lambda *a: 0.0)
        except TypeError: pass
resource.getrusage = lambda who: (0,) * 16
import os
os.times = lambda: (0,) * 5
""",
    "in_a_thread": "import threading\n",
    "while_loading": "burn()\n",
}


def _source(name: str, hide: str) -> str:
    body = {"in_a_thread": "    t = threading.Thread(target=burn)\n    t.start()\n    t.join()\n", "while_loading": ""}
    return _BURN + hide + "def solve(kind, n):\n" + body.get(name, "    burn()\n") + "    return n * n + 1\n"


FAKERS = tuple(Faker(name=name, source=_source(name, hide)) for name, hide in _HIDES.items())
