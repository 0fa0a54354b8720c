"""Programs that somebody wrote: files in HumanEval's and EvalPlus's formats, and folders with one for each problem."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from codegym import json_lines
from codegym.errors import DataError


@dataclass(frozen=True)
class ProgramSample:
    """A program that somebody wrote for a problem."""

    task_id: str
    completion: str
    location: str = ""
    """Where it was read (``file:line``), for messages."""
    turn: int = 0
    """The turn of its episode, from 0."""
    is_final: bool = True
    """Whether it is what its episode came to; what a repair replaced is not."""


def read_samples(path: str | Path, task_ids: Iterable[str] = ()) -> list[ProgramSample]:
    """Reads programs in any of the formats that people use.

    A file holds a JSON object a line (it may end in ``.gz``): ``task_id`` with ``completion`` (HumanEval: what follows
    the prompt, or a whole program) or with ``solution`` (EvalPlus: a whole program). A folder holds a folder for each
    problem with one ``.py`` file a program, as EvalPlus has them: ``HumanEval_0/0.py`` is for ``HumanEval/0``.

    Args:
        path: The file or the folder.
        task_ids: The tasks that there are, to know a folder's names by.

    Raises:
        DataError: If there is nothing, or something is not what it should be; the message names file and line.
    """
    path = Path(path)
    samples = list(_of_folder(path, task_ids) if path.is_dir() else _of_file(path))
    if not samples:
        raise DataError(f"{path} holds no samples; expected {_FOLDER if path.is_dir() else f'lines like {_EXAMPLE}'}.")
    return samples


_EXAMPLE = '{"task_id": "HumanEval/0", "completion": "    return 1"}'
_FOLDER = "a folder for each problem with .py files in it, such as HumanEval_0/0.py"


def _of_file(path: Path) -> Iterator[ProgramSample]:
    for number, row in json_lines.read(path, "samples"):
        yield _sample(row, json_lines.location(path, number))


def _sample(row: json_lines.JSONObject, location: str) -> ProgramSample:
    task_id, text = row.get("task_id"), row.get("completion")
    # EvalPlus writes whole programs under this name.
    text = row.get("solution") if text is None else text
    for name, value in (("task_id", task_id), ("completion", text)):
        if not isinstance(value, str):
            got = "nothing" if value is None else type(value).__name__
            raise DataError(f"{location}: {name} must be a text, got {got}; expected a line like {_EXAMPLE}.")
    turn, is_final = row.get("turn", 0), row.get("is_final", True)
    if type(turn) is not int or type(is_final) is not bool:
        raise DataError(f"{location}: turn must be a whole number and is_final true or false, where they are given.")
    return ProgramSample(str(task_id), str(text), location, turn, is_final)


def by_number(path: Path) -> list[tuple[int, str]]:
    """Returns a key to sort paths by their names as people count: ``2.py`` before ``10.py``."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts if part]


def _of_folder(root: Path, task_ids: Iterable[str]) -> Iterator[ProgramSample]:
    named = {task_id.replace("/", "_"): task_id for task_id in task_ids}  # a slash cannot be in a folder's name
    for folder in sorted((entry for entry in root.iterdir() if entry.is_dir()), key=by_number):
        for file in sorted(folder.glob("*.py"), key=by_number):
            # Programs of a model may hold any bytes; one bad file must not stop an evaluation.
            text = file.read_bytes().decode("utf-8", errors="surrogateescape")
            yield ProgramSample(named.get(folder.name, folder.name), text, str(file))
