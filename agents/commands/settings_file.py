"""A command's settings as JSON, and back: what a run was started with."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from agents.training.settings import SettingsRecord
from codegym.errors import DataError, InvalidSettingError, UnknownNameError

T = TypeVar("T")

_VERSION = "codegym"
"""Beside the settings: what ran them."""
_OF_A_CALL = ("resume", "settings", "until", "json")
"""Options that say what to do now and how to tell of it: another call begins without them."""


def write_settings(path: Path, command: Any) -> None:
    """Writes a command's fields, but those that are about one call of it, and the version that ran it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in asdict(command).items() if name not in _OF_A_CALL}
    path.write_text(json.dumps({**kept, _VERSION: version("codegym")}, indent=2, default=str), "utf-8")


def read_values(path: Path) -> dict[str, Any]:
    """The settings in a file, by name and unchecked.

    Raises:
        DataError: If the file is missing or holds something else.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the settings {path}: {error}.") from error
    if not isinstance(values, dict):
        raise DataError(f"cannot read the settings {path}: expected a JSON object, got {type(values).__name__}.")
    return values


def overlaid(command: T, values: Mapping[str, Any]) -> T:
    """A command with these settings in place of its own.

    Args:
        command: What it has besides stays as it is.
        values: Plain data by name, as ``read_values`` returns it; parts of a part may be missing, too.

    Raises:
        UnknownNameError: If there is no such setting.
        InvalidSettingError: If a value makes no sense.
    """
    made: T = _of(type(command), dict(values), command)
    return made


def _of(kind: Any, value: Any, before: Any = None) -> Any:
    """Plain data as a value of this type; of a dataclass, what the data does not name is as before."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _of(typing.get_args(kind)[0], value, before)
    if origin in (typing.Union, UnionType):
        kinds = [k for k in typing.get_args(kind) if k is not type(None) and _fits(k, value)]
        return _of(kinds[0], value) if kinds and value is not None else value
    if origin is tuple:
        return tuple(_of(typing.get_args(kind)[0], item) for item in value)
    if isinstance(before, SettingsRecord):
        return before.changed(value)
    if is_dataclass(kind):
        return _dataclass_of(kind, value, before)
    if isinstance(kind, type) and issubclass(kind, Enum | Path):
        return kind(value)
    return value


def _dataclass_of(kind: Any, values: Mapping[str, Any], before: Any) -> Any:
    hints = typing.get_type_hints(kind, include_extras=True)
    known, removed = [field.name for field in fields(kind)], getattr(kind, "REMOVED", {})
    for name in set(values) - {_VERSION}:
        if name in removed and values[name]:
            raise InvalidSettingError(f"there is no setting {name!r} any more: {removed[name]}")
        if name not in known and name not in removed:
            raise UnknownNameError("setting", name, known)
    named = {name: item for name, item in values.items() if name in known}
    return replace(before, **{name: _of(hints[name], item, getattr(before, name)) for name, item in named.items()})


def _fits(kind: Any, value: Any) -> bool:
    """Whether plain data may stand for this type, out of several."""
    return (typing.get_origin(kind) is tuple) == isinstance(value, list)
