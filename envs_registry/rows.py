"""Rows of a data file that know their location, so that every error names file, line and field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from codegym import json_lines
from codegym.errors import DataError, MissingExtraError
from envs_registry.assertions import parsed

T = TypeVar("T")
_REQUIRED: Any = object()
_NOUNS: dict[type, str] = {
    str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list", dict: "an object",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One record of a data file.

    Attributes:
        path: File that the row was read from.
        line: Its 1-based line (or position, in files that are one array).
        fields: Content of the record, by name.
        within: Path to these fields in the record, for the fields of an object inside it (``"tests[0]."``).
        task_id: The record's id, for the same.
    """

    path: Path
    line: int
    fields: Mapping[str, Any]
    within: str = ""
    task_id: str = ""

    def read(self) -> Row:
        """Returns itself, as a row that is read already (see ``envs_registry.lazy_rows``)."""
        return self

    def part(self, where: str, fields: Mapping[str, Any]) -> Row:
        """Returns an object inside this row (``"tests[0]"``) as a row, whose errors name its location too."""
        return replace(self, fields=fields, within=f"{self.within}{where}.", task_id=self.id)

    def get(self, field: str, kind: type[T], default: T = _REQUIRED) -> T:
        """Returns a field of the given type.

        Args:
            field: Its name; a dot leads into nested objects (``"meta.difficulty"``).
            kind: The type it must have; ``float`` takes whole numbers too.
            default: The value for a field that is missing or null; without a default the field is required.

        Raises:
            DataError: If it is missing or of another type; the message names file, line and field.
        """
        value: Any = self.fields
        for part in field.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            if default is _REQUIRED:
                here, wanted = ", ".join(map(repr, self.fields)) or "none", _NOUNS.get(kind, kind.__name__)
                self.fail(f"field {self.within + field!r} is missing; expected {wanted}. Fields here: {here}.")
            return default
        # JSON writes 1.0 as 1, and True is an int in Python but not in JSON.
        if kind is float and type(value) is int:
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fail(f"field {self.within + field!r} must be {_NOUNS.get(kind, kind.__name__)}, got {_short(value)}.")
        return value

    def label(self, *fields: str) -> str:
        """Returns the first of these fields that is there, a number or a text, as text; one of them must be there."""
        # 0 is an id: only what is missing or empty is passed over.
        value = next((self.fields[field] for field in fields if self.fields.get(field) not in (None, "")), None)
        if value is None:
            self.fail(f"field {' or '.join(map(repr, fields))} is missing; expected the problem's id.")
        return str(value)

    def texts(self, field: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Returns a field that is a list of texts; without a default it must be there."""
        if default is not None and self.fields.get(field) is None:
            return default
        items = self.get(field, list)
        for index, item in enumerate(items):
            if not isinstance(item, str):
                self.fail(f"field {self.within + field!r}[{index}] must be a text, got {_short(item)}.")
        return tuple(items)

    def json(self, field: str, default: Any = _REQUIRED) -> Any:
        """Returns a field that holds JSON as a text (as APPS's rows do), or that has been decoded already."""
        value = self.fields.get(field)
        # APPS has an empty text where a problem has no solutions.
        if value is None or value == "":
            return self.get(field, object) if default is _REQUIRED else default
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            self.fail(f"field {self.within + field!r} must hold JSON: {error}")

    def code(self, field: str) -> str:
        """Returns a field that is Python; it must be there and parse."""
        source = self.get(field, str)
        if parsed(source) is None:
            self.fail(f"field {self.within + field!r} is not Python that parses.")
        return source

    @property
    def location(self) -> str:
        """File and line, for messages."""
        return json_lines.location(self.path, self.line)

    def fail(self, message: str) -> NoReturn:
        """Raises a ``DataError`` that names the row's location, and its id if it has one."""
        name = self.id
        raise DataError(f"{self.location}{f' ({name})' if name else ''}: {message}")

    @property
    def id(self) -> str:
        """The record's id, "" where it has none."""
        known = ("task_id", "problem_id", "question_id", "id", "name")
        return self.task_id or next((str(self.fields[key]) for key in known if key in self.fields), "")


def read_rows(path: Path, faults: list[DataError] | None = None) -> Iterator[Row]:
    """Yields the rows of a ``.jsonl``, ``.json`` or ``.parquet`` file, the first two also with ``.gz``.

    Args:
        path: File to read.
        faults: Collects what is wrong with single lines, so that the others are read; without it the first is raised.

    Raises:
        DataError: If the file cannot be read, decoded or parsed; the message names the line.
        MissingExtraError: If it is a Parquet file and pyarrow is not installed.
    """
    if path.suffix == ".parquet":
        for number, fields in enumerate(open_parquet(path).read().to_pylist(), start=1):
            yield Row(path, number, fields)
    elif path.name.removesuffix(".gz").endswith(".json"):
        yield from _array_rows(path, read_text(path))
    else:
        for number, fields in json_lines.read(path, "suite", faults=faults):
            yield Row(path, number, fields)


def row_of_line(path: Path, number: int, line: bytes) -> Row:
    """Returns the row of one line of a JSONL file.

    Raises:
        DataError: If the line is not a JSON object.
    """
    return Row(path, number, json_lines.parse(line, json_lines.location(path, number)))


def read_text(path: Path) -> str:
    """Returns the text of a file, unpacked when its name ends in ``.gz``.

    Raises:
        DataError: If it is missing, truncated, damaged or not UTF-8.
    """
    with json_lines.opened(path, "suite") as file:
        data = file.read()
    try:
        # Some editors begin a file with a byte order mark.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = json_lines.location(path, data.count(b"\n", 0, error.start) + 1)
        raise DataError(f"{where}: not UTF-8 (byte {data[error.start]:#04x}). Save the file as UTF-8.") from error


def _array_rows(path: Path, text: str) -> Iterator[Row]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected a JSON array of objects: {error}") from error
    if not isinstance(items, list):
        raise DataError(f"{path}: expected a JSON array of objects, got {_short(items)}.")
    for number, fields in enumerate(items, start=1):
        if not isinstance(fields, dict):
            raise DataError(f"{path}, item {number}: expected an object, got {_short(fields)}.")
        yield Row(path, number, fields)


def open_parquet(path: Path) -> Any:
    """Returns pyarrow's view of a Parquet file.

    Raises:
        DataError: If it is no sound Parquet file.
        MissingExtraError: If pyarrow is not installed.
    """
    try:
        import pyarrow.parquet as parquet  # type: ignore[import-untyped]  # has no stubs
    except ImportError as error:
        raise MissingExtraError("pyarrow", "hub") from error
    try:
        return parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a sound Parquet file ({error}). Fetch it again.") from error


def _short(value: object, width: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= width else f"{text[: width - 3]}..."
