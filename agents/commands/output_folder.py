"""The folder that a command writes into, tried before its work begins."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from codegym.errors import InvalidSettingError


def make_output_folder(option: str, folder: Path) -> None:
    """Makes the folder if it is not there, and sees that files can be written into it.

    Args:
        option: The option that named it, as the user wrote it.
        folder: Where the results will go.

    Raises:
        InvalidSettingError: If it is a file, or nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InvalidSettingError(
            f"{option} must be a folder to write into, got {folder}: {error.strerror}. Name another folder."
        ) from error
