"""Suites on the Hugging Face hub: pinned revisions, checked files, one shared cache."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import ModuleType
from urllib.parse import urlsplit

from codegym.errors import DataError, MissingExtraError
from envs_registry.sources import cache_folder

_PUBLIC = "https://huggingface.co"
_PART = re.compile(r"-of-(\d{5})")


@dataclass(frozen=True, kw_only=True)
class HubFiles:
    """A suite's files in one revision of a dataset repository.

    The hub's own client downloads them into its own cache: what was interrupted is resumed, concurrent processes lock
    each other out, and a file that is there is not asked for again, so that a filled cache works without a network.

    Attributes:
        repo: The repository, ``"owner/name"``.
        revision: The commit that is read, whatever happens to the repository.
        files: For each split the names of its files; ``*`` stands for a part of a name that is looked up.
        sha256: What the files must hash to, where that is known.
    """

    repo: str
    revision: str
    files: Mapping[str, Sequence[str]]
    sha256: Mapping[str, str] = field(default_factory=dict)

    def fetch(self, split: str, download: bool, pattern: str) -> list[Path]:
        """Returns those of a split's files that match a pattern, from the cache or from the network.

        Args:
            split: The split; one that is not listed has no files.
            pattern: What the names must match, from their ends (``"*.parquet"``, ``"full/*.parquet"``).
            download: Whether the network may be asked. ``HF_HUB_OFFLINE=1`` forbids it anyhow.

        Raises:
            MissingExtraError: If the hub's client is not installed.
            DataError: If the files cannot be had, or are not what they should be.
        """
        download = download and not is_offline()
        wanted = [name for name in self.files.get(split, ()) if PurePosixPath(name).match(pattern)]
        names = [name for listed in wanted for name in self._expanded(listed, download)]
        found: list[Path] = []
        failures: dict[str, Exception] = {}
        for name in names:
            try:
                found.append(self._file(name, download and not failures))
            except DataError:
                raise
            except Exception as error:  # whichever HTTP library the client uses has errors of its own
                failures[name] = error
        if failures:
            first = next(iter(failures.values()))
            raise DataError(self._not_had(tuple(failures), first, download)) from first
        return found

    def _file(self, name: str, download: bool) -> Path:
        path = _client().hf_hub_download(
            self.repo,
            name,
            repo_type="dataset",
            revision=self.revision,
            cache_dir=os.environ.get("HF_HUB_CACHE"),
            endpoint=_endpoint(),
            local_files_only=not (download and self._is_reachable()),
        )
        return self._checked(Path(path), name)

    def _checked(self, path: Path, name: str) -> Path:
        """Hashes a file once; a marker with its size and time says so until it changes."""
        wanted = self.sha256.get(name)
        if wanted is None:
            return path
        marker = cache_folder() / "checked" / f"{wanted}.json"
        if _read_marker(marker) == _identity(path):
            return path
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != wanted:
            raise DataError(
                f"{path}: has the SHA-256 {found}, expected {wanted}. Delete {path.resolve()} and fetch it again."
            )
        _write_marker(marker, _identity(path))
        return path

    def _expanded(self, pattern: str, download: bool) -> list[str]:
        """The names that a pattern stands for: from the cache if all are there, else from the repository."""
        if "*" not in pattern:
            return [pattern]
        names = self._matching(self._cached_names(), pattern)
        if not names and download and self._is_reachable():
            names = self._matching(self._published_names(pattern), pattern)
        if not names:
            raise DataError(self._not_had((pattern,), FileNotFoundError("not all of its parts are there"), download))
        return names

    def _matching(self, names: list[str], pattern: str) -> list[str]:
        """The names that match, in order; none where a part of a divided file is missing."""
        found = sorted(fnmatch.filter(names, pattern))
        parts = {int(part[1]) for name in found if (part := _PART.search(name))}
        return [] if parts - {len(found)} else found

    def _cached_names(self) -> list[str]:
        cache = Path(os.environ.get("HF_HUB_CACHE") or _client().constants.HF_HUB_CACHE)
        snapshot = cache / f"datasets--{self.repo.replace('/', '--')}" / "snapshots" / self.revision
        return [path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()]

    def _published_names(self, pattern: str) -> list[str]:
        api = _client().HfApi(endpoint=_endpoint())
        try:
            return list(api.list_repo_files(self.repo, repo_type="dataset", revision=self.revision))
        except Exception as error:  # as above
            raise DataError(self._not_had((pattern,), error, download=True)) from error

    def _is_reachable(self) -> bool:
        """Asks the name service first: a machine without a network learns it at once, not after five tries."""
        if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
            return True
        try:
            socket.getaddrinfo(urlsplit(_endpoint()).hostname, None)
        except OSError:
            return False
        return True

    def _not_had(self, names: Sequence[str], error: Exception, download: bool) -> str:
        why = _first_line(error)
        if is_offline():
            why = "HF_HUB_OFFLINE is set"
        elif download and not self._is_reachable():
            why = f"{_endpoint()} cannot be reached"
        plain = "".join(f" {name}" for name in names if "*" not in name)
        patterns = "".join(f" --include '{name}'" for name in names if "*" in name)
        are = "are" if len(names) > 1 else "is"
        return (
            f"{', '.join(names)} of the dataset {self.repo} (revision {self.revision[:8]}) {are} not in the cache "
            f"and could not be fetched ({why}). On a machine with a network run: hf download {self.repo}{plain} "
            f"--repo-type dataset --revision {self.revision}{patterns} --local-dir DIR"
        )


def is_offline() -> bool:
    """Says whether the user forbids the network, by the hub's own variable."""
    return os.environ.get("HF_HUB_OFFLINE", "").strip().upper() in {"1", "ON", "YES", "TRUE"}


def _client() -> ModuleType:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingExtraError("huggingface_hub", "hub") from error
    return huggingface_hub


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", _PUBLIC).rstrip("/")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).split("\n")[0].rstrip(".")


def _identity(path: Path) -> list[str | int]:
    found = path.resolve()
    state = found.stat()
    return [str(found), state.st_size, state.st_mtime_ns]


def _read_marker(marker: Path) -> object:
    try:
        return json.loads(marker.read_text())
    except (OSError, ValueError):
        return None


def _write_marker(marker: Path, identity: list[str | int]) -> None:
    """Writes beside it first, so that no other process reads half of it; where nothing may be written, hashes again."""
    beside = marker.with_name(f".{marker.name}.{os.getpid()}")
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(identity))
        beside.replace(marker)
    except OSError:
        beside.unlink(missing_ok=True)
