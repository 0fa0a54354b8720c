"""The problems that hostile programs are judged on."""

from __future__ import annotations

from typing import Any

from hostile.lures import filled_in
from hostile.record import HONEST, HostileProgram, Target, source_for

from codegym import CallTest, Limits, Problem, ScriptTest, StdioTest

SECRET = "s3cr3t-" + "5ca1ab1e" * 2
"""An expected value that can only be found, not computed. Programs look for its shape."""

_CASES: tuple[tuple[str, int, Any], ...] = (
    ("int", 3, 10),
    ("text", 3, "nnn"),
    ("list", 3, [0, 1, 2]),
    ("real", 3, 1.5),
    ("truth", 3, True),
    ("truth", 1, False),
    ("table", 2, {0: 0, 1: 1}),
    ("pair", 2, (2, 4)),
    ("unique", 2, {0, 1}),
    ("nothing", 3, None),
)
_LOOSE = (
    "assert abs(candidate('real', 3) - 1.5) < 1e-6",
    "assert math.isclose(candidate('real', 3), 1.5)",
    "assert len(candidate('list', 3)) == 3 and sorted(candidate('list', 3)) == [0, 1, 2]",
    "assert all(a == b for a, b in zip(candidate('pair', 3), (3, 9), strict=True)), 'all'",
    "assert candidate('text', 3).startswith('nn')",
    "assert candidate('unique', 2).issuperset({0})",
    "assert all(map(lambda kind: candidate(kind, 3) == {'int': 10, 'text': 'nnn'}[kind], ('int', 'text')))",
    "assert all(a == b for a, b in zip((10,), map(candidate, ('int',), (3,))))",
    "assert isinstance(candidate('text', 3), str) and set(candidate('text', 3)) == {'n'} and sum(candidate('list', 3)) == 3",
)
"""How real test scripts ask: with built-ins, with modules that nobody imported."""


def two_part_problem(limits: Limits | None = None) -> Problem:
    """A victim with a public test and private ones, whose input is a secret until the public one is decided."""
    tests = (
        CallTest(args=(SECRET, 3), expected=10),
        CallTest(args=("int", 3), expected=11, public=True),
        CallTest(args=("int", 4), expected=11, public=True),
        ScriptTest(source=f"assert solve({SECRET!r}, 4) == 10\n"),
    )
    return Problem(task_id="victim/two", prompt="", tests=tests, limits=limits, entry_point="solve")


def problem(target: Target, *, many: bool = False, secret: bool = False, limits: Limits | None = None) -> Problem:
    """The victim: one test, or one for each type of value, or one whose answer is a secret."""
    cases = (("secret", 0, SECRET),) if secret else _CASES if many else _CASES[:1]
    tests: tuple[Any, ...]
    if target is Target.STDIO:
        tests = tuple(StdioTest(stdin=f"{kind} {n}\n", expected_stdout=f"{value}\n") for kind, n, value in cases[:2])
    elif target is Target.CALL:
        tests = tuple(CallTest(args=(kind, n), expected=value) for kind, n, value in cases)
    else:
        # The first kind of script needs a process of its own; the second is read as a call and compared outside.
        tests = tuple(ScriptTest(source=_script(kind, n, value)) for kind, n, value in cases)
        tests += tuple(
            ScriptTest(source=f"def check(candidate):\n    {line}\n") for line in _LOOSE if many and not secret
        )
        tests += (ScriptTest(source="assert solve({!r}, {}) == {!r}\n".format(*cases[0])),)
    return Problem(
        task_id=f"victim/{target}", prompt="", tests=tests, limits=limits,
        entry_point=None if target is Target.STDIO else "solve",
    )  # fmt: skip


def _script(kind: str, n: int, value: Any) -> str:
    return f"def check(candidate):\n    answer = candidate({kind!r}, {n})\n    assert answer == {value!r}\n"


HONEST_FUNCTION = HONEST + "solve = honest\n"
HONEST_PRINTER = HONEST + "kind, n = input().split()\nprint(honest(kind, int(n)))\n"


def honest_program(target: Target) -> str:
    """A right program for the victim."""
    return HONEST_PRINTER if target is Target.STDIO else HONEST_FUNCTION


def case_of(program: HostileProgram, target: Target, marks: dict[str, str]) -> tuple[Problem, str]:
    """The problem and the completion by which a hostile program is judged."""
    source = filled_in(source_for(program, target), marks)
    if target is Target.TEST:
        tests = (ScriptTest(source=source),)
        return Problem(
            task_id="victim/test", prompt="", tests=tests, entry_point="solve", limits=program.limits
        ), HONEST_FUNCTION
    if program.looks_ahead:
        return two_part_problem(program.limits), source
    victim = problem(target, many=program.many, secret=program.secret, limits=program.limits)
    return victim, source
