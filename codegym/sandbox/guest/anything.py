"""Functions that are surely wrong: a test that all of them pass tests nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_MOST_STEPS = 100_000


class TooManySteps(BaseException):
    """A test that does not end with a made-up value."""


class Anything:
    """A value with which everything can be done: each comparison has the same outcome, each operation gives it again.

    Args:
        truth: The outcome of comparisons and of ``bool``.
        size: How many items it has; as a number it is one less.
        steps: What may still be done, shared by all that comes of it.
    """

    def __init__(self, truth: bool, size: int, steps: list[int]) -> None:
        self._state = truth, size, steps

    def __call__(self, *_: object, **__: object) -> Anything:
        """Gives another one like it: the same one again would be equal to it without being asked."""
        steps = self._state[2]
        steps[0] -= 1
        if steps[0] < 0:
            raise TooManySteps
        return Anything(*self._state)

    def __getattr__(self, name: str) -> Anything:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self()

    def __bool__(self) -> bool:
        return self()._state[0]

    def __eq__(self, other: object) -> bool:
        return self()._state[0]

    def __ne__(self, other: object) -> bool:
        return not self()._state[0]

    def __hash__(self) -> int:
        return self._state[1]

    def __len__(self) -> int:
        return self()._state[1]

    def __iter__(self) -> Iterator[Anything]:
        return iter([self() for _ in range(self._state[1])])

    def __contains__(self, item: object) -> bool:
        return self()._state[0]

    def __int__(self) -> int:
        return self()._state[1] - 1

    __index__ = __int__

    def __float__(self) -> float:
        return float(int(self))

    def __str__(self) -> str:
        return "?" * self()._state[1]

    def __repr__(self) -> str:
        return str(self)


def _comparison(self: Anything, other: object) -> bool:
    return self()._state[0]


for _name in ("lt", "le", "gt", "ge"):
    setattr(Anything, f"__{_name}__", _comparison)
for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
):
    setattr(Anything, f"__{_name}__", Anything.__call__)
    setattr(Anything, f"__r{_name}__", Anything.__call__)
for _name in ("neg", "pos", "abs", "invert", "round", "getitem", "enter"):
    setattr(Anything, f"__{_name}__", Anything.__call__)
for _name in ("setitem", "delitem", "exit"):
    setattr(Anything, f"__{_name}__", lambda *_: None)


def wrong_functions() -> Iterator[Callable[..., Any]]:
    """Yields functions that return something that is no answer: always true, always false, empty, None."""
    # Two outcomes of every comparison, with items and without: what accepts all of them looks at nothing.
    for truth, size in ((True, 2), (False, 3), (False, 0)):
        yield Anything(truth, size, [_MOST_STEPS])
    yield lambda *_, **__: None
