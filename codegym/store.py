"""One file of what was computed before, by content: what was written, judged or measured once is not done again.

SQLite: every entry is there or not there, whatever kills the process, so that work that is started again goes on where
it was. Several processes may use one file.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from codegym.errors import DataError, InfrastructureError

T = TypeVar("T")
# Another process holds the lock for one insert; a network disk may need longer than SQLite's default of 5 s.
_WAIT_SECONDS = 60.0


def default_store_path() -> Path:
    """Returns the file that commands use where no other is named: one in the user's cache folder, safe to delete."""
    cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache_home) / "codegym" / "evaluations.sqlite"


class Store:
    """Entries by key: JSON-safe values under the digest of everything that they depend on.

    Args:
        path: The file; made, with its folders, if it is not there. None keeps the entries in memory, for as long as
            the store is open.

    Raises:
        DataError: If the file cannot be opened, or is something else.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = None if path is None else Path(path)
        try:
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self.path or ":memory:",
                timeout=_WAIT_SECONDS,
                isolation_level=None,
                check_same_thread=False,  # whichever thread collects a store that nobody closed may close it
            )
            weakref.finalize(self, self._connection.close)
            self._connection.execute("PRAGMA journal_mode=WAL")
            # A power cut may take the last entries, but never spoils the file; waiting for the disk costs 10 ms each.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            raise DataError(f"cannot use {path} as a cache: {error}. Name another file, or do without.") from error

    def get(self, key: str) -> Any:
        """Returns an entry as plain data, None if there is none.

        Raises:
            InfrastructureError: If the file cannot be read.
        """
        with self._in_use():
            found = self._connection.execute("SELECT value FROM entries WHERE key = ?", (key,)).fetchone()
        return None if found is None else json.loads(zlib.decompress(found[0]))

    def put(self, entries: Mapping[str, Any]) -> None:
        """Adds entries, all or none; a kill after this returns does not take them away.

        Raises:
            InfrastructureError: If the file cannot be written: the disk is full, say.
        """
        rows = [(key, zlib.compress(json.dumps(value).encode(), 1)) for key, value in entries.items()]
        with self._in_use():
            # The lock is taken at once: two transactions that begin by reading can block each other for good.
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?)", rows)
            self._connection.execute("COMMIT")

    def get_or_make(self, key: str, make: Callable[[], T]) -> T:
        """Returns an entry; where there is none (or a null) it is made, and added.

        Raises:
            InfrastructureError: If the file cannot be read or written.
        """
        value: T | None = self.get(key)
        if value is None:
            value = make()
            self.put({key: value})
        return value

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise InfrastructureError(
                f"the cache {self.path or 'in memory'} failed: {error}. Make room, name another file, or do without; "
                "what is in it stays, and the same command goes on from there."
            ) from error

    def __len__(self) -> int:
        count: int = self._connection.execute("SELECT COUNT(*) FROM entries").fetchone()[0]
        return count

    def __bool__(self) -> bool:
        return True  # an empty store is a store: `store or Store()` must not replace it

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def content_key(*parts: object) -> str:
    """Returns the digest of parts that are told apart by their ``repr``."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass")).hexdigest()
