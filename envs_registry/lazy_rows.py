"""Rows that are read when they are asked for, so that files of gigabytes open at once."""

from __future__ import annotations

import json
import mmap
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from codegym.errors import DataError
from envs_registry.rows import Row, open_parquet, read_rows, row_of_line

_PEEK = 4096
"""Bytes at the beginning and at the end of a line in which a field is looked for."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]')
_VALUE = re.compile(rb'\s*:\s*("(?:[^"\\]|\\.)*"|[-+.\w]+(?=\s*[,}]))')


class LazyRow(Protocol):
    """One row of a file, by its place."""

    @property
    def place(self) -> str:
        """File and line, for messages."""

    def read(self) -> Row:
        """Returns the row."""

    def peek(self, field: str) -> str:
        """Returns a short field as text, empty if absent."""


def rows_of(path: Path, faults: list[DataError]) -> list[LazyRow]:
    """Returns the rows of a file.

    Args:
        path: The file.
        faults: Collects the complaints about single lines of a file that must be read at once.

    Raises:
        DataError: If the file as a whole cannot be read.
    """
    if path.suffix == ".jsonl":
        return list(_lines(path))
    if path.suffix == ".parquet":
        return list(_records(path))
    return [_ReadRow(row) for row in read_rows(path, faults)]


@dataclass(frozen=True)
class _ReadRow:
    row: Row

    @property
    def place(self) -> str:
        return self.row.place

    def read(self) -> Row:
        return self.row

    def peek(self, field: str) -> str:
        return _text(self.row.fields.get(field))


@dataclass(frozen=True)
class _Line:
    """A line of a JSONL file."""

    path: Path
    number: int
    start: int
    end: int

    @property
    def place(self) -> str:
        return f"{self.path}, line {self.number}"

    def read(self) -> Row:
        return row_of_line(self.path, self.number, self._bytes(self.start, self.end))

    def peek(self, field: str) -> str:
        """Looks near the ends of the line first, for a field of the row itself, not of an object inside it."""
        for find, start, end in (
            (_in_head, self.start, min(self.start + _PEEK, self.end)),
            (_in_tail, max(self.end - _PEEK, self.start), self.end),
        ):
            found = find(self._bytes(start, end), field.encode())
            if found is not None:
                return found
        return _text(self.read().fields.get(field))

    def _bytes(self, start: int, end: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)


def _in_head(head: bytes, field: bytes) -> str | None:
    """The value of a field in the beginning of an object, None where it is not (or not whole) there."""
    if b'"%b"' % field not in head:
        return None
    depth = 0
    for token in _TOKEN.finditer(head):
        if token[0] in b"{}":
            depth += 1 if token[0] == b"{" else -1
        elif depth == 1 and token[0] == b'"%b"' % field and (match := _VALUE.match(head, token.end())):
            return _decoded(match[1])
    return None


def _in_tail(tail: bytes, field: bytes) -> str | None:
    """The same for the end of an object: a name in quotes that no backslash precedes stands in no text."""
    for name in re.finditer(rb'(?<!\\)"%b"' % re.escape(field), tail):
        match = _VALUE.match(tail, name.end())
        if match:
            behind = [token[0] for token in _TOKEN.finditer(tail, match.end()) if token[0] in b"{}"]
            if behind.count(b"}") == behind.count(b"{") + 1:
                return _decoded(match[1])
    return None


def _decoded(value: bytes) -> str | None:
    try:
        return _text(json.loads(value))
    except ValueError:
        return None


def _lines(path: Path) -> list[_Line]:
    try:
        if path.stat().st_size == 0:
            return []
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            lines: list[_Line] = []
            start = number = 0
            while start < len(content):
                number += 1
                end = content.find(b"\n", start)
                end = len(content) if end < 0 else end
                if content[start : min(end, start + 64)].strip():
                    lines.append(_Line(path, number, start, end))
                start = end + 1
            return lines
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error


@dataclass(frozen=True)
class _Record:
    """A row of a Parquet file: one of a group that is read together."""

    path: Path
    number: int
    group: int
    index: int

    @property
    def place(self) -> str:
        return f"{self.path}, row {self.number}"

    def read(self) -> Row:
        return Row(self.path, self.number, _group(self.path, self.group)[self.index])

    def peek(self, field: str) -> str:
        return _column(self.path, field)[self.number - 1]


def _records(path: Path) -> list[_Record]:
    groups = open_parquet(path).metadata
    places = (
        (group, index) for group in range(groups.num_row_groups) for index in range(groups.row_group(group).num_rows)
    )
    return [_Record(path, number, group, index) for number, (group, index) in enumerate(places, start=1)]


@lru_cache(maxsize=4)
def _group(path: Path, group: int) -> list[dict[str, Any]]:
    return list(open_parquet(path).read_row_group(group).to_pylist())


@lru_cache(maxsize=128)
def _column(path: Path, field: str) -> list[str]:
    file = open_parquet(path)
    if field not in file.schema_arrow.names:
        return [""] * file.metadata.num_rows
    return [_text(value) for value in file.read(columns=[field]).column(field).to_pylist()]


def _text(value: object) -> str:
    return "" if value is None else str(value)
