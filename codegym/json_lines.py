"""JSON lines: files with one JSON object a line, plain or compressed (``.gz``), read and written in one way."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

from codegym.atomic_file import atomic_file
from codegym.errors import DataError

JSONObject: TypeAlias = dict[str, Any]


def read(
    path: str | Path, what: str = "data", *, faults: list[DataError] | None = None
) -> Iterator[tuple[int, JSONObject]]:
    """Yields the 1-based line number and the object of every line that is not blank.

    Args:
        path: The file; one whose name ends in ``.gz`` is unpacked.
        what: What the file holds, for error messages ("samples").
        faults: Collects the errors, so that the sound lines are read all the same. Without it the first one is raised.

    Raises:
        DataError: If the file cannot be read or unpacked, or a line is not a JSON object. The message begins with
            ``FILE:LINE`` where the fault is in a line.
    """
    try:
        yield from _rows(path, what, faults)
    except DataError as fault:
        if faults is None:
            raise
        faults.append(fault)


def _rows(path: str | Path, what: str, faults: list[DataError] | None) -> Iterator[tuple[int, JSONObject]]:
    for number, line in lines(path, what):
        try:
            row = parse(line, location(path, number))
        except DataError as fault:
            if faults is None:
                raise
            faults.append(fault)
        else:
            yield number, row


def lines(path: str | Path, what: str = "data") -> Iterator[tuple[int, bytes]]:
    """Yields the 1-based number and the bytes of every line that is not blank.

    Raises:
        DataError: If the file cannot be read or unpacked.
    """
    with opened(path, what) as file:
        # Only "\n" ends a line: str.splitlines would also cut at U+2028, which JSON allows inside a text.
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line


@contextmanager
def opened(path: str | Path, what: str = "data") -> Iterator[IO[bytes]]:
    """Opens a file for reading, unpacked if its name ends in ``.gz``.

    Raises:
        DataError: If the file cannot be read or unpacked, also while it is read.
    """
    try:
        with cast(IO[bytes], gzip.open(path)) if Path(path).suffix == ".gz" else open(path, "rb") as file:
            yield file
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(_unreadable(path, what, error)) from error


def parse(line: bytes | str, where: str) -> JSONObject:
    """Returns the object that one line holds.

    Args:
        line: One line of a file, as text or UTF-8.
        where: Its location, for the message.

    Raises:
        DataError: If the line is not a JSON object in UTF-8.
    """
    try:
        # json.loads would guess UTF-16 or UTF-32 from the first bytes; a byte order mark may begin the first line.
        text = line if isinstance(line, str) else line.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        row = json.loads(text)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}: not UTF-8 (byte {error.object[error.start]:#04x}). Save the file as UTF-8."
        ) from error
    except (ValueError, RecursionError) as error:  # nested too deep for the parser: a RecursionError
        raise DataError(f"{where}: not JSON ({error}); expected one object a line, got {_short(text)}.") from error
    if not isinstance(row, dict):
        raise DataError(f"{where}: expected a JSON object, got a {type(row).__name__}: {_short(text)}.")
    return row


def location(path: str | Path, number: int) -> str:
    """Returns ``FILE:LINE``, the form that editors and terminals make a link of."""
    return f"{path}:{number}"


def write(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Writes a file, whole or not at all, and returns how many lines it has.

    Raises:
        OSError: If it cannot be written; the error names the file.
    """
    count = 0
    with atomic_file(path) as file:
        for row in rows:
            file.write(dump(row))
            count += 1
    return count


def dump(row: Mapping[str, Any]) -> str:
    """Returns a row as one line, its end included."""
    # ASCII only: a lone surrogate, which a program may hold, cannot be encoded as UTF-8.
    return json.dumps(row, ensure_ascii=True) + "\n"


def _unreadable(path: str | Path, what: str, error: Exception) -> str:
    match error:
        case EOFError():
            why = f"the gzip file is truncated ({Path(path).stat().st_size:,} bytes). Fetch it again"
        case gzip.BadGzipFile() | zlib.error():
            why = f"not a sound gzip file ({error}). Fetch it again"
        case _:
            why = getattr(error, "strerror", None) or str(error)
    return f"cannot read the {what} file {path}: {why}."


def _short(text: str, width: int = 60) -> str:
    text = text.strip()
    return text if len(text) <= width else f"{text[: width - 3]}..."
