"""The folder or the file that a command writes, tried before its work begins."""

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
        # Permissions say too little: a file system may be read-only or full, so a file is really made.
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InvalidSettingError(
            f"{option} must be a folder to write into, got {folder}: {error.strerror}. Name another folder."
        ) from error


def check_output_file(option: str, file: Path) -> None:
    """Sees that a file can be written there; its folder is made if it is not there.

    Args:
        option: The option that named it, as the user wrote it.
        file: Where the results will go.

    Raises:
        InvalidSettingError: If it is a folder, or nothing can be written beside it.
    """
    if file.is_dir():
        raise InvalidSettingError(f"{option} must be a file to write, got the folder {file}. Name a file in it.")
    make_output_folder(f"the folder of {option}", file.parent)
