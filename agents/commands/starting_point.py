"""What a command's options go on top of: its defaults, the paper's settings, a file's, or those of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

from agents.commands.settings_file import overlaid, read_values
from codegym.errors import DataError

RECORD = "settings.json"
"""The settings of a run, in its folder."""


@runtime_checkable
class Startable(Protocol):
    """A command with the options ``run_dir``, ``resume``, ``settings`` and ``paper``."""

    @classmethod
    def of_the_paper(cls) -> Self:
        """The command with the paper's settings, and ``paper`` set."""


C = TypeVar("C", bound=Startable)


@dataclass(frozen=True)
class _Source:
    """The options that say where the others begin."""

    run_dir: Path
    resume: bool = False
    settings: Path | None = None
    paper: bool = False


def starting_point(kind: type[C], arguments: Sequence[str]) -> C:
    """The command that these arguments are options on top of.

    An option counts because it was typed and not because it differs from a default: so the arguments are parsed with
    what is returned here as the defaults. A run that goes on begins with its own settings, whatever file it had.

    Args:
        kind: Of the command.
        arguments: As they were typed.

    Raises:
        DataError: If the run or the file cannot be read.
        UnknownNameError: If it names a setting that does not exist.
        InvalidSettingError: If a value makes no sense.
    """
    default: Any = kind()
    typed = _typed(_Source(default.run_dir), arguments)
    file = typed.run_dir / RECORD if typed.resume else typed.settings
    if typed.resume and not (typed.run_dir / RECORD).exists():
        raise DataError(f"there is no run to resume in {typed.run_dir}: {RECORD} is missing.")
    values = {} if file is None else read_values(file)
    is_paper = _typed(replace(typed, paper=bool(values.get("paper", False))), arguments).paper
    begun: C = overlaid(kind.of_the_paper() if is_paper else kind(), values)
    # a folder that was moved still holds its run
    return replace(begun, run_dir=typed.run_dir) if typed.resume else begun  # type: ignore[type-var]


def _typed(default: _Source, arguments: Sequence[str]) -> _Source:
    import tyro

    source, _ = tyro.cli(_Source, args=list(arguments), default=default, return_unknown_args=True, add_help=False)
    return source
