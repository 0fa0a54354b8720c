"""Suites on the Hugging Face hub: pinned revisions, checked downloads, one shared cache."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from codegym.errors import DataError, MissingExtraError

_PARTS = re.compile(r"-of-(\d{5})")


@dataclass(frozen=True, kw_only=True)
class HubFiles:
    """A suite's files in one revision of a dataset repository.

    The hub's own client downloads them into its own cache: it resumes an interrupted download, concurrent processes
    wait for each other, and a filled cache works without a network.

    Attributes:
        repo: The repository, ``"owner/name"``.
        revision: The commit that is read, whatever happens to the repository.
        files: For each split the names of its files; ``*`` stands for any text.
        sha256: SHA-256 of files, where it is known; compared after a download.
    """

    repo: str
    revision: str
    files: Mapping[str, Sequence[str]]
    sha256: Mapping[str, str] = field(default_factory=dict)

    def fetch(self, split: str, download: bool, pattern: str) -> list[Path]:
        """Returns those of a split's files that match a pattern, from the cache or from the network.

        Args:
            split: The split; one that is not listed has no files.
            pattern: Pattern for the end of the names (``"*.parquet"``, ``"full/*.parquet"``).
            download: Whether the network may be used. ``HF_HUB_OFFLINE=1`` forbids it in any case.

        Raises:
            MissingExtraError: If the hub's client is not installed.
            DataError: If files are missing and cannot be downloaded, or a download has the wrong checksum.
        """
        wanted = [name for name in self.files.get(split, ()) if PurePosixPath(name).match(pattern)]
        missing = self._missing(wanted)
        if missing:
            if is_offline() or not download:
                raise DataError(
                    self._advice(missing, "HF_HUB_OFFLINE is set" if is_offline() else "no download was asked for")
                )
            self._download(missing)
        folder = self._snapshot()
        return [path for name in wanted for path in sorted(folder.glob(name))]

    def _missing(self, names: Sequence[str]) -> list[str]:
        """The names of files that the cache does not have in full."""
        return [name for name in names if not _is_complete(sorted(self._snapshot().glob(name)))]

    def _snapshot(self) -> Path:
        """The folder in which the hub's client keeps the revision."""
        try:
            from huggingface_hub.constants import HF_HUB_CACHE
        except ImportError as error:
            raise MissingExtraError("huggingface_hub", "hub") from error
        # The client reads its variables when it is imported; a program may set them later.
        cache = Path(os.environ.get("HF_HUB_CACHE") or HF_HUB_CACHE).expanduser()
        return cache / f"datasets--{self.repo.replace('/', '--')}" / "snapshots" / self.revision

    def _download(self, names: list[str]) -> None:
        from huggingface_hub import get_session, snapshot_download

        # A mirror that the user has named must answer the first request too.
        endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        try:
            # One request without the client's retries: without a network, those take most of a minute.
            get_session().head(endpoint, timeout=10)
            snapshot_download(
                self.repo,
                repo_type="dataset",
                revision=self.revision,
                allow_patterns=names,
                cache_dir=os.environ.get("HF_HUB_CACHE"),
                endpoint=endpoint,
            )
        except Exception as error:  # each version of the client has another HTTP library, with errors of its own
            why = (str(error).strip() or type(error).__name__).split("\n")[0].rstrip(".")
            raise DataError(self._advice(names, why)) from error
        missing = self._missing(names)
        if missing:
            raise DataError(self._advice(missing, "the repository does not have them"))
        for name in names:
            self._check(name)

    def _check(self, name: str) -> None:
        """Removes a file that is not what was published: else the next call would find it in the cache."""
        path = self._snapshot() / name
        wanted = self.sha256.get(name)
        if wanted is None:
            return
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != wanted:
            # The path is a link to the blob; without both gone, the client would take the file for complete.
            path.resolve().unlink()
            path.unlink(missing_ok=True)
            raise DataError(f"{path}: has the SHA-256 {found}, expected {wanted}. It was removed; fetch it again.")

    def _advice(self, names: Sequence[str], why: str) -> str:
        # The command takes names as they stand, and patterns only after --include.
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


def _is_complete(paths: Sequence[Path]) -> bool:
    """Whether there are files, and as many as the names of a divided file say (``-00000-of-00002``)."""
    # Parquet datasets are cut into parts; one that is missing would silently shorten the suite.
    parts = {int(part[1]) for path in paths if (part := _PARTS.search(path.name))}
    return bool(paths) and parts <= {len(paths)} and all(path.exists() for path in paths)
