"""A journal keeps every complete line and drops what a kill cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.scoring.journal import Journal
from codegym.errors import DataError


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    with Journal(tmp_path / "a" / "j.jsonl") as journal:
        assert list(journal.rows()) == []
        journal.append({"n": 1})
        journal.append({"n": "\ud800"})
        assert list(Journal(journal.path).rows()) == [{"n": 1}, {"n": "\ud800"}]


@pytest.mark.parametrize("torn", [b'{"n": 3', b"x" * 200_000])
def test_a_torn_line_is_dropped_and_the_next_one_is_whole(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"n": 1}\n{"n": 2}\n' + torn)
    with Journal(path) as journal:
        assert list(journal.rows()) == [{"n": 1}, {"n": 2}]
        journal.append({"n": 3})
    assert list(Journal(path).rows()) == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_only_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"n"')
    with Journal(path) as journal:
        journal.append({"n": 1})
    assert path.read_bytes() == b'{"n": 1}\n'


def test_a_complete_line_that_is_no_object_is_named(tmp_path: Path) -> None:
    (tmp_path / "j.jsonl").write_bytes(b"{}\n7\n")
    with pytest.raises(DataError, match=r"j\.jsonl:2"):
        list(Journal(tmp_path / "j.jsonl").rows())
