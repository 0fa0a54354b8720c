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
    "humanevalplus": SuiteEntry(
        title="HumanEval+: the same problems, about 750 inputs each",
        loader="envs_registry.suites.humanevalplus:load",
        splits=("test",),
        default_split="test",
        url="https://github.com/evalplus/humanevalplus_release",
        licence="Apache-2.0",
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
    "mbppplus": SuiteEntry(
        title="MBPP+: 378 of MBPP's problems, with many more inputs",
        loader="envs_registry.suites.mbppplus:load",
        splits=("test",),
        default_split="test",
        url="https://github.com/evalplus/mbppplus_release",
        licence="Apache-2.0",
    ),
    "apps": SuiteEntry(
        title="APPS: contest and interview problems by standard input or by call, three difficulties",
        loader="envs_registry.suites.apps:load",
        splits=("train", "validation", "test", ALL),
        default_split="train",
        packages=("numpy",),
        url="https://github.com/hendrycks/apps",
        licence="MIT",
    ),
    "leetcode": SuiteEntry(
        title="LeetCodeDataset: LeetCode problems, test split published after July 2024",
        loader="envs_registry.suites.leetcode:load",
        splits=("train", "test"),
        default_split="train",
        packages=("sortedcontainers", "numpy"),
        url="https://github.com/newfacade/LeetCodeDataset",
        licence="MIT",
    ),
    "codecontests": SuiteEntry(
        title="CodeContests: contest problems by standard input",
        loader="envs_registry.suites.codecontests:load",
        splits=("train", "validation", "test"),
        default_split="test",
        packages=("numpy",),
        url="https://github.com/google-deepmind/code_contests",
        licence="CC BY 4.0",
    ),
    "livecodebench": SuiteEntry(
        title="LiveCodeBench: contest problems with dates",
        loader="envs_registry.suites.livecodebench:load",
        splits=("test",),
        default_split="test",
        packages=("numpy",),
        url="https://github.com/LiveCodeBench/LiveCodeBench",
        licence="CC",
    ),
    "ds1000": SuiteEntry(
        title="DS-1000: data science snippets for seven libraries, judged in one process",
        loader="envs_registry.suites.ds1000:load",
        splits=("test",),
        default_split="test",
        packages=("numpy", "pandas", "scipy", "sklearn", "matplotlib", "seaborn", "torch", "tensorflow"),
        url="https://github.com/xlang-ai/DS-1000",
        licence="CC BY-SA 4.0",
    ),
    "bigcodebench": SuiteEntry(
        title="BigCodeBench: tasks that call libraries, unittest classes, judged in one process",
        loader="envs_registry.suites.bigcodebench:load",
        splits=("test", "hard"),
        default_split="test",
        packages=("numpy", "pandas", "scipy", "sklearn", "matplotlib", "seaborn", "requests"),
        url="https://github.com/bigcode-project/bigcodebench",
        licence="Apache-2.0",
    ),
    "quixbugs": SuiteEntry(
        title="QuixBugs: classic algorithms, each with a bug in one line",
        loader="envs_registry.suites.quixbugs:load",
        splits=("test",),
        default_split="test",
        url="https://github.com/jkoppel/QuixBugs",
        licence="MIT",
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
