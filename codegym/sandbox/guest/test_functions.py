"""Runs the test functions and classes of a script that has no runner of its own, as pytest and unittest would."""

from __future__ import annotations

import contextlib
import inspect
import io
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any, NamedTuple

from .pytest_stand_in import Failed, Fixture, Mark, Parameters, Skipped

_CANDIDATE = "candidate"


class CannotRun(Exception):  # noqa: N818
    """A test asks for something that there is not in the sandbox."""


class Request:
    """What a fixture with parameters asks for its present one."""

    def __init__(self, param: Any) -> None:
        self.param = param


def run_test_functions(defined: Mapping[str, Any], used: frozenset[str], candidate: Any) -> None:
    """Runs what a script has defined; raises what the first failing test raised.

    Args:
        defined: The names that the script has defined, with their values.
        used: Names that its top level uses itself: functions that it runs on its own.
        candidate: What tests get that have a parameter of that name.
    """
    if callable(setup := defined.get("setup_module")):
        setup()
    fixtures = {value.name: value for value in defined.values() if isinstance(value, Fixture)}
    fixtures.setdefault("capsys", Fixture(_captured, None, False, "capsys"))
    fixtures[_CANDIDATE] = Fixture(lambda: candidate, None, False, _CANDIDATE)
    for name, value in defined.items():
        if isinstance(value, FunctionType) and name.startswith("test") and name not in used:
            run_function(value, fixtures)
        # Always, also where the script runs them itself: mostly it does not look at the result.
        elif isinstance(value, type) and _is_test_case(value):
            _run_test_case(value)
        elif isinstance(value, type) and name.startswith("Test") and "__init__" not in vars(value):
            _run_plain_class(value, fixtures)


class Captured(NamedTuple):
    """What was printed."""

    out: str
    err: str


class Capture:
    """pytest's ``capsys``: what a test and the program print meanwhile."""

    def __init__(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()

    def readouterr(self) -> Captured:
        """Returns what was printed since the last time."""
        read = Captured(self.out.getvalue(), self.err.getvalue())
        for stream in (self.out, self.err):
            stream.seek(0)
            stream.truncate()
        return read


def _captured() -> Iterator[Capture]:
    capture = Capture()
    with contextlib.redirect_stdout(capture.out), contextlib.redirect_stderr(capture.err):
        yield capture


def is_collected(defined: Mapping[str, Any]) -> bool:
    """Whether there is anything that :func:`run_test_functions` would look at."""
    return any(
        (name[:4] == "test" and isinstance(value, FunctionType)) or isinstance(value, type)
        for name, value in defined.items()
    )


def run_function(function: Callable[..., Any], fixtures: Mapping[str, Fixture], outer: Sequence[Mark] = ()) -> None:
    """Runs a test function once for each of its parameter sets, those of its class included."""
    marks = [*outer, *getattr(function, "pytestmark", ())]
    if _is_left_out(marks):
        return
    requested = [name for mark in marks if mark.name == "usefixtures" for name in mark.args]
    requested += [name for name, fixture in fixtures.items() if fixture.autouse]
    for row in _parameter_sets(marks):
        names = [*requested, *(name for name in _parameters(function) if name not in row)]
        for chosen in _choices(names, fixtures):
            try:
                _run_once(function, dict(row), names, fixtures, chosen)
            except Skipped:
                continue


def _run_once(
    function: Callable[..., Any],
    values: dict[str, Any],
    requested: Sequence[str],
    fixtures: Mapping[str, Fixture],
    chosen: Mapping[str, Any],
) -> None:
    made: dict[str, Any] = {}
    endings: list[Iterator[Any]] = []
    own = _parameters(function)
    for name in requested:
        value = _value(name, fixtures, chosen, made, endings)
        if name in own:
            values[name] = value
    try:
        finish(function(**values))
    finally:
        for generator in reversed(endings):
            next(generator, None)


def _value(
    name: str,
    fixtures: Mapping[str, Fixture],
    chosen: Mapping[str, Any],
    made: dict[str, Any],
    endings: list[Iterator[Any]],
) -> Any:
    if name not in made:
        fixture = _fixture(name, fixtures)
        values = {
            other: Request(chosen.get(name)) if other == "request" else _value(other, fixtures, chosen, made, endings)
            for other in _parameters(fixture.function)
        }
        value = fixture.function(**values)
        if inspect.isgenerator(value):
            endings.append(value)
            value = next(value)
        made[name] = value
    return made[name]


def _fixture(name: str, fixtures: Mapping[str, Fixture]) -> Fixture:
    if name not in fixtures:
        raise CannotRun(f"the test asks for {name!r}, which is neither one of its fixtures nor 'candidate'")
    return fixtures[name]


def _choices(requested: Sequence[str], fixtures: Mapping[str, Fixture]) -> Iterator[dict[str, Any]]:
    """Yields a parameter for each fixture that has several."""
    closure, waiting = dict[str, Fixture](), list(requested)
    while waiting:
        name = waiting.pop()
        if name != "request" and name not in closure:
            closure[name] = _fixture(name, fixtures)
            waiting += _parameters(closure[name].function)
    several = {name: fixture.params for name, fixture in closure.items() if fixture.params is not None}
    for row in itertools.product(*several.values()):
        yield dict(zip(several, row, strict=True))


def _parameters(function: Callable[..., Any]) -> list[str]:
    """Returns the parameters that a caller must give."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if one.kind in named and one.default is inspect.Parameter.empty]


def _parameter_sets(marks: Sequence[Mark]) -> Iterator[dict[str, Any]]:
    tables = [_table(*mark.args, **mark.kwargs) for mark in marks if mark.name == "parametrize"]
    for rows in itertools.product(*tables):
        yield {name: value for row in rows for name, value in row.items()}


def _table(argnames: Any, argvalues: Any, **_: Any) -> list[dict[str, Any]]:
    names = [name.strip() for name in argnames.split(",")] if isinstance(argnames, str) else list(argnames)
    names = [name for name in names if name]
    rows = [row for row in argvalues if not (isinstance(row, Parameters) and _is_left_out(row.marks))]
    plain = [tuple(row) if isinstance(row, Parameters) else (row,) if len(names) == 1 else tuple(row) for row in rows]
    return [dict(zip(names, row, strict=True)) for row in plain]


def _is_left_out(marks: Sequence[Mark]) -> bool:
    def leaves_out(mark: Mark) -> bool:
        return mark.name in ("skip", "xfail") or (mark.name == "skipif" and bool(mark.args and mark.args[0]))

    return any(map(leaves_out, marks))


def finish(value: Any) -> None:
    """Takes what a test or a ``check`` returned: a coroutine is run, a generator exhausted, False is a refusal.

    Raises:
        Failed: If it returned False.
    """
    if inspect.iscoroutine(value):
        import asyncio

        value = asyncio.run(value)
    elif inspect.isgenerator(value):
        for _ in value:
            pass
    if value is False:
        raise Failed("the test returned False")


def _run_plain_class(kind: type, fixtures: Mapping[str, Fixture]) -> None:
    marks = list(getattr(kind, "pytestmark", ()))
    names = [name for name in dir(kind) if name.startswith("test") and callable(getattr(kind, name))]
    if _is_left_out(marks) or not names:
        return
    if (setup := getattr(kind, "setup_class", None)) is not None:
        setup()
    for name in names:
        instance = kind()
        own = {
            value.name: Fixture(value.function.__get__(instance), value.params, value.autouse, value.name)
            for value in map(kind.__dict__.get, dir(kind))
            if isinstance(value, Fixture)
        }
        for step in ("setup_method", "setup"):
            if callable(found := getattr(instance, step, None)):
                found(*[getattr(instance, name)][: len(_parameters(found))])
        run_function(getattr(instance, name), {**fixtures, **own}, marks)


def _is_test_case(kind: type) -> bool:
    unittest = sys.modules.get("unittest")
    return unittest is not None and issubclass(kind, unittest.TestCase) and kind.__module__ != "unittest.case"


def _run_test_case(kind: type) -> None:
    import unittest

    errors: list[BaseException] = []

    class FirstError(unittest.TestResult):
        """Keeps the exceptions themselves: their type, and whether the program raised them, decide."""

        def addError(self, test: Any, err: Any) -> None:  # noqa: N802
            errors.append(err[1])

        addFailure = addError  # noqa: N815

        def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
            if err is not None:
                errors.append(err[1])

        def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
            errors.append(Failed("unexpected success"))

    # The loader and the suite call setUpClass, skip and count as people know it.
    unittest.defaultTestLoader.loadTestsFromTestCase(kind).run(FirstError())
    if errors:
        raise errors[0]


def replace_mains(run: Callable[[], None]) -> Callable[..., int]:
    """Makes ``unittest.main()`` run a script's own tests; returns what ``pytest.main()`` does."""

    def main(*_: object, **__: object) -> int:
        run()
        return 0

    def unittest_main(*_: object, **settings: object) -> None:
        run()
        if settings.get("exit", True):
            raise SystemExit(0)

    if (unittest := sys.modules.get("unittest")) is not None:
        unittest.main = unittest_main  # type: ignore[attr-defined]  # the module is not that of the type checker
    return main
