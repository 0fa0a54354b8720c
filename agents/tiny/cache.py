"""A folder that is built once, by whoever needs it first, and is whole or not there."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def built_once(folder: Path, build: Callable[[Path], None]) -> Path:
    """Returns the folder, building it if it is not there.

    Two processes that need it at the same time do not build it twice: the second waits for the first. What is built
    becomes visible by one rename, so that a kill at any moment leaves nothing behind that could be taken for the whole.

    Args:
        folder: Where it shall be.
        build: Fills the empty folder that it is given.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.parent / f".{folder.name}.lock"):
        if folder.is_dir():
            return folder
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            build(beside)
            os.replace(beside, folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return folder


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Holds the file's lock; the system gives it back when a process dies. The file stays: removing it would race."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
