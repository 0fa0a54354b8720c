"""Settings of a command in layers: its defaults, a preset, a file or the run that it resumes, and what is typed."""

from __future__ import annotations

import json
import typing
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self, TypeVar

from agents.settings import SettingsRecord
from agents.training.run_folder import MODEL, SETTINGS
from codegym.atomic_file import atomic_file
from codegym.errors import DataError, InvalidSettingError

# Key of the version that ran, beside the settings.
_VERSION = "codegym"
# Options that say what to do now and how to show it: the next call begins without them.
_OF_ONE_CALL = ("resume", "settings", "until", "json")


@dataclass(frozen=True, kw_only=True)
class HasPreset(SettingsRecord):
    """A command whose settings begin with the paper's, with a file's, or with those of the run that it resumes."""

    run_dir: Path = Path("runs")
    """Folder of the run: log, checkpoints and the trained model."""
    resume: bool = False
    """Go on with the run in run-dir: its settings, its model and its numbers; options given here replace its own."""
    settings: Path | None = None
    """JSON file of settings to begin with, such as the settings.json of a run; options given here replace them."""
    paper: bool = False
    """Begin with the paper's settings; options given here replace them."""

    @classmethod
    def paper_preset(cls) -> Self:
        """Returns the command with the paper's settings, and ``paper`` set."""
        raise NotImplementedError


C = TypeVar("C", bound=HasPreset)


def base_settings(kind: type[C], arguments: Sequence[str]) -> C:
    """Returns the command whose settings the typed ones replace.

    A typed setting counts because it was typed, and not because it differs from a default: so what is returned here
    are the defaults that the arguments are parsed with. A resumed run begins with its own settings, whatever file it
    had begun with.

    Args:
        kind: The class of the command.
        arguments: What was typed.

    Raises:
        DataError: If the run or the file cannot be read.
        UnknownNameError: If it names a setting that does not exist.
        InvalidSettingError: If a value makes no sense.
    """
    # Only these four are read here. One pass by tyro follows, with the other layers as its defaults.
    typed = _typed_source(arguments)
    run_dir = typed.run_dir or kind().run_dir
    file = run_dir / SETTINGS if typed.resume else typed.settings
    if typed.resume and not (run_dir / SETTINGS).exists():
        raise DataError(f"there is no run to resume in {run_dir}: {SETTINGS} is missing.")
    values = {} if file is None else read_settings(file)
    # The preset lies below the file, and the file may name it: so it is looked up before the file is applied.
    is_paper = values.get("paper", False) if typed.paper is None else typed.paper
    base = (kind.paper_preset() if is_paper else kind()).changed({**values, "paper": is_paper})
    # A folder that was moved still holds its run.
    return replace(base, run_dir=run_dir) if typed.resume else base


def _typed_source(arguments: Sequence[str]) -> Any:
    """The four options that say what the others replace; all others are left to the command's own parser."""
    # Without abbreviations: --set must not be taken for --settings, which the command's parser would refuse.
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    for option in ("run_dir", "settings"):
        parser.add_argument(f"--{option.replace('_', '-')}", f"--{option}", type=Path)
    for option in ("resume", "paper"):
        parser.add_argument(f"--{option}", action=BooleanOptionalAction)
    return parser.parse_known_args(arguments)[0]


def resume_settings(command: C, fixed: Sequence[str]) -> C:
    """Returns the settings that a run was last started with, before it goes on with those that are given now.

    Args:
        command: The command with ``run_dir``, as it was typed.
        fixed: Settings that the checkpoint has fixed, by name; a dot leads into a group (``config.method``), and the
            name of a group stands for all that is in it.

    Raises:
        InvalidSettingError: If one of them is to change; the message names all of them.
    """
    before = type(command).of(read_settings(command.run_dir / SETTINGS))
    changes = [change for name in fixed for change in _changes(name, _part(before, name), _part(command, name))]
    if changes:  # all of them in one message: a user wants to mend the command once
        model = command.run_dir / MODEL
        start = f" (to begin with its weights: --model {model})" if model.is_dir() else ""
        raise InvalidSettingError(
            f"the checkpoint of {command.run_dir} has settings that cannot change any more: {', '.join(changes)}. "
            f"Leave them out, or begin a new run in another --run-dir{start}."
        )
    return before


def write_settings(file: Path, command: Any) -> None:
    """Writes a command's settings, but for those that are about one call, and the version that runs it."""
    kept = {name: value for name, value in asdict(command).items() if name not in _OF_ONE_CALL}
    with atomic_file(file) as opened:  # half a file would be a run that cannot be resumed
        json.dump({**kept, _VERSION: version("codegym")}, opened, indent=2, default=str)


def read_settings(file: Path) -> dict[str, Any]:
    """Returns the settings in a file, by name and unchecked.

    Raises:
        DataError: If the file is missing or holds something else.
    """
    try:
        values = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the settings {file}: {error}.") from error
    if not isinstance(values, dict):
        raise DataError(f"cannot read the settings {file}: expected a JSON object, got {type(values).__name__}.")
    values.pop(_VERSION, None)
    return values


def refuse_old_options(kind: type, arguments: Sequence[str]) -> None:
    """Refuses options that have another name now, or that there are no more.

    Args:
        kind: The class of a command. It and its groups of settings may have a table ``RENAMED`` of names, old to new,
            and a table ``REMOVED`` of what to do instead.
        arguments: What was typed.

    Raises:
        InvalidSettingError: If an old name was typed; the message says the new one, or what to do instead.
    """
    # `--tests` was a number of `sampling` and is a file of the command today: only what is no option now is old.
    current = typing.get_type_hints(kind)
    renamed, removed = _table(kind, "RENAMED"), _table(kind, "REMOVED")
    for argument in arguments:
        option = argument.partition("=")[0]
        name = option.removeprefix("--").replace("-", "_")
        if name == option or name in current:
            continue
        if name in renamed:
            new = renamed[name].replace("_", "-")
            raise InvalidSettingError(f"the option {option.replace('_', '-')} was renamed to --{new}.")
        if name in removed:
            raise InvalidSettingError(f"there is no option {option.replace('_', '-')} any more: {removed[name]}")


def _table(kind: Any, name: str) -> dict[str, str]:
    """A table of a command and of its groups of settings."""
    hints = typing.get_type_hints(kind).values()
    groups = [_table(hint, name) for hint in hints if is_dataclass(hint)]
    return {old: text for names in (*groups, getattr(kind, name, {})) for old, text in names.items()}


def check_at_least(command: Any, least: int, *names: str) -> None:
    """Refuses numbers that are too small, before anything heavy is imported or loaded.

    Raises:
        InvalidSettingError: If one is; the message names the option.
    """
    for name in names:
        if getattr(command, name) < least:
            option = f"--{name.replace('_', '-')}"
            raise InvalidSettingError(f"{option} must be at least {least}, got {getattr(command, name)!r}.")


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
