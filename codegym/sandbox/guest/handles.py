"""Things of the other process as this one holds them: handles, and classes of the program to build with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

_ORDINARY = frozenset({"__name__", "__qualname__", "__doc__", "__annotations__", "__dict__"})


class Asking(Protocol):
    """Whoever passes a request on to the other process."""

    opaque_compared: bool

    def ask(self, verb: str, *arguments: Any) -> Any:
        """Returns what the request gives."""

    def hand_over(self, handle: Opaque) -> None:
        """Notes that values of the script's go to an object of the program, which they may tell what is expected.

        Raises:
            TypeError: If the problem does not want that.
        """


class Opaque:
    """A thing that lives in the other process."""

    __slots__ = ("_number", "_peer", "_type_name")

    def __init__(self, peer: Asking, number: int, type_name: str) -> None:
        object.__setattr__(self, "_peer", peer)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_type_name", type_name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls it, over there."""
        if args or kwargs:
            _hand_over(self)
        return _ask(self, "call", list(args), kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name not in _ORDINARY:
            raise AttributeError(name)  # protocols (__array_interface__, __deepcopy__, ...) are not forwarded
        return _ask(self, "get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        _hand_over(self)
        _ask(self, "set", name, value)

    def __eq__(self, other: object) -> bool:
        """Whether it is the very same thing: an equality of the program's own would decide the test."""
        if self is not other:
            object.__getattribute__(self, "_peer").opaque_compared = True
        return self is other

    __hash__ = object.__hash__

    def __iter__(self) -> Any:
        return _ask(self, "iter")

    def __next__(self) -> Any:
        return _ask(self, "next")

    def __len__(self) -> int:
        return int(_ask(self, "len"))

    def __bool__(self) -> bool:
        return bool(_ask(self, "bool"))

    def __getitem__(self, key: Any) -> Any:
        _hand_over(self)
        return _ask(self, "getitem", key)

    def __setitem__(self, key: Any, item: Any) -> None:
        _hand_over(self)
        _ask(self, "setitem", key, item)

    def __str__(self) -> str:
        return str(_ask(self, "str"))

    def __repr__(self) -> str:
        return f"<{object.__getattribute__(self, '_type_name')} in the other process>"


def _hand_over(handle: Opaque) -> None:
    peer: Asking = object.__getattribute__(handle, "_peer")
    peer.hand_over(handle)


async def awaited(handle: Opaque) -> Any:
    """A coroutine of the other process, as one of this: it runs over there when it is awaited here."""
    return _ask(handle, "await")


async def iterated(handle: Opaque) -> AsyncIterator[Any]:
    """An asynchronous generator of the other process, as one of this."""
    while True:
        try:
            item = _ask(handle, "anext")
        except StopAsyncIteration:
            return
        yield item


class Borrowed:
    """A class of the program that a script uses, or an object that the script made with it.

    It is there to be built and handed to the candidate. Nothing that decides comes from it: no value, no comparison, no
    length, or a program could bring a ``Counter`` of its own that makes all things equal.
    """

    __slots__ = ("_name", "_thing")

    def __init__(self, thing: Opaque, name: str) -> None:
        object.__setattr__(self, "_thing", thing)
        object.__setattr__(self, "_name", name)

    def __call__(self, *args: Any, **kwargs: Any) -> Borrowed:
        """Makes an object, over there."""
        return _borrowed(self, "call", list(args), kwargs)

    def __getattr__(self, name: str) -> Borrowed:
        return _borrowed(self, "get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(object.__getattribute__(self, "_thing"), "set", name, value)

    def __eq__(self, other: object) -> bool:
        raise TypeError(_no_value(self))

    def __hash__(self) -> int:
        raise TypeError(_no_value(self))

    def __bool__(self) -> bool:
        raise TypeError(_no_value(self))

    def __repr__(self) -> str:
        raise TypeError(_no_value(self))


def _borrowed(thing: Borrowed, verb: str, *arguments: Any) -> Borrowed:
    answer = _ask(object.__getattribute__(thing, "_thing"), verb, *arguments)
    if type(answer) is not Opaque:
        raise TypeError(_no_value(thing))
    return Borrowed(answer, object.__getattribute__(thing, "_name"))


def _no_value(thing: Borrowed) -> str:
    name = object.__getattribute__(thing, "_name")
    return f"{name!r} is the program's own class: a test may build its objects for the candidate, not learn from them"


def _ask(opaque: Opaque, verb: str, *arguments: Any) -> Any:
    peer: Asking = object.__getattribute__(opaque, "_peer")
    return peer.ask(verb, opaque, *arguments)
