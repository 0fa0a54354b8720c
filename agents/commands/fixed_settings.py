"""Settings that a run's checkpoint has fixed: what is typed is taken or refused, and never left out in silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from agents.commands.settings_file import overlaid, read_values
from agents.commands.starting_point import RECORD
from codegym.errors import InvalidSettingError


def settings_before(command: Any, fixed: Sequence[str]) -> Any:
    """Returns the command as its run was last started, to go on from its checkpoint with what is given now.

    Args:
        command: With ``run_dir``, as it was typed.
        fixed: Its settings that cannot change any more, by name; a dot leads into a part (``config.method``), and a
            part stands for all that is in it.

    Raises:
        InvalidSettingError: If one of them is to change; the message names all that are.
    """
    before = overlaid(type(command)(), read_values(command.run_dir / RECORD))
    changes = [change for name in fixed for change in _changes(name, _part(before, name), _part(command, name))]
    if changes:
        raise InvalidSettingError(
            f"the checkpoint of {command.run_dir} has settings that cannot change any more: {', '.join(changes)}. "
            f"Leave them out, or begin a run of its own with another --run-dir{_from_there(command.run_dir)}."
        )
    return before


def _changes(name: str, before: Any, now: Any) -> Iterator[str]:
    if is_dataclass(before):
        for field in fields(before):
            yield from _changes(f"{name}.{field.name}", getattr(before, field.name), getattr(now, field.name))
    elif before != now:
        yield f"{name.removeprefix('config.')} {_shown(before)} cannot become {_shown(now)}"


def _part(command: Any, name: str) -> Any:
    for step in name.split("."):
        command = getattr(command, step)
    return command


def _shown(value: Any) -> str:
    return repr(str(value) if isinstance(value, Path) else value)


def _from_there(run_dir: Path) -> str:
    return f" (from where this one is: --model {run_dir / 'model'})" if (run_dir / "model").is_dir() else ""
