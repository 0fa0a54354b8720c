"""The table of suites. A new suite is a line here and a loader in ``envs_registry/suites``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codegym.errors import UnknownNameError
from envs_registry.hub import HubFiles

ALL = "all"
"""The split that is every problem of a suite."""


@dataclass(frozen=True, kw_only=True)
class SuiteEntry:
    """One line of the catalogue.

    Attributes:
        title: What it is, for people.
        loader: ``"module:function"``; imported only when the suite is loaded.
        splits: The splits it has.
        default_split: The one that is meant when none is named.
        embedded: Made by code that is installed with this package; needs no data.
        options: Options of the loader that this line sets.
        packages: What the benchmark lets programs import beyond the standard library; where that depends on the
            loader's options, the loader's module has a function ``packages_for(**options)`` instead.
        folder: The name of its data's folder, where it is not the suite's own name.
        hub: Its files on the hub, for those who have no folder.
        url: Where the benchmark lives.
        licence: Name of the licence of its data.
    """

    title: str
    loader: str
    splits: tuple[str, ...] = ("test",)
    default_split: str = "test"
    embedded: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    folder: str = ""
    hub: HubFiles | None = None
    url: str = ""
    licence: str = ""


_MBPP_FILES = tuple(
    f"{config}/{split}-00000-of-00001.parquet"
    for config in ("full", "sanitized")
    for split in ("prompt", "test", "train", "validation")
)
# The splits are ranges of ids, not files: each split is read from the same two tables.
_MBPP = HubFiles(
    repo="google-research-datasets/mbpp",
    revision="4bb6404fdc6cacfda99d4ac4205087b89d32030c",
    files=dict.fromkeys(("prompt", "train", "validation", "test", ALL), _MBPP_FILES),
)

# Revisions are commits: a data set that is corrected later must not change numbers that were measured before.
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
        hub=HubFiles(
            repo="openai/openai_humaneval",
            revision="7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544",
            files={"test": ("openai_humaneval/test-00000-of-00001.parquet",)},
        ),
        url="https://github.com/openai/human-eval",
        licence="MIT",
    ),
    "humanevalplus": SuiteEntry(
        title="HumanEval+: the same problems, about 750 inputs each",
        loader="envs_registry.suites.humanevalplus:load",
        hub=HubFiles(
            repo="evalplus/humanevalplus",
            revision="d32357cf319e50e9c8d8dab5ea876c72b0fd321b",
            files={"test": ("data/test-00000-of-00001-5973903632b82d40.parquet",)},
            sha256={
                "data/test-00000-of-00001-5973903632b82d40.parquet": (
                    "4436f5c03d77c17e0cbc57543b90665b5c1266f55a43992a5ed7922cd34a7558"
                )
            },
        ),
        url="https://github.com/evalplus/humanevalplus_release",
        licence="Apache-2.0",
    ),
    "mbpp": SuiteEntry(
        title="MBPP: short functions from a sentence and three asserts",
        loader="envs_registry.suites.mbpp:load",
        splits=("prompt", "train", "validation", "test", ALL),
        hub=_MBPP,
        url="https://github.com/google-research/google-research/tree/master/mbpp",
        licence="CC BY 4.0",
    ),
    "mbpp_sanitized": SuiteEntry(
        title="MBPP, the problems that its authors verified by hand",
        loader="envs_registry.suites.mbpp:load",
        options={"sanitized": True},  # two files of one benchmark, and one loader for both
        splits=("prompt", "train", "validation", "test", ALL),
        folder="mbpp",
        hub=_MBPP,
        url="https://github.com/google-research/google-research/tree/master/mbpp",
        licence="CC BY 4.0",
    ),
    "mbppplus": SuiteEntry(
        title="MBPP+: 378 of MBPP's problems, with many more inputs",
        loader="envs_registry.suites.mbppplus:load",
        hub=HubFiles(
            repo="evalplus/mbppplus",
            revision="b2d74c91837c3f2a20c1299ae98133cbe7cfa077",
            files={"test": ("data/test-00000-of-00001-d5781c9c51e02795.parquet",)},
            sha256={
                "data/test-00000-of-00001-d5781c9c51e02795.parquet": (
                    "dc20030b3788fccf617444edcb34138ef13d7e4fafd17bfcb8c1279dbb12399b"
                )
            },
        ),
        url="https://github.com/evalplus/mbppplus_release",
        licence="Apache-2.0",
    ),
    "apps": SuiteEntry(
        title="APPS: contest and interview problems by standard input or by call, three difficulties",
        loader="envs_registry.suites.apps:load",
        splits=("train", "validation", "test", ALL),
        default_split="train",
        packages=("numpy",),
        hub=HubFiles(
            repo="codeparrot/apps",
            revision="21e74ddf8de1a21436da12e3e653065c5213e9d1",
            files={"train": ("train.jsonl",), "test": ("test.jsonl",), ALL: ("train.jsonl", "test.jsonl")},
            sha256={"train.jsonl": "45e82ef22ed8e7c0c04d881a21b923e9dd233157896b0b8d5b3493e887499cae"},
        ),
        url="https://github.com/hendrycks/apps",
        licence="MIT",
    ),
    "leetcode": SuiteEntry(
        title="LeetCodeDataset: LeetCode problems, test split published after July 2024",
        loader="envs_registry.suites.leetcode:load",
        splits=("train", "test"),
        default_split="train",
        packages=("sortedcontainers", "numpy"),
        hub=HubFiles(
            repo="newfacade/LeetCodeDataset",
            revision="215604aeed660029df7de2fea5a4d7b6ed476a08",
            files={"train": ("LeetCodeDataset-train.jsonl",), "test": ("LeetCodeDataset-test.jsonl",)},
        ),
        url="https://github.com/newfacade/LeetCodeDataset",
        licence="MIT",
    ),
    "codecontests": SuiteEntry(
        title="CodeContests: contest problems by standard input",
        loader="envs_registry.suites.codecontests:load",
        splits=("train", "validation", "test"),
        packages=("numpy",),
        hub=HubFiles(
            repo="deepmind/code_contests",
            revision="802411c3010cb00d1b05bad57ca77365a3c699d6",
            files={
                "train": ("data/train-*.parquet",),
                "validation": ("data/valid-*.parquet",),
                "test": ("data/test-*.parquet",),
            },
        ),
        url="https://github.com/google-deepmind/code_contests",
        licence="CC BY 4.0",
    ),
    "livecodebench": SuiteEntry(
        title="LiveCodeBench: contest problems with dates",
        loader="envs_registry.suites.livecodebench:load",
        packages=("numpy",),
        hub=HubFiles(
            repo="livecodebench/code_generation_lite",
            revision="0fe84c3912ea0c4d4a78037083943e8f0c4dd505",
            files={"test": ("test.jsonl", *(f"test{number}.jsonl" for number in range(2, 7)))},
            sha256={
                "test.jsonl": "2bd02b38beb48e8c46b5b9987095d999ff38cd8efc255ea5d58974317c48f63f",
                "test2.jsonl": "095df7c5daf15f882c51a9deb84085cff1e073495a5dbcf95015a564d485f3a3",
                "test3.jsonl": "28ed26cc83363ce3f1fe2d5fad9f8393077beb1907b167a31bd3b32f80801b79",
                "test4.jsonl": "d711138ddaebfcf5f8ec6a4283ee677298c0f5c5d374a235af92aaf0584510da",
                "test5.jsonl": "7f77571c2a6df0c2a72a3277650309f67e01e0008e18117e624633df53f81214",
                "test6.jsonl": "bb4c364f71921c4495a6ad15abe1a927350b720009f4933e2e71f8af0f6fd1f5",
            },
        ),
        url="https://github.com/LiveCodeBench/LiveCodeBench",
        licence="CC",
    ),
    "ds1000": SuiteEntry(
        title="DS-1000: data science snippets for seven libraries, judged in one process",
        loader="envs_registry.suites.ds1000:load",
        hub=HubFiles(
            repo="xlangai/DS-1000",
            revision="4416080ac5cb80bdf7576aefb8f9a0b4d5426a44",
            files={"test": ("test.jsonl",)},
        ),
        url="https://github.com/xlang-ai/DS-1000",
        licence="CC BY-SA 4.0",
    ),
    "bigcodebench": SuiteEntry(
        title="BigCodeBench: tasks that call libraries, unittest classes, judged in one process",
        loader="envs_registry.suites.bigcodebench:load",
        splits=("test", "hard"),
        packages=("numpy", "pandas", "scipy", "sklearn", "matplotlib", "seaborn", "requests"),
        hub=HubFiles(
            repo="bigcode/bigcodebench",
            revision="b74c0d0bf70d2c0bc459be537895cca163007f1a",
            files={"test": ("data/v0.1.4-00000-of-00001.parquet",)},
            sha256={
                "data/v0.1.4-00000-of-00001.parquet": "d9a4965821c9507ebdfb551c288656b2d5fe553234f5183044333ca8a4018267"
            },
        ),
        url="https://github.com/bigcode-project/bigcodebench",
        licence="Apache-2.0",
    ),
    "quixbugs": SuiteEntry(
        title="QuixBugs: classic algorithms, each with a bug in one line",
        loader="envs_registry.suites.quixbugs:load",
        url="https://github.com/jkoppel/QuixBugs",
        licence="MIT",
    ),
    "jsonl": SuiteEntry(
        title="your own problems, one JSON object a line",
        loader="envs_registry.suites.jsonl:load",
        splits=(),  # the rows of the file name their own
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
