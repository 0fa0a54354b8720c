"""Requests and arguments on their way *into* the sandbox: from the trusted side, so that the built-in format will do.

Only this direction may use ``marshal``: what comes out of a program is read by :mod:`codec` alone.
"""

from __future__ import annotations

import marshal
from typing import Any

from .codec import Codec

_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})
_VERSION = 4
SHORT = 2**13
"""A request up to this size goes along with the descriptors."""
LATER = b"later"
"""Stands for a longer one, which follows over the channel."""


def pack_request(request: dict[str, Any]) -> bytes:
    """Returns a request (texts, numbers, bytes, lists) as bytes."""
    return marshal.dumps(request, _VERSION)


def unpack_request(data: bytes) -> dict[str, Any]:
    """Returns the request that :func:`pack_request` was given."""
    request: dict[str, Any] = marshal.loads(data)
    return request


def pack_calls(payloads: list[bytes]) -> bytes:
    """Returns the calls of one test as bytes."""
    return marshal.dumps(payloads, _VERSION)


def unpack_calls(data: bytes) -> list[bytes]:
    """Returns the calls that :func:`pack_calls` was given."""
    calls: list[bytes] = marshal.loads(data)
    return calls


def pack_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """Returns the arguments of a call as bytes; types that ``marshal`` would change go through the codec."""
    # ``marshal`` is the faster one, but it knows no subclasses and would change them without a word.
    if _survives((args, kwargs)):
        return b"m" + marshal.dumps((args, kwargs), _VERSION)
    return b"c" + Codec().encode((args, kwargs))


def unpack_arguments(data: bytes, codec: Codec) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Returns the arguments that :func:`pack_arguments` was given, fresh ones each time."""
    args, kwargs = marshal.loads(data[1:]) if data[:1] == b"m" else codec.decode(data[1:])
    return args, kwargs


def _survives(value: Any) -> bool:
    kind = type(value)
    if kind in _ATOMS:
        return True
    if kind is dict:
        return _survives(list(value)) and _survives(list(value.values()))
    if kind in (list, tuple, set, frozenset):
        return set(map(type, value)) <= _ATOMS or all(map(_survives, value))
    return False
