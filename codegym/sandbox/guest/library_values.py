"""Dates, times and numpy's numbers and arrays as data; neither side imports numpy unless it meets a value of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from importlib import import_module
from typing import Any

from .refusal import CodecError, checked

_DTYPE = re.compile(r"[<>|=][biufcMmSU]\d{1,4}(\[\d{0,4}[a-zA-Z]{1,2}\])?")
"""Plain numbers, times and texts: no objects, which would be pointers, and no records."""


def pack_library(value: Any) -> Any:
    """Returns such a value as JSON-safe data, None for any other."""
    kind = type(value)
    packer = _PACKERS.get(kind)
    if packer is not None:
        return packer(value)
    return _pack_numpy(value) if kind.__module__ == "numpy" else None


def _pack_zone(zone: Any, moment: datetime | time) -> Any:
    """Of a zone its present offset: two moments are equal if they are the same instant."""
    if zone is None:
        return None
    offset = zone.utcoffset(moment if isinstance(moment, datetime) else None)
    return None if offset is None else offset.total_seconds()


def _pack_time(value: datetime | time) -> list[Any]:
    return [value.hour, value.minute, value.second, value.microsecond, _pack_zone(value.tzinfo, value), value.fold]


_PACKERS: Mapping[type, Callable[[Any], Any]] = {
    date: lambda value: {"date": [value.year, value.month, value.day]},
    datetime: lambda value: {"datetime": [value.year, value.month, value.day, *_pack_time(value)]},
    time: lambda value: {"time": _pack_time(value)},
    timedelta: lambda value: {"timedelta": [value.days, value.seconds, value.microseconds]},
    timezone: lambda value: {"timezone": value.utcoffset(None).total_seconds()},
}


def _pack_numpy(value: Any) -> Any:
    numpy = sys.modules["numpy"]
    is_array = type(value) is numpy.ndarray
    if not is_array and not isinstance(value, numpy.generic):
        return None
    # Objects and records stay handles.
    if _DTYPE.fullmatch(value.dtype.str) is None:
        return None
    return {"numpy": [value.dtype.str, list(value.shape) if is_array else None, value.tobytes().hex()]}


def _zone(seconds: Any) -> timezone | None:
    return None if seconds is None else timezone(timedelta(seconds=seconds))


def _unpack_datetime(parts: Any) -> datetime:
    year, month, day, *rest = checked(parts, list)
    return datetime.combine(date(year, month, day), _unpack_time(rest))


def _unpack_time(parts: Any) -> time:
    hour, minute, second, microsecond, zone, fold = checked(parts, list)
    return time(hour, minute, second, microsecond, _zone(zone), fold=fold)


def _unpack_numpy(parts: Any) -> Any:
    dtype, shape, content = checked(parts, list)
    if _DTYPE.fullmatch(checked(dtype, str)) is None:
        raise CodecError("not a plain type of numpy")
    sizes = [] if shape is None else [checked(size, int) for size in checked(shape, list)]
    data = bytes.fromhex(content)
    numpy = import_module("numpy")  # no dependency of the sandbox: only who has sent such a value, has it
    flat = numpy.frombuffer(data, dtype=dtype).copy()  # a copy can be written to
    return flat[0] if shape is None else flat.reshape(sizes)


UNPACKERS: Mapping[str, Callable[[Any], Any]] = {
    "date": lambda parts: date(*checked(parts, list)),
    "datetime": _unpack_datetime,
    "time": _unpack_time,
    "timedelta": lambda parts: timedelta(*checked(parts, list)),
    "timezone": _zone,
    "numpy": _unpack_numpy,
}


def is_array(value: Any) -> bool:
    """Whether a value is an array of numpy."""
    kind = type(value)
    return kind.__module__ == "numpy" and kind.__name__ == "ndarray"
