"""The table of suites. A new suite is a line here and a loader in ``envs_registry/suites``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codegym.errors import UnknownNameError

ALL = "all"
"""The split that is every problem of a suite."""


@dataclass(frozen=True, kw_only=True)
class SuiteEntry:
    """One line of the catalogue.

    Attributes:
        title: What it is, for people.
        loader: ``"module:function"``; imported only when the suite is asked for.
        splits: The splits it has.
        default_split: The one that is meant when none is named.
        embedded: Made by code that is installed with this package; needs no data.
        options: Options of the loader that this line sets.
        packages: What the benchmark lets programs import beyond the standard library.
        folder: The name of its data's folder, where it is not the suite's own name.
        url: Where the benchmark lives.
        licence: Its licence.
    """

    title: str
    loader: str
    splits: tuple[str, ...]
    default_split: str
    embedded: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    folder: str = ""
    url: str = ""
    licence: str = ""


CATALOGUE: dict[str, SuiteEntry] = {
    "core": SuiteEntry(
        title="composed problems over lists, strings, numbers and more; made offline, splits disjoint by composition",
        loader="envs_registry.suites.core:load",
        splits=("train", "validation", "test"),
        default_split="train",
        embedded=True,
        licence="Apache-2.0",
    ),
    "humaneval": SuiteEntry(
        title="HumanEval: functions from signature and docstring",
        loader="envs_registry.suites.humaneval:load",
        splits=("test",),
        default_split="test",
        url="https://github.com/openai/human-eval",
        licence="MIT",
    ),
    "mbpp": SuiteEntry(
        title="MBPP: short functions from a sentence and three asserts",
        loader="envs_registry.suites.mbpp:load",
        splits=("prompt", "train", "validation", "test", ALL),
        default_split="test",
        url="https://github.com/google-research/google-research/tree/master/mbpp",
        licence="CC BY 4.0",
    ),
    "mbpp_sanitized": SuiteEntry(
        title="MBPP, the problems that its authors verified by hand",
        loader="envs_registry.suites.mbpp:load",
        options={"sanitized": True},
        splits=("prompt", "train", "validation", "test", ALL),
        default_split="test",
        folder="mbpp",
        url="https://github.com/google-research/google-research/tree/master/mbpp",
        licence="CC BY 4.0",
    ),
    "jsonl": SuiteEntry(
        title="your own problems, one JSON object a line",
        loader="envs_registry.suites.jsonl:load",
        splits=(),
        default_split=ALL,
    ),
}


def entry_of(name: str) -> SuiteEntry:
    """Returns a suite's line.

    Raises:
        UnknownNameError: If there is no such suite.
    """
    if name not in CATALOGUE:
        raise UnknownNameError("suite", name, CATALOGUE)
    return CATALOGUE[name]


def list_suites() -> tuple[str, ...]:
    """Returns the names that ``load_suite`` knows."""
    return tuple(CATALOGUE)
