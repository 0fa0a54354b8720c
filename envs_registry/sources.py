"""Where a suite's files are: the folder that the caller names, ``CODEGYM_DATA``, or the cache of downloads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codegym.errors import DataError, MissingExtraError

DATA_VARIABLE = "CODEGYM_DATA"
CACHE_VARIABLE = "CODEGYM_CACHE"


def cache_folder() -> Path:
    """Returns the folder for downloads: ``CODEGYM_CACHE``, else ``codegym`` in the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser() / "codegym"


@dataclass(frozen=True)
class SuiteSource:
    """The folders in which one suite's files are looked for, in order.

    Attributes:
        suite: The suite's name, which is also the name of its folder.
        folders: The folders. Each may be the suite's own folder, or one that holds a folder of the suite's name.
        explicit: Whether the caller named the folder; then nothing is fetched from elsewhere.
        how_to_get: What to do when nothing is there.
    """

    suite: str
    folders: Sequence[Path]
    explicit: bool = False
    how_to_get: str = ""
    fetch: Callable[[str], list[Path]] | None = None
    """Brings the files that match a pattern from the hub, for callers that did not name a folder."""
    troubles: list[str] = field(default_factory=list, compare=False)
    """Why the hub did not help."""
    used: list[Path] = field(default_factory=list, compare=False)
    """What was found and handed out, for people."""

    def file(self, *names: str) -> Path:
        """Returns the first existing file of these names (``*`` and ``?`` as in a shell), best name first.

        Raises:
            DataError: If there is none; the message says where it was looked for and what to do.
        """
        return self.files(*names)[0]

    def files(self, *names: str) -> list[Path]:
        """Returns all files that match the first of these patterns that matches any, sorted by name.

        Raises:
            DataError: If there is none.
        """
        found = self.find(*names)
        if not found:
            self._fail(names)
        return found

    def find(self, *names: str) -> list[Path]:
        """Like ``files``, and empty where there is none."""
        for folder in self.folders:
            for name in names:
                # A file that the caller names is meant, whatever it is called.
                found = [folder] if folder.is_file() else sorted(self._own_folder(folder).glob(name))
                if found:
                    self.used.extend(found)
                    return found
        return self._fetched(names)

    def _fetched(self, names: Sequence[str]) -> list[Path]:
        for name in names if self.fetch is not None else ():
            assert self.fetch is not None
            try:
                # A missing extra or network is reported only if nothing else has the files.
                found = self.fetch(name)
            except (DataError, MissingExtraError) as error:
                self.troubles.append(str(error))
                continue
            if found:
                self.used.extend(found)
                return found
        return []

    def folder(self, name: str) -> Path | None:
        """Returns the first existing sub-folder of this name, None where there is none."""
        for folder in self.folders:
            folder = self._own_folder(folder) / name
            if folder.is_dir():
                self.used.append(folder)
                return folder
        return None

    def _own_folder(self, folder: Path) -> Path:
        """A folder that the caller named may be the suite's own; other suites' files are never taken for it."""
        return folder if self.explicit and not (folder / self.suite).is_dir() else folder / self.suite

    def _fail(self, names: Sequence[str]) -> None:
        wanted = " or ".join(names)
        folders = [self._own_folder(folder) for folder in self.folders]
        looked = "looked in " + ", ".join(map(str, folders))
        if not folders:
            looked = f"neither data_dir=... was given nor {DATA_VARIABLE} is set"
        elif missing := [str(folder) for folder in folders if not folder.exists()]:
            looked += f" ({', '.join(missing)} does not exist)"
        hub = "".join(f" {trouble}" for trouble in dict.fromkeys(self.troubles))
        raise DataError(f"suite {self.suite!r}: no file {wanted}; {looked}. {self.how_to_get}{hub}".rstrip())


def source_of(
    suite: str,
    data_dir: str | os.PathLike[str] | None = None,
    how_to_get: str = "",
    fetch: Callable[[str], list[Path]] | None = None,
) -> SuiteSource:
    """Returns where to look for a suite's files.

    Args:
        suite: The suite's name.
        data_dir: A folder (or a file) that the caller names; then no other folder is tried.
        how_to_get: What to do when nothing is there, for the error message.
        fetch: Brings the files from elsewhere when no folder has them and the caller named none.
    """
    advice = (
        f"Put it into a folder {suite}/ and name its parent: data_dir=... or {DATA_VARIABLE}=... {how_to_get}".rstrip()
    )
    if data_dir is not None:
        return SuiteSource(suite, (Path(data_dir).expanduser(),), explicit=True, how_to_get=advice)
    named = os.environ.get(DATA_VARIABLE)
    folders = [Path(named).expanduser()] if named else []
    if (cache_folder() / "suites").is_dir():
        # Last, because what the user keeps goes before what was downloaded.
        folders.append(cache_folder() / "suites")
    return SuiteSource(suite, tuple(folders), how_to_get=advice, fetch=fetch)
