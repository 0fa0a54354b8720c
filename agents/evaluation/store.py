"""Generations and verdicts kept by content: what was written or judged once is never written or judged again.

One SQLite file. Every entry is there or not there, whatever kills the process, so that an evaluation that is started
again goes on where it was; several processes may use one file.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import sqlite3
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import codegym
from codegym import Judge, Problem
from codegym.errors import DataError, InfrastructureError

_WAIT_SECONDS = 60.0


def default_store_path() -> Path:
    """Where the command keeps what it wrote and judged: in the user's cache folder."""
    cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache_home) / "codegym" / "evaluations.sqlite"


class Store:
    """Entries by key.

    Args:
        path: The file; made, with its folders, if it is not there.

    Raises:
        DataError: If the file cannot be opened, or is something else.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            raise DataError(
                f"cannot use {path} as a cache of verdicts: {error}. Name another file, or do without."
            ) from error

    def get(self, key: str) -> Any:
        """Returns an entry as it was put in (as plain data), None if there is none.

        Raises:
            InfrastructureError: If the file cannot be read.
        """
        with self._in_use():
            found = self._connection.execute("SELECT value FROM entries WHERE key = ?", (key,)).fetchone()
        return None if found is None else json.loads(zlib.decompress(found[0]))

    def put(self, entries: Mapping[str, Any]) -> None:
        """Adds entries, all or none; JSON-safe data.

        Raises:
            InfrastructureError: If the file cannot be written: the disk is full, say.
        """
        rows = [(key, zlib.compress(json.dumps(value).encode(), 1)) for key, value in entries.items()]
        with self._in_use():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?)", rows)
            self._connection.execute("COMMIT")

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise InfrastructureError(
                f"the cache of verdicts {self.path} failed: {error}. Make room, name another file, or do without; what "
                "is in it stays, and the same command goes on from there."
            ) from error

    def __len__(self) -> int:
        count: int = self._connection.execute("SELECT COUNT(*) FROM entries").fetchone()[0]
        return count

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def content_key(*parts: object) -> str:
    """Returns the digest of parts that are told apart by their ``repr``."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass")).hexdigest()


def judge_key(judge: Judge) -> str:
    """Returns the digest of what a verdict depends on beside problem and program: our code, settings, Python."""
    return content_key("judge", code_key(), pickle.dumps(judge), sys.version)


def problem_key(problem: Problem) -> str:
    """Returns the digest of all of a problem that its verdicts depend on."""
    tests = [(type(test).__name__, *map(_ordered, vars(test).values())) for test in problem.tests]
    asked = (problem.task_id, problem.entry_point, problem.starter_code, problem.context, tests)
    return content_key("problem", asked, _rule(problem), problem.limits, problem.one_process, problem.solutions[:1])


def _ordered(value: object) -> object:
    """The value with its sets in an order that is the same in every process."""
    if isinstance(value, set | frozenset):
        return ("set", sorted(repr(_ordered(item)) for item in value))
    if isinstance(value, list | tuple):
        return (type(value).__name__, [_ordered(item) for item in value])
    if isinstance(value, dict):
        return ("dict", [(_ordered(key), _ordered(item)) for key, item in value.items()])
    return value


def _rule(problem: Problem) -> str:
    """A checker is told from another by its code: two lambdas of a file share their name."""
    rule = problem.comparison
    code = getattr(rule.checker, "__code__", None)
    checker = repr(rule.checker) if code is None else repr((code.co_code, code.co_consts, code.co_names))
    plain = (rule.strict_types, rule.rel_tolerance, rule.abs_tolerance, rule.any_of, rule.unordered, rule.output)
    return f"{plain}{checker}"


@cache
def code_key() -> str:
    """Returns the digest of the judge's own source files: a changed judge trusts no old verdict."""
    root = Path(codegym.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
