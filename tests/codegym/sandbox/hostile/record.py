"""What a hostile program is, and the moulds that the groups are cast in.

One convention holds for all of them: **the program passes its tests exactly when its attack succeeds.** A suite in which
nothing passes would prove little, so each attack is also seen to succeed somewhere: a forgery in a naive grader
(``naive.py``), an escape with the layers that stop it switched off.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from textwrap import dedent
from typing import Any

from codegym import Limits


class Target(StrEnum):
    """Where the hostile code stands."""

    CALL = "call"
    """A function whose values are compared outside."""
    SCRIPT = "script"
    """A function that a test script in a second process calls."""
    STDIO = "stdio"
    """A program that reads and prints."""
    TEST = "test"
    """The test script itself, as a model would write it; the program is honest."""


FUNCTION = (Target.CALL, Target.SCRIPT)
ANYWHERE = (Target.CALL, Target.TEST)
QUICK = Limits(cpu_seconds=0.2, wall_seconds=1.0, memory_bytes=256 * 2**20, output_bytes=2**16, program_cpu_seconds=0.6)
PATIENT = Limits(cpu_seconds=2, wall_seconds=4, memory_bytes=256 * 2**20, output_bytes=2**16, program_cpu_seconds=3)


@dataclass(frozen=True, kw_only=True)
class HostileProgram:
    """A program that attacks one property of the judge."""

    name: str
    source: str
    """May hold ``@NAME@`` marks, which the runner fills in (see ``lures.py``)."""
    attacks: str
    """The property under attack, in words."""
    targets: tuple[Target, ...] = ANYWHERE
    verdicts: tuple[str, ...] = ("error", "fail")
    """What an unbroken judge may say."""
    kinds: tuple[str, ...] = ()
    """What it may call it; empty where that depends on the layers in force."""
    layers: tuple[str, ...] = ()
    """The layers that hold the property: with all of them off, the program passes."""
    opened_as_root: bool = False
    """What these layers hold can only be seen where the judge is started by root."""
    fools_naive: bool = False
    """Seen to pass in the naive grader."""
    secret: bool = False
    """Its problem's expected value is a secret that no honest program could compute."""
    looks_ahead: bool = False
    """Its problem has a private test whose input must not be found while a public test is open."""
    many: bool = False
    """Its problem has a test for each type of value; otherwise one test."""
    limits: Limits = QUICK
    needs_namespaces: str = ""
    """Why the property cannot be held where the kernel refuses namespaces; empty where it is held there too."""
    group: str = ""

    @property
    def neutral(self) -> bool:
        """Whether it wins nothing even if it has its way: it only tries to hang, crash or flood."""
        return not (self.layers or self.fools_naive or self.secret)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A program that leaves something behind, and one that looks for it. The second passes when it finds it."""

    name: str
    first: str
    second: str
    attacks: str
    layers: tuple[str, ...] = ()
    group: str = "leftovers"


HONEST = dedent(
    """
    def honest(kind, n):
        if kind == "pair":
            return n, n * n
        return {
            "int": n * n + 1, "text": "n" * n, "list": list(range(n)), "real": n / 2, "truth": n > 2,
            "table": {i: i for i in range(n)}, "unique": set(range(n)), "nothing": None,
        }[kind]
    """
)
"""A right solution of every victim problem that can be solved at all."""


def attack(name: str, attacks: str, body: str, **fields: Any) -> HostileProgram:
    """An attempt: ``body`` sets ``won`` to True when it got through; only then does the program work."""
    source = "won = False\n" + dedent(body).strip() + "\n"
    return HostileProgram(name=name, attacks=attacks, source=source, **fields)


def forgery(name: str, attacks: str, source: str, **fields: Any) -> HostileProgram:
    """A wrong program that wants to be called right. Defines ``solve(kind, n)`` in full."""
    fields = {"targets": FUNCTION, "many": True, **fields}
    return HostileProgram(name=name, attacks=attacks, source=dedent(source).strip() + "\n", **fields)


def stdio_forgery(name: str, attacks: str, source: str, **fields: Any) -> HostileProgram:
    """A wrong program on standard input and output."""
    return forgery(name, attacks, source, **{"targets": (Target.STDIO,), "many": False, **fields})


def source_for(program: HostileProgram, target: Target) -> str:
    """The text that is judged (for ``Target.TEST``: the text of the test script)."""
    if "def solve" in program.source or target is Target.STDIO:
        return program.source
    lost = "if not won:\n    raise RuntimeError('the attack failed')\n"
    if program.group == "compiling":
        return program.source  # of what does not compile, what follows would be cut out and judged alone
    if target is Target.TEST:
        return program.source + "def check(candidate):\n    assert won\n"
    return program.source + lost + HONEST + "solve = honest\n"
