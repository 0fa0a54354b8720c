"""Settings: frozen records that are made of plain data, check themselves, and know their old names."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Self

from codegym.errors import InvalidSettingError, UnknownNameError

# What may stand for a type; a text for all others.
_PLAIN: Mapping[Any, Any] = {
    tuple: (list, tuple),
    int: Integral,
    float: Real,
    bool: bool,
    Path: (str, Path),
    NoneType: NoneType,
}


@dataclass(frozen=True, kw_only=True)
class SettingsRecord:
    """A frozen record of settings. A field may be a record itself: a group of settings.

    No two settings of a record share a name, whatever groups they are in. So plain data, keyword arguments and command
    lines name a setting without its group. Layers of settings are one ``changed`` after another: each layer replaces
    what it names and leaves the rest.

    Raises:
        UnknownNameError: If a setting with a fixed set of values has another one.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {}
    """New names of settings by their old ones, for files, checkpoints and command lines of earlier versions."""
    REMOVED: ClassVar[Mapping[str, str]] = {}
    """What to do instead, by the names of settings that there are no more; a sentence each."""

    def __post_init__(self) -> None:
        # A Literal is only a hint to type checkers: Python itself would take any text.
        for name, kind in typing.get_type_hints(type(self)).items():
            for value, choices in _literals(kind, getattr(self, name)):
                if value not in choices:
                    raise UnknownNameError(f"{type(self).__name__}.{name}", value, choices)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Makes a record of plain data, as it comes out of a JSON file; what is not named has its default.

        Raises:
            UnknownNameError: If there is no such setting, or it has no such value.
            InvalidSettingError: If a value makes no sense or has the wrong type, or a setting was removed.
        """
        return cls().changed(values)

    def changed(self, values: Mapping[str, Any]) -> Self:
        """Returns a copy with these settings in place of its own.

        Args:
            values: Plain data by name; a group may be a mapping of its own, and old names are understood.

        Raises:
            UnknownNameError: If there is no such setting, or it has no such value.
            InvalidSettingError: If a value makes no sense, or a setting was removed.
        """
        new: dict[str, Any] = {}
        kinds, own = typing.get_type_hints(type(self)), {field.name for field in fields(self)}
        groups = {name: group for name in own if is_group(group := getattr(self, name))}
        for name, value in self.upgraded(values).items():
            # A setting of the record itself wins over one of the same name in a group.
            owner = next((group for group in groups if name in groups[group].names()), None)
            if name in groups:
                new[name] = value if is_group(value) else new.get(name, groups[name]).changed(value)
            elif name in own:
                new[name] = _typed(kinds[name], value, f"{type(self).__name__}.{name}")
            elif owner is not None:
                new[owner] = new.get(owner, groups[owner]).changed({name: value})
            else:
                raise UnknownNameError(f"setting of {type(self).__name__}", name, self.names())
        return replace(self, **new)

    @classmethod
    def upgraded(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Returns plain data of an earlier version under today's names; what was switched off and is gone is left out.

        Raises:
            InvalidSettingError: If a setting was removed.
        """
        for name, value in values.items():
            if name in cls.REMOVED and value:
                raise InvalidSettingError(f"{cls.__name__} has no setting {name!r} any more: {cls.REMOVED[name]}")
        return {cls.RENAMED.get(name, name): value for name, value in values.items() if name not in cls.REMOVED}

    def names(self) -> tuple[str, ...]:
        """Names of all settings, those of groups included."""
        return tuple(
            name
            for field in fields(self)
            for value in [getattr(self, field.name)]
            for name in (value.names() if is_group(value) else (field.name,))
        )

    def value(self, name: str) -> Any:
        """The value of a setting, whatever group it is in.

        Raises:
            UnknownNameError: If there is no such setting.
        """
        for group in (self, *(getattr(self, field.name) for field in fields(self))):
            if is_group(group) and name in vars(group):
                return vars(group)[name]
        raise UnknownNameError(f"setting of {type(self).__name__}", name, self.names())

    def require(self, is_good: bool, name: str, expected: str) -> None:
        """Refuses the value of a setting.

        Raises:
            InvalidSettingError: If it is not good; the message says what was expected and what came.
        """
        if not is_good:
            raise InvalidSettingError(f"{type(self).__name__}.{name} must be {expected}, got {getattr(self, name)!r}.")

    def require_at_least(self, bound: float, *names: str) -> None:
        """Refuses numbers below a bound."""
        for name in names:
            self.require(getattr(self, name) >= bound, name, f"at least {bound}")

    def require_above(self, bound: float, *names: str) -> None:
        """Refuses numbers that are not above a bound."""
        for name in names:
            self.require(getattr(self, name) > bound, name, f"above {bound}")


def is_group(value: object) -> bool:
    """Whether a field's value is a record of settings itself."""
    return isinstance(value, SettingsRecord)


def _literals(kind: Any, value: Any) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """The values of a setting that must be among some, each with those; nothing for other types."""
    if typing.get_origin(kind) is Literal:
        yield value, typing.get_args(kind)
    elif typing.get_origin(kind) is tuple:
        for item in value:
            yield from _literals(typing.get_args(kind)[0], item)
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield str(value), tuple(str(member) for member in kind)


def _typed(kind: Any, value: Any, name: str) -> Any:
    """Plain data in the type of its setting: JSON has neither tuples nor enums nor paths."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return value  # the record checks its choices itself
    if origin in (typing.Union, UnionType):
        # No part fits: the first one is named in the message.
        fitting = [part for part in parts if _fits(part, value)]
        return _typed(fitting[0] if fitting else parts[0], value, name)
    if not _fits(kind, value):
        expected = str(kind) if origin else kind.__name__
        raise InvalidSettingError(f"{name} must be of type {expected}, got {value!r}.")
    if origin is tuple:
        return tuple(_typed(parts[0], item, name) for item in value)
    if issubclass(kind, Enum):
        choices = {str(member): member for member in kind}
        if str(value) not in choices:
            raise UnknownNameError(name, value, choices)
        return choices[str(value)]
    return kind(value) if issubclass(kind, Path) else value


def _fits(kind: Any, value: Any) -> bool:
    """Whether a value may stand for a type: a list for a tuple, a text for a path, a whole number for any number."""
    plain = _PLAIN.get(typing.get_origin(kind) or kind, str)
    # In Python, true and false are numbers; in a file of settings they are a mistake.
    return isinstance(value, plain) and (plain is bool or not isinstance(value, bool))
