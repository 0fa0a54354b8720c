"""The Python files of a folder that are its own: no installed packages, no copies, nothing hidden."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

EXCLUDED_FOLDERS = (
    ".*",
    "__pycache__",
    "build",
    "dist",
    "dist-packages",
    "node_modules",
    "site-packages",
    "venv",
    "*.egg",
)
"""Names of folders (with ``*`` for any text) that hold other people's code or copies of one's own; ``.*`` is every
hidden one, such as ``.git``, ``.venv`` and ``.tox``."""


@dataclass(frozen=True)
class SourceFiles:
    """What lies below a folder."""

    files: tuple[Path, ...]
    """In the order of their names."""
    left_out: Mapping[str, int]
    """How many Python files were left out, by the name of the outermost folder that was excluded."""

    @classmethod
    def below(cls, root: Path, excluded: Sequence[str] = EXCLUDED_FOLDERS) -> Self:
        """Finds the Python files below a folder.

        Args:
            root: The folder, or one file. It is taken whatever it is called.
            excluded: Names of folders below it whose files are left out.
        """
        if not root.is_dir():
            return cls((root,), {})
        files: list[Path] = []
        left_out: Counter[str] = Counter()
        for folder, _, names in os.walk(root):
            directory = Path(folder)
            own = [directory / name for name in names if name.endswith(".py")]
            parts = directory.relative_to(root).parts
            # Walked and not pruned, so that what was left out can be counted and named.
            outermost = next((part for part in parts if any(fnmatchcase(part, name) for name in excluded)), None)
            if outermost is None:
                files += own
            elif own:
                left_out[outermost] += len(own)
        return cls(tuple(sorted(files)), left_out)
