from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from codegym.errors import DataError
from envs_registry.rows import Row, read_rows


def test_reads_jsonl_json_and_their_gzip(tmp_path: Path) -> None:
    items = [{"a": 1}, {"a": "ü\u2028"}]
    lines = "\n".join(json.dumps(item, ensure_ascii=False) for item in items)
    (tmp_path / "x.jsonl").write_text(lines + "\n\n", encoding="utf-8")
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (tmp_path / "x.json").write_text(json.dumps(items))
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(json.dumps(items).encode()))
    for path in tmp_path.iterdir():
        assert [dict(row.fields) for row in read_rows(path)] == items
        assert [row.line for row in read_rows(path)] == [1, 2]


def test_truncated_gzip(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n' * 1000)[:-20])
    with pytest.raises(DataError, match=r"x\.jsonl\.gz: the gzip file is truncated"):
        list(read_rows(path))


def test_not_gzip_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(b"<html>Not found</html>")
    with pytest.raises(DataError, match="not a sound gzip file"):
        list(read_rows(path))


def test_wrong_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes('{"a": 1}\n{"a": "é"}\n'.encode("latin-1"))
    with pytest.raises(DataError, match=r"x\.jsonl:2: not UTF-8 \(byte 0xe9\)"):
        list(read_rows(path))


@pytest.mark.parametrize("line", ["{not json", "[1, 2]", "3", '{"a": NaN', "[" * 100_000])
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n' + line + "\n")
    with pytest.raises(DataError, match=r"x\.jsonl:2: .*expected"):
        list(read_rows(path))


def test_missing_and_mistyped_fields() -> None:
    row = Row(
        Path("f.jsonl"), 7, {"task_id": "own/1", "n": 1, "texts": ["a", 2], "meta": {"level": "hard"}, "code": "[1"}
    )
    assert row.get("meta.level", str) == "hard"
    assert row.get("n", float) == 1.0
    assert row.get("absent", str, "d") == "d"
    with pytest.raises(DataError, match=r"f\.jsonl:7 \(own/1\): field 'promt' is missing; expected a text"):
        row.get("promt", str)
    with pytest.raises(DataError, match=r":7 \(own/1\): field 'n' must be a text, got 1"):
        row.get("n", str)
    with pytest.raises(DataError, match=r"field 'texts'\[1\] must be a text, got 2"):
        row.texts("texts")
    with pytest.raises(DataError, match="field 'code' must hold JSON"):
        row.json("code")
