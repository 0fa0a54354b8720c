"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, Literal, overload


@overload
def atomic_file(path: str | Path, mode: Literal["w"] = "w") -> AbstractContextManager[IO[str]]: ...


@overload
def atomic_file(path: str | Path, mode: Literal["wb"]) -> AbstractContextManager[IO[bytes]]: ...


@contextmanager
def atomic_file(path: str | Path, mode: Literal["w", "wb"] = "w") -> Iterator[IO[Any]]:
    """Opens a file for writing that appears at its path only once it is whole.

    Whatever goes wrong, an older file at that path stays as it was, and nothing half-written is left.

    Args:
        path: The file; folders on the way are made.
        mode: "w" for text in UTF-8, "wb" for bytes.

    Raises:
        OSError: If it cannot be written; the error names the path.
    """
    target = Path(path)
    with naming(target):
        temporary = _beside(target)
        try:
            with temporary.open(mode, encoding=None if mode == "wb" else "utf-8") as file:
                yield file
                # Some file systems put the rename on disk before the data: after a power cut the file would be empty.
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yields an empty folder to fill, which takes the place of ``path`` once the block ends without an error.

    Whatever goes wrong, an older folder at that path stays as it was, and nothing half-written is left.

    Args:
        path: The folder; folders on the way are made.

    Raises:
        OSError: If it cannot be written; the error names the path.
    """
    target = Path(path)
    with naming(target):
        temporary = _beside(target)
        temporary.mkdir()
        try:
            yield temporary
            _replace_folder(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Names a file in errors that do not say which one they mean: of a full disk, say."""
    try:
        yield
    except OSError as error:
        # An error with a text of its own has no number, and would show only the file once it has one.
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


def _beside(target: Path) -> Path:
    """Returns an unused path in the target's folder: a rename works only within one file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not tempfile: it makes files and folders that only their owner may read, whatever the user's umask says.
    return target.absolute().with_name(f".{target.name}.{secrets.token_hex(4)}")


def _replace_folder(new: Path, target: Path) -> None:
    if not target.exists():
        os.replace(new, target)
        return
    # A folder with files in it cannot be renamed over: the old one steps aside for a moment, and comes back on failure.
    old = _beside(target)
    os.replace(target, old)
    try:
        os.replace(new, target)
    except BaseException:
        os.replace(old, target)
        raise
    shutil.rmtree(old)
