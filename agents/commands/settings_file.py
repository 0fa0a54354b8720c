"""A command's settings as JSON, and back: what a run was started with."""

from __future__ import annotations

import json
import typing
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from codegym.errors import DataError

T = TypeVar("T")


def write_settings(path: Path, command: Any) -> None:
    """Writes a command's fields, and the version that ran it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = {**asdict(command), "codegym": version("codegym")}
    path.write_text(json.dumps(settings, indent=2, default=str), "utf-8")


def read_settings(path: Path, kind: type[T]) -> T:
    """Makes the command again that ``write_settings`` wrote; fields that it did not know have their defaults.

    Raises:
        DataError: If the file is missing or holds something else.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the run's settings {path}: {error}.") from error
    made: T = _of(kind, values)
    return made


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
        known = {field.name for field in fields(kind)}
        return kind(**{name: _of(hints[name], item) for name, item in value.items() if name in known})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, Enum | Path):
        return kind(value)
    return value


def _fits(kind: Any, value: Any) -> bool:
    """Whether plain data may stand for this type, out of several."""
    return (typing.get_origin(kind) is tuple) == isinstance(value, list)
