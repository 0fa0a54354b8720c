"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def atomic_file(path: str | Path) -> Iterator[IO[str]]:
    """Opens a text file that is written beside its place and takes it once it is whole.

    Whatever goes wrong, what stood there before stays, and nothing half-written is left.

    Args:
        path: The place; its folder is made if it is not there.

    Raises:
        OSError: If it cannot be written; the error names the place.
    """
    place = Path(path)
    beside = place.absolute().with_name(f".{place.name}.{os.getpid()}")
    with naming(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("w", encoding="utf-8") as file:
                yield file
            os.replace(beside, place)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Names a file in errors that do not say which one they mean: of a full disk, say."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise
