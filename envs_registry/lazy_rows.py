"""Rows that are found in one pass and read again when they are asked for, so that no file is held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from codegym import json_lines
from codegym.errors import DataError
from envs_registry.rows import Row, open_parquet, read_rows, row_of_line


class LazyRow(Protocol):
    """Where one row of a file is."""

    @property
    def location(self) -> str:
        """File and line, for messages."""

    def read(self) -> Row:
        """Returns the row."""


def rows_of(path: Path, faults: list[DataError]) -> Iterator[tuple[LazyRow, Row]]:
    """Yields for each row of a file where it is and what it holds; rows of Parquet files lack the lists that they hold.

    Args:
        path: File of rows: JSONL, JSON array or Parquet.
        faults: Collects what is wrong with single lines.

    Raises:
        DataError: If the file as a whole cannot be read.
    """
    if path.suffix == ".jsonl":
        yield from _lines(path, faults)
    elif path.suffix == ".parquet":
        yield from _records(path)
    else:  # a packed file or an array has no lines that one could go back to
        yield from ((row, row) for row in read_rows(path, faults))


@dataclass(frozen=True)
class _Line:
    """A line of a JSONL file."""

    path: Path
    number: int
    start: int

    @property
    def location(self) -> str:
        return json_lines.location(self.path, self.number)

    def read(self) -> Row:
        # Opened for each row: a file that stays open could not travel to worker processes.
        with self.path.open("rb") as file:
            file.seek(self.start)
            return row_of_line(self.path, self.number, file.readline())


def _lines(path: Path, faults: list[DataError]) -> Iterator[tuple[_Line, Row]]:
    start = 0
    with json_lines.opened(path, "suite") as file:
        for number, line in enumerate(file, start=1):
            try:
                if line.strip():
                    yield _Line(path, number, start), row_of_line(path, number, line)
            except DataError as fault:
                faults.append(fault)
            start += len(line)  # a faulty line has a length too


@dataclass(frozen=True)
class _Record:
    """A row of a Parquet file: one of a group that is read together."""

    path: Path
    number: int
    group: int
    index: int

    @property
    def location(self) -> str:
        return f"{self.path}, row {self.number}"

    def read(self) -> Row:
        return Row(self.path, self.number, _group(self.path, self.group)[self.index])


def _records(path: Path) -> Iterator[tuple[_Record, Row]]:
    file = open_parquet(path)
    # Lists are the tests and solutions, gigabytes of them in CodeContests; ids, dates and difficulties are in no list.
    names = [field.name for field in file.schema_arrow if "list<" not in str(field.type)]
    number = 0
    for group in range(file.metadata.num_row_groups):
        for index, fields in enumerate(file.read_row_group(group, columns=names).to_pylist()):
            number += 1
            yield _Record(path, number, group, index), Row(path, number, fields)


# A group is read as a whole; neighbouring problems are asked for one after the other, so a few groups are enough.
@lru_cache(maxsize=4)
def _group(path: Path, group: int) -> list[dict[str, Any]]:
    return list(open_parquet(path).read_row_group(group).to_pylist())
