"""Options that several commands share: one name, one meaning and one help text each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

_SUITE = "Name of a suite (see `codegym suites list`), also as NAME:SPLIT, or the path of a JSONL file with problems."

SuiteName = Annotated[str, tyro.conf.arg(help=_SUITE)]
SuitePosition = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SUITE", help=_SUITE)]
Split = Annotated[str | None, tyro.conf.arg(help="Split of the suite; without it, the suite's default.")]
DataDir = Annotated[
    Path | None, tyro.conf.arg(help="Folder with the files of benchmarks; without it, CODEGYM_DATA names the folder.")
]
Model = Annotated[
    str, tyro.conf.arg(help="Model to start from: tiny, nano, a name on the Hugging Face hub, or a folder.")
]
MaxNewTokens = Annotated[int, tyro.conf.arg(help="Length limit of a text that the model writes, in tokens.")]
Device = Annotated[str, tyro.conf.arg(help="Device of the model: auto, cpu, cuda, cuda:1, ...")]
DType = Annotated[str, tyro.conf.arg(help="Type of the weights: float32 or bfloat16; auto is bfloat16 on a GPU.")]
Seed = Annotated[int, tyro.conf.arg(help="Seed of everything random; the same seed gives the same numbers on a CPU.")]
Workers = Annotated[
    int | None, tyro.conf.arg(help="Programs that run at the same time; without it, one for each processor.")
]
Isolation = Annotated[str, tyro.conf.arg(help="Isolation of programs: strict, auto or none.")]
Limit = Annotated[int, tyro.conf.arg(help="Problems to take, the first of the suite; 0 takes all.")]
Json = Annotated[bool, tyro.conf.arg(help="Print one JSON document, and show no progress.")]
Strict = Annotated[
    bool,
    tyro.conf.arg(help="Judge completions as they stand: where Python ends nothing is cut, and example calls count."),
]
