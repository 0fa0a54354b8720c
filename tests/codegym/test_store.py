from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codegym.errors import DataError, InfrastructureError
from codegym.store import Store, content_key


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    with Store(tmp_path / "deep" / "store.sqlite") as store:
        assert store.get("a") is None
        store.put({"a": {"text": "é\ud800\0"}, "b": [1, 2.5, None]})
    with Store(tmp_path / "deep" / "store.sqlite") as again:
        assert again.get("a") == {"text": "é\ud800\0"}
        assert again.get("b") == [1, 2.5, None]
        assert len(again) == 2


def test_a_kill_takes_nothing_that_was_put_in(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from codegym.store import Store; store = Store(sys.argv[1])\n"
        "store.put({'a': 1}); store._connection.execute('BEGIN'); "
        "store._connection.execute(\"INSERT INTO entries VALUES ('half', x'00')\"); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "s")], env={**os.environ}, check=False)
    assert killed.returncode == -signal.SIGKILL
    with Store(tmp_path / "s") as store:
        assert store.get("a") == 1
        assert store.get("half") is None


def test_a_full_disk_is_named_and_costs_nothing_that_is_there(tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store:
        store.put({"small": 1})
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count={pages + 1}")
        large = {str(n): [hashlib.sha256(f"{n} {part}".encode()).hexdigest() for part in range(500)] for n in range(9)}
        with pytest.raises(InfrastructureError, match=r"cache .*/s failed: .* disk is full.*Make room"):
            store.put(large)
        assert (store.get("small"), store.get("3")) == (1, None)
        store._connection.execute("PRAGMA max_page_count=100000")
        store.put(large)
        assert len(store) == 10


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, and long enough to be looked at as one" * 50)
    with pytest.raises(DataError, match=r"cannot use .*text as a cache"):
        Store(tmp_path / "text")


def test_without_a_path_entries_last_as_long_as_the_store() -> None:
    with Store() as store:
        assert store.get_or_make("a", lambda: [1]) == [1]
        assert store.get_or_make("a", lambda: [2]) == [1]
        assert Store().get("a") is None


def test_two_processes_add_to_one_file(tmp_path: Path) -> None:
    code = (
        "import sys; from codegym.store import Store; store = Store(sys.argv[1])\n"
        "for n in range(200): store.put({f'{sys.argv[2]}{n}': n})"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "s"), name]) for name in "ab"]
    assert [process.wait() for process in running] == [0, 0]
    with Store(tmp_path / "s") as store:
        assert len(store) == 400


def test_keys_tell_contents_apart() -> None:
    assert content_key("ab", "c") != content_key("a", "bc")
    assert content_key("a") == content_key("a")
