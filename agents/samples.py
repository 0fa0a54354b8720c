"""Samples files in HumanEval's format: one JSON object a line, with ``task_id`` and ``completion``."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegym.errors import DataError


@dataclass(frozen=True)
class ProgramSample:
    """A program that somebody wrote for a problem."""

    task_id: str
    completion: str
    place: str = ""
    """Where it was read (``file:line``), for messages."""


def read_samples(path: str | Path) -> list[ProgramSample]:
    """Reads a samples file; ``solution`` (EvalPlus) is read as a whole program in place of ``completion``.

    Raises:
        DataError: If the file is missing, or a line is not what it should be; the message names file and line.
    """
    try:
        lines = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"cannot read the samples file {path}: {error.strerror}.") from error
    samples = [_sample(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]
    if not samples:
        raise DataError(f"{path} holds no samples; expected lines like {_EXAMPLE}.")
    return samples


def write_samples(path: str | Path, samples: Iterable[ProgramSample]) -> None:
    """Writes a samples file, whole or not at all."""
    target = Path(path).absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    number, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            for sample in samples:
                file.write(json.dumps({"task_id": sample.task_id, "completion": sample.completion}) + "\n")
        os.replace(beside, target)
    except BaseException:
        os.unlink(beside)
        raise


_EXAMPLE = '{"task_id": "HumanEval/0", "completion": "    return 1"}'


def _sample(line: bytes, place: str) -> ProgramSample:
    try:
        row: Any = json.loads(line)
    except ValueError as error:
        raise DataError(f"{place}: not JSON ({error}); expected a line like {_EXAMPLE}.") from None
    if not isinstance(row, dict):
        raise DataError(f"{place}: expected an object like {_EXAMPLE}, got a {type(row).__name__}.")
    task_id, text = row.get("task_id"), row.get("completion", row.get("solution"))
    for name, value in (("task_id", task_id), ("completion", text)):
        if not isinstance(value, str):
            got = "nothing" if value is None else type(value).__name__
            raise DataError(f"{place}: {name} must be a text, got {got}; expected a line like {_EXAMPLE}.")
    return ProgramSample(str(task_id), str(text), place)
