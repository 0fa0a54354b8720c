"""Files of JSON lines: written whole or not at all, or line by line in a way that a kill cannot spoil."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from codegym.atomic_file import atomic_file
from codegym.errors import DataError

Row = dict[str, Any]


def read_rows(path: str | Path) -> Iterator[tuple[str, Row]]:
    """Yields ``(place, row)`` for every line of a file that is not blank; the place is ``file:line``.

    Raises:
        DataError: If the file cannot be read, or a line is no JSON object.
    """
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}:{number}", _row(line, f"{path}:{number}")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}.") from error


def write_rows(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Writes a file, whole or not at all, and returns how many lines it has."""
    count = 0
    with atomic_file(path) as file:
        for row in rows:
            file.write(_line(row))
            count += 1
    return count


class Journal:
    """A file that grows line by line. What a kill cut off in the middle of a line is dropped when it is opened again.

    Args:
        path: The file; made, with its folders, when the first row is appended.

    Raises:
        DataError: If a complete line in it is no JSON object.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file: Any = None

    def rows(self) -> Iterator[Row]:
        """Yields the rows that are complete."""
        if not self.path.exists():
            return
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    yield _row(line, f"{self.path}:{number}")

    def append(self, row: Mapping[str, Any]) -> None:
        """Adds a row; once this returns, a kill of this process cannot take it away."""
        if self._file is None:
            self._file = self._opened()
        self._file.write(_line(row).encode())
        self._file.flush()

    def _opened(self) -> Any:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = open(self.path, "a+b")  # noqa: SIM115
        size = file.seek(0, os.SEEK_END)
        start, end = size, size
        while start > 0:  # back to the end of the last complete line
            start = max(0, end - 65536)
            file.seek(start)
            cut = file.read(end - start).rfind(b"\n")
            if cut >= 0:
                file.truncate(start + cut + 1)
                return file
            end = start
        file.truncate(0)
        return file

    def close(self) -> None:
        """Closes the file; the next ``append`` opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=True) + "\n"  # ASCII: a lone surrogate in a program is no reason to fail


def _row(line: bytes, place: str) -> Row:
    try:
        return json_object(line)
    except DataError as error:
        raise DataError(f"{place}: {error}") from None


def json_object(line: bytes) -> Row:
    """Returns what one line of a JSONL file holds.

    Raises:
        DataError: If it is no JSON object; where the line stands is for the caller to say.
    """
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DataError(f"not JSON ({error}); expected an object.") from None
    if not isinstance(row, dict):
        raise DataError(f"expected a JSON object, got a {type(row).__name__}.")
    return row
