"""The part of pytest's interface that tests of single functions use, for scripts in a sandbox without pytest.

It stands in for ``import pytest``; test functions are collected and run by :mod:`test_functions`.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType, TracebackType
from typing import Any


class Failed(AssertionError):  # noqa: N818  # pytest's own name
    """A test said no without an ``assert``."""


class Skipped(Exception):  # noqa: N818  # pytest's own name
    """A test asked not to be run."""


class ExceptionInfo:
    """What ``pytest.raises`` hands out: the exception once the block is left."""

    value: BaseException

    @property
    def type(self) -> type[BaseException]:
        """The exception's type."""
        return type(self.value)

    def match(self, pattern: str) -> bool:
        """Checks the message.

        Raises:
            Failed: If it does not match.
        """
        if re.search(pattern, str(self.value)) is None:
            raise Failed(f"Regex pattern did not match: {pattern!r}, got {str(self.value)!r}")
        return True


class Raises:
    """The block of ``with pytest.raises(...)``."""

    def __init__(self, kinds: Any, match: str | None) -> None:
        self.kinds, self.pattern = kinds, match
        self.info = ExceptionInfo()

    def __enter__(self) -> ExceptionInfo:
        return self.info

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if kind is None or error is None:
            raise Failed(f"DID NOT RAISE {self.kinds}")
        if not issubclass(kind, self.kinds):
            return False
        self.info.value = error
        if self.pattern is not None:
            self.info.match(self.pattern)
        return True


def raises(kinds: Any, *call: Any, match: str | None = None, **kwargs: Any) -> Any:
    """Expects an exception: of a block, or of a call that is handed over."""
    block = Raises(kinds, match)
    if not call:
        return block
    with block as info:
        call[0](*call[1:], **kwargs)
    return info


class Approx:
    """A number, or numbers in lists, tuples and dicts, with a tolerance; pytest's defaults."""

    __hash__ = None  # type: ignore[assignment]  # as pytest's own: equality with a tolerance has no hash

    def __init__(self, expected: Any, rel: float | None, abs: float | None, nan_ok: bool) -> None:
        self.expected, self.rel, self.abs, self.nan_ok = expected, rel, abs, nan_ok

    def __eq__(self, actual: object) -> bool:
        return self._same(self.expected, actual)

    def __repr__(self) -> str:
        return f"approx({self.expected!r})"

    def _same(self, expected: Any, actual: Any) -> bool:
        if isinstance(expected, Mapping):
            return (
                isinstance(actual, Mapping)
                and expected.keys() == actual.keys()
                and all(self._same(expected[key], actual[key]) for key in expected)
            )
        if isinstance(expected, Sequence) and not isinstance(expected, (str, bytes)):
            return (
                isinstance(actual, Sequence) and len(expected) == len(actual) and all(map(self._same, expected, actual))
            )
        if expected == actual:
            return True
        try:
            # As pytest: not-a-number and infinity are near nothing but themselves.
            if math.isnan(expected) or math.isnan(actual):
                return self.nan_ok and math.isnan(expected) and math.isnan(actual)
            if math.isinf(expected) or math.isinf(actual):
                return False
            return bool(abs(expected - actual) <= self._tolerance(expected))
        except TypeError:
            return False

    def _tolerance(self, expected: Any) -> float:
        absolute = 1e-12 if self.abs is None else self.abs
        if self.rel is None and self.abs is not None:
            return absolute
        return float(max((1e-6 if self.rel is None else self.rel) * abs(expected), absolute))


def approx(expected: Any, rel: float | None = None, abs: float | None = None, nan_ok: bool = False) -> Approx:
    """Returns what equals numbers near the expected ones."""
    return Approx(expected, rel, abs, nan_ok)


class Mark:
    """``pytest.mark.NAME`` or ``pytest.mark.NAME(...)``: a note on a test function or class."""

    def __init__(self, name: str, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None) -> None:
        self.name, self.args, self.kwargs = name, args, dict(kwargs or {})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Takes arguments, or is put on a function or class."""
        if len(args) == 1 and not kwargs and (isinstance(args[0], type) or callable(args[0])):
            noted = args[0]
            noted.pytestmark = [*getattr(noted, "pytestmark", ()), self]
            return noted
        return Mark(self.name, args, kwargs)


class Marks:
    """``pytest.mark``."""

    def __getattr__(self, name: str) -> Mark:
        return Mark(name)


class Parameters(tuple[Any, ...]):
    """``pytest.param(...)``: one row of ``parametrize``, perhaps with marks."""

    marks: tuple[Mark, ...] = ()


def param(*values: Any, id: str | None = None, marks: Any = ()) -> Parameters:
    """Returns a row of ``parametrize``."""
    row = Parameters(values)
    row.marks = (marks,) if isinstance(marks, Mark) else tuple(marks)
    return row


class Fixture:
    """A function whose value test functions ask for by its name."""

    def __init__(self, function: Callable[..., Any], params: Sequence[Any] | None, autouse: bool, name: str) -> None:
        self.function, self.params, self.autouse, self.name = function, params, autouse, name


def fixture(
    function: Callable[..., Any] | None = None,
    *,
    scope: object = "function",
    params: Sequence[Any] | None = None,
    autouse: bool = False,
    ids: object = None,
    name: str | None = None,
) -> Any:
    """Makes a fixture; every test gets a fresh one, whatever the scope."""
    if function is None:
        return lambda inner: fixture(inner, params=params, autouse=autouse, name=name)
    return Fixture(function, params, autouse, name or function.__name__)


def fail(reason: str = "", pytrace: bool = True) -> None:
    """Says no."""
    raise Failed(reason)


def skip(reason: str = "", *, allow_module_level: bool = False) -> None:
    """Leaves a test out."""
    raise Skipped(reason)


def importorskip(name: str, *_: object, **__: object) -> Any:
    """Imports a module, or leaves the test out."""
    try:
        return __import__(name, fromlist=["_"])
    except ImportError as error:
        raise Skipped(str(error)) from None


def install(main: Callable[..., int]) -> None:
    """Puts the stand-in where ``import pytest`` finds it.

    Args:
        main: What ``pytest.main()`` does.
    """
    module = ModuleType("pytest")
    own = (raises, approx, param, fixture, fail, skip, importorskip)
    vars(module).update({function.__name__: function for function in own})
    vars(module).update(mark=Marks(), main=main, ExceptionInfo=ExceptionInfo, xfail=skip)
    vars(module)["yield_fixture"] = fixture
    vars(fail)["Exception"], vars(skip)["Exception"] = Failed, Skipped
    sys.modules["pytest"] = module
