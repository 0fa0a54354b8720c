"""From a suite's name to its problems."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from codegym.errors import DataError, MissingExtraError, UnknownNameError
from codegym.problem import Problem
from envs_registry.building import FaultyRowsError
from envs_registry.catalogue import SuiteEntry, entry_of
from envs_registry.sources import SuiteSource, source_of
from envs_registry.suite import Suite

_NO_FAULTS: tuple[DataError, ...] = ()


@dataclass(frozen=True)
class LoadedSuite:
    """What a suite's files hold.

    Attributes:
        suite: The problems of the sound rows.
        faults: What is wrong with the others, each with file and line.
    """

    suite: Suite
    faults: tuple[DataError, ...] = ()


def load_suite(
    name: str | os.PathLike[str],
    split: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Suite:
    """Loads a suite of problems.

    Args:
        name: A name of ``list_suites()``, or the path of a JSONL file with your own problems.
        split: One of the suite's splits; None takes its default.
        data_dir: The folder with the suite's files (or with a folder of the suite's name). None looks into the folder
            that ``CODEGYM_DATA`` names, then into the cache.
        **options: Options of the suite's loader, see ``docs/suites.md``.

    Returns:
        The problems, in the benchmark's order.

    Raises:
        UnknownNameError: If there is no such suite, split or option.
        DataError: If its data is missing or malformed; the message says where, and what to do. Rows at fault are named
            together (``FaultyRowsError``); ``read_suite`` goes on without them.
        MissingExtraError: If the data must be fetched from the hub, or is Parquet, and the extra ``hub`` is missing.
    """
    reading = read_suite(name, split, data_dir, **options)
    if reading.faults:
        raise FaultyRowsError(reading.faults, reading.suite)
    return reading.suite


def read_suite(
    name: str | os.PathLike[str],
    split: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    **options: Any,
) -> LoadedSuite:
    """Like ``load_suite``, and goes on where rows are at fault.

    Raises:
        DataError: If not one row is sound; all else as ``load_suite``.
    """
    path = os.fspath(name)
    if names_a_file(path):
        return _read("jsonl", split, path, options, download=True, label=label_of(path))
    return _read(path, split, data_dir, options, download=True)


def names_a_file(name: str) -> bool:
    """Whether a suite's name is the path of a file with one's own problems."""
    return name.endswith((".jsonl", ".jsonl.gz"))


def label_of(name: str) -> str:
    """Returns what a suite is called that is named so: a file is called what its name is without the ending."""
    return Path(name).name.removesuffix(".gz").removesuffix(".jsonl") or "jsonl" if names_a_file(name) else name


def is_at_hand(name: str, split: str, data_dir: str | os.PathLike[str] | None = None) -> bool:
    """Says whether a suite loads here without the network."""
    try:
        return entry_of(name).embedded or len(_read(name, split, data_dir, {}, download=False).suite) > 0
    # A half-filled cache or a missing library gives the same answer: something must be fetched first.
    except (DataError, MissingExtraError):
        return False


def _read(
    name: str,
    split: str | None,
    data_dir: str | os.PathLike[str] | None,
    options: dict[str, Any],
    download: bool,
    label: str = "",
) -> LoadedSuite:
    entry = entry_of(name)
    split = entry.default_split if split is None else split
    if entry.splits and split not in entry.splits:
        raise UnknownNameError(f"split of suite {name!r}", split, entry.splits)
    loader, known = _loader(entry), options_of(entry)
    for option in options:
        if option not in known:
            raise UnknownNameError(f"option of suite {name!r}", option, known or ("(none)",))
    options = {**entry.options, **options}
    # What a benchmark has wrong is written beside its loader, so that a loader is one file.
    module = inspect.getmodule(loader)
    if entry.embedded:
        problems, faults, origin = loader(split, **options), _NO_FAULTS, "built in"
    else:
        fetch = partial(entry.hub.fetch, split, download) if entry.hub and split in entry.hub.files else None
        advice = f"It is published at {entry.url}." if entry.url else ""
        source = source_of(entry.folder or name, data_dir, advice, fetch)
        problems, faults = _sound(loader, source, split, options)
        origin = _origin(source.used)
    packages_for = getattr(module, "packages_for", None)
    suite = Suite(
        label or name,
        split,
        problems,
        origin=origin,
        # A file of the user's says both in its rows, and its loader returns a suite that knows them.
        known_bad=getattr(problems, "known_bad", getattr(module, "KNOWN_BAD", {})),
        packages=getattr(problems, "packages", packages_for(**options) if packages_for else entry.packages),
    )
    return LoadedSuite(suite, faults)


def _sound(
    loader: Callable[..., Sequence[Problem]], source: SuiteSource, split: str, options: dict[str, Any]
) -> tuple[Sequence[Problem], tuple[DataError, ...]]:
    """The problems of the sound rows, and what is wrong with the others; no sound row at all is an error."""
    try:
        return loader(source, split, **options), _NO_FAULTS
    except FaultyRowsError as error:
        if not error.problems:
            raise
        return error.problems, error.faults


def _origin(used: Sequence[Path]) -> str:
    """The file, or the folder of the files, that was read."""
    paths = sorted(set(used))
    return str(paths[0] if len(paths) == 1 else paths[0].parent) if paths else ""


def options_of(entry: SuiteEntry) -> dict[str, Any]:
    """Returns the options of a suite's loader with their defaults."""
    # A loader's first parameters are the source, which an embedded suite has not, and the split.
    first = 1 if entry.embedded else 2
    parameters = list(inspect.signature(_loader(entry)).parameters.values())[first:]
    return {parameter.name: parameter.default for parameter in parameters if parameter.name not in entry.options}


def _loader(entry: SuiteEntry) -> Callable[..., Sequence[Problem]]:
    module, function = entry.loader.split(":")
    loader: Callable[..., Sequence[Problem]] = getattr(importlib.import_module(module), function)
    return loader
