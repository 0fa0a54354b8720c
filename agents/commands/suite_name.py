"""Suites as users name them: ``NAME``, ``NAME:SPLIT``, ``NAME[option=value]``, or the path of a file."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agents.commands.terminal import note
from codegym.errors import InvalidSettingError
from envs_registry import Suite, load_suite
from envs_registry.catalogue import CATALOGUE
from envs_registry.loading import LoadedSuite, names_a_file, read_suite

# Without a colon or bracket in a name, `name:split` and `name[option=value]` cannot be mistaken for a file's path.
_NAME = re.compile(r"(?P<name>[^:\[\]]+)(\[(?P<options>[^\]]*)\])?(:(?P<split>[^:\[\]]+))?")


def load_named(text: str, split: str | None = None, data_dir: Path | None = None) -> Suite:
    """Loads the suite that a user names.

    Args:
        text: The name, with a split or options of the suite's loader if they are wanted; or the path of a JSONL file.
        split: A split that was named beside it; it must not contradict the name.
        data_dir: Folder with the files of benchmarks.

    Raises:
        UnknownNameError: If there is no such suite, split or option.
        DataError: If the files of the suite are missing or malformed.
        InvalidSettingError: If two splits are named.
    """
    name, named_split, options = parsed(text)
    if split and named_split and split != named_split:
        raise InvalidSettingError(f"two splits are named: {text!r} and --split {split}. Leave one of them out.")
    return load_suite(name, split or named_split, data_dir, **options)


def read_named(text: str, data_dir: Path | None = None) -> LoadedSuite:
    """Like ``load_named``, and goes on where rows are at fault."""
    name, split, options = parsed(text)
    return read_suite(name, split, data_dir, **options)


def parsed(text: str) -> tuple[str, str | None, dict[str, Any]]:
    """Returns a suite's name, its split if one is named, and the options of its loader."""
    found = None if names_a_file(text) else _NAME.fullmatch(text)
    if found is None or found["name"] not in CATALOGUE:  # the loader knows what to say of a name that is unknown
        return text, None, {}
    pairs = (part.partition("=") for part in (found["options"] or "").split(",") if part.strip())
    return found["name"], found["split"], {name.strip(): _value(value.strip()) for name, _, value in pairs}


def installed_packages(suite: Suite) -> tuple[str, ...]:
    """Returns the suite's packages that are installed, and names the others: programs that need them fail."""
    missing = [package for package in suite.packages if find_spec(package) is None]
    if missing:
        note(f"{suite!r}: not installed: {', '.join(missing)}; programs that need them will fail.")
    return tuple(package for package in suite.packages if package not in missing)


def _value(text: str) -> Any:
    """A number, true, false or null as JSON has them; anything else is a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
