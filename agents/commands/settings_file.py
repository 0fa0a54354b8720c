"""A command's settings as JSON, and back: what a run was started with."""

from __future__ import annotations

import json
import typing
from dataclasses import asdict, fields, is_dataclass, replace
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from codegym.errors import DataError, UnknownNameError

T = TypeVar("T")

_VERSION = "codegym"
"""Beside the settings: what ran them."""


def write_settings(path: Path, command: Any) -> None:
    """Writes a command's fields, and the version that ran it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = {**asdict(command), _VERSION: version("codegym")}
    path.write_text(json.dumps(settings, indent=2, default=str), "utf-8")


def read_settings(path: Path, kind: type[T]) -> T:
    """Makes the command again that ``write_settings`` wrote; fields that it did not name have their defaults.

    Raises:
        DataError: If the file is missing or holds something else.
        UnknownNameError: If it names a setting that does not exist.
        InvalidSettingError: If a value makes no sense.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the run's settings {path}: {error}.") from error
    made: T = _of(kind, values)
    return made


def on_top_of(command: T, path: Path) -> T:
    """A command's settings on top of those in a file: what differs from the defaults counts.

    Raises:
        DataError, UnknownNameError, InvalidSettingError: As ``read_settings``.
    """
    kind = type(command)
    merged: T = _merged(command, read_settings(path, kind), kind())
    return merged


def _merged(given: Any, read: Any, default: Any) -> Any:
    if is_dataclass(given) and not isinstance(given, type):
        parts = [(field.name, *(getattr(one, field.name) for one in (given, read, default))) for field in fields(given)]
        return replace(given, **{name: _merged(*values) for name, *values in parts})
    return given if given != default else read


def _of(kind: Any, value: Any) -> Any:
    """Plain data as a value of this type."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _of(typing.get_args(kind)[0], value)
    if origin in (typing.Union, UnionType):
        kinds = [k for k in typing.get_args(kind) if k is not type(None) and _fits(k, value)]
        return _of(kinds[0], value) if kinds and value is not None else value
    if origin is tuple:
        return tuple(_of(typing.get_args(kind)[0], item) for item in value)
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        known = [field.name for field in fields(kind)]
        for name in set(value) - {_VERSION}:
            if name not in known:
                raise UnknownNameError("setting", name, known)
        return kind(**{name: _of(hints[name], item) for name, item in value.items() if name in known})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, Enum | Path):
        return kind(value)
    return value


def _fits(kind: Any, value: Any) -> bool:
    """Whether plain data may stand for this type, out of several."""
    return (typing.get_origin(kind) is tuple) == isinstance(value, list)
