"""Where a program failed: exact ranges in its own text, in characters."""

from __future__ import annotations

import pytest
from conftest import Observe

from codegym.sandbox.execution import Place

#: source, then the text that the place covers, and its line
RAISING = {
    "name": ("def f():\n    return 1 + missing\n", "missing", 2),
    "after wide characters": ("def f():\n    return 'é☃😀', [][3]\n", "[][3]", 2),
    "innermost frame": ("def g(x):\n    return x.y\ndef f():\n    return g(1)\n", "x.y", 2),
    "in a library": ("import json\ndef f():\n    return json.loads('{')\n", "json.loads('{')", 3),
    "division": ("def f():\n    a = 0\n    return (1 /\n        a)\n", "1 /\n        a", 3),
    "carriage returns": ("def f():\r    x = 1\r    return x()\r", "x()", 3),
    "own exception": ("class E(ValueError): pass\ndef f():\n    raise E('x')\n", "raise E('x')", 3),
}
SYNTAX = {
    "parser": ("def f():\n    return 'é' 1 +\n", 2),
    "symbol table": ("def f():\n    é = 1; global é\n", 2),
    "compiler": ("x = 'é'; return 5\n", 1),
    "never closed": ("x = 1\ny = (2,\n", 2),
    "indentation": ("def f():\nreturn 1\n", 2),
    "unterminated": ("x = 1\ny = 'abc\n", 2),
}


def _covered(source: str, place: Place) -> str:
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")[place.start_line - 1 : place.end_line]
    lines[-1] = lines[-1][: place.end_col]
    return "\n".join(lines)[place.start_col :]


@pytest.mark.parametrize("name", RAISING)
def test_exception_is_placed(calls: Observe, name: str) -> None:
    source, text, line = RAISING[name]
    (seen,) = calls(source, ())
    assert seen.failure is not None
    assert seen.failure.place is not None
    assert seen.failure.place.start_line == line
    assert _covered(source, seen.failure.place) == text


@pytest.mark.parametrize("name", SYNTAX)
def test_syntax_error_lies_within_its_line(calls: Observe, name: str) -> None:
    source, line = SYNTAX[name]
    (seen,) = calls(source, ())
    assert seen.failure is not None
    assert seen.failure.loading
    place = seen.failure.place
    assert place is not None
    assert place.start_line == line
    lines = source.split("\n")
    assert 0 <= place.start_col <= len(lines[place.start_line - 1])
    assert (place.end_line, place.end_col) >= (place.start_line, place.start_col)
    assert place.end_col <= len(lines[place.end_line - 1])


@pytest.mark.parametrize("source", ["x = 1\0", "(" * 100_000, "-" * 200_000 + "1", "\ud800"])
def test_source_that_no_compiler_takes_has_no_place(calls: Observe, source: str) -> None:
    (seen,) = calls(source, ())
    assert seen.status in ("raised", "memory", "crashed")
    assert seen.failure is None or seen.failure.loading


def test_recursion_keeps_a_bounded_number_of_frames(calls: Observe) -> None:
    (seen,) = calls("def f(n=0):\n    return f(n + 1)\n", ())
    assert seen.failure is not None
    assert seen.failure.exception == "RecursionError"
    assert 1 <= len(seen.failure.frames) <= 20


@pytest.mark.parametrize("body", ["sum(range(10**12))", "'a' * 10 and [0 for _ in range(10**12)]"])
def test_timeout_is_placed_also_in_c_code(calls: Observe, body: str) -> None:
    from codegym.sandbox.limits import Limits

    (seen,) = calls(f"def f():\n    x = 1\n    return {body}\n", (), limits=Limits(cpu_seconds=0.2))
    assert seen.status == "cpu_timeout"
    assert seen.failure is not None
    assert seen.failure.place is not None
    assert seen.failure.place.start_line == 3
