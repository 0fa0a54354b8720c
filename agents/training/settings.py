"""Settings of learners: frozen records that are made of plain data, check themselves, and know their old names."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any, ClassVar, Literal, Self

from codegym.errors import InvalidSettingError, UnknownNameError


@dataclass(frozen=True, kw_only=True)
class SettingsRecord:
    """A frozen record of settings. A field may be a record itself: a group of settings.

    No two settings of a record share a name, whatever groups they are in. So plain data, keyword arguments and command
    lines name a setting without its group.

    Raises:
        UnknownNameError: If a setting with a fixed set of values has another one.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {}
    """New names of settings by their old ones, for files, checkpoints and command lines of earlier versions."""
    REMOVED: ClassVar[Mapping[str, str]] = {}
    """What to do instead, by the names of settings that there are no more; a sentence each."""

    def __post_init__(self) -> None:
        for name, kind in typing.get_type_hints(type(self)).items():
            for value, choices in _literals(kind, getattr(self, name)):
                if value not in choices:
                    raise UnknownNameError(f"{type(self).__name__}.{name}", value, choices)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Makes a record of plain data, as it comes out of a JSON file; what is not named has its default.

        Raises:
            UnknownNameError: If there is no such setting, or it has no such value.
            InvalidSettingError: If a value makes no sense, or a setting was removed.
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
        groups = {f.name: getattr(self, f.name) for f in fields(self) if is_group(getattr(self, f.name))}
        for name, value in self.upgraded(values).items():
            owner = next((group for group in groups if name in groups[group].names()), None)
            if name in groups:
                new[name] = value if is_group(value) else new.get(name, groups[name]).changed(value)
            elif owner is not None:
                new[owner] = new.get(owner, groups[owner]).changed({name: value})
            elif name in self.names():
                new[name] = _like(getattr(self, name), value, f"{type(self).__name__}.{name}")
            else:
                raise UnknownNameError(f"setting of {type(self).__name__}", name, self.names())
        return replace(self, **new)

    @classmethod
    def upgraded(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Returns plain data of an earlier version under today's names.

        Raises:
            InvalidSettingError: If a setting was removed.
        """
        for name in values:
            if name in cls.REMOVED:
                raise InvalidSettingError(f"{cls.__name__} has no setting {name!r} any more: {cls.REMOVED[name]}")
        return {cls.RENAMED.get(name, name): value for name, value in values.items()}

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


@dataclass(frozen=True, kw_only=True)
class LearnerConfig(SettingsRecord):
    """What every learner has: an optimizer and batches."""

    RENAMED: ClassVar[Mapping[str, str]] = {"gain_factor": "norm_lr_multiplier"}

    learning_rate: float = 1e-4
    """Learning rate of AdamW; the default suits models of a few million parameters."""
    norm_lr_multiplier: float = 1.0
    """Experimental, only tried on models of a few million parameters: learning rate of one-dimensional weights (norms,
    biases), as a multiple of the others'. The model `tiny` learns several times faster with 100."""
    max_grad_norm: float = 1.0
    """Largest norm of the gradient; larger ones are scaled down to it."""
    batch_size: int = 32
    """Completions or pairs that an optimizer step learns from."""
    micro_batch_size: int = 16
    """Completions or pairs in one forward pass. A smaller number saves memory and changes no gradient."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_above(0, "learning_rate", "norm_lr_multiplier", "max_grad_norm")
        self.require_at_least(1, "micro_batch_size")

    @property
    def batch(self) -> int:
        """Completions or pairs that an optimizer step learns from, as a number above zero."""
        return self.batch_size


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


def _like(before: object, value: Any, name: str) -> Any:
    """Plain data in the type of the value that it replaces: JSON has neither tuples nor enums."""
    if isinstance(before, tuple) and isinstance(value, list):
        return tuple(value)
    if isinstance(before, Enum):
        choices = {str(member): member for member in type(before)}
        if str(value) not in choices:
            raise UnknownNameError(name, value, choices)
        return choices[str(value)]
    return value
