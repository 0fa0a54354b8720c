from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from codegym import json_lines
from codegym.errors import DataError


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_blank_lines_count_and_are_left_out(tmp_path: Path, name: str) -> None:
    text = '{"a": 1}\n\n{"a": "\u2028"}\r\n   \n{"a": 3}'.encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert list(json_lines.read(tmp_path / name)) == [(1, {"a": 1}), (3, {"a": "\u2028"}), (5, {"a": 3})]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'\xef\xbb\xbf{"a": 1}\n')
    assert list(json_lines.read(tmp_path / "x.jsonl")) == [(1, {"a": 1})]


BAD_LINES = {
    b"{not json": r"not JSON .*; expected one object a line, got \{not json\.",
    b"[" * 100_000: "not JSON",
    b"[1, 2]": r"expected a JSON object, got a list: \[1, 2\]",
    b"3": "expected a JSON object, got a int",
    '{"a": "é"}'.encode("latin-1"): r"not UTF-8 \(byte 0xe9\)",
    '{"a": 1}'.encode("utf-16-le"): "not JSON",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_is_named_by_file_and_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a": 1}\n' + line + b"\n")
    with pytest.raises(DataError, match=rf"x\.jsonl:2: {BAD_LINES[line]}"):
        list(json_lines.read(path))


def test_faults_are_collected_and_sound_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\n".join([b'{"a": 1}', *BAD_LINES, b'{"a": 2}']))
    faults: list[DataError] = []
    rows = list(json_lines.read(path, faults=faults))
    assert rows == [(1, {"a": 1}), (len(BAD_LINES) + 2, {"a": 2})]
    assert [str(fault).split(": ")[0] for fault in faults] == [f"{path}:{2 + n}" for n in range(len(BAD_LINES))]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"a": 1}\n' * 1000)
    (tmp_path / "short.gz").write_bytes(whole[:-20])
    (tmp_path / "page.gz").write_bytes(b"<html>Not found</html>")
    (tmp_path / "spoilt.gz").write_bytes(whole[:30] + b"????" + whole[34:])
    for name, complaint in {
        "none.jsonl": "cannot read the samples file .*none.jsonl: No such file",
        "short.gz": "the gzip file is truncated",
        "page.gz": "not a sound gzip file",
        "spoilt.gz": "not a sound gzip file",
    }.items():
        with pytest.raises(DataError, match=complaint):
            list(json_lines.read(tmp_path / name, "samples"))
        faults: list[DataError] = []
        list(json_lines.read(tmp_path / name, faults=faults))
        assert len(faults) == 1


def test_what_was_written_reads_back(tmp_path: Path) -> None:
    rows = [{"code": "\ud800", "n": 1}, {"code": "ü\n\u2028"}]
    assert json_lines.write(tmp_path / "new" / "x.jsonl", rows) == 2
    assert [row for _, row in json_lines.read(tmp_path / "new" / "x.jsonl")] == rows
    assert json_lines.write(tmp_path / "empty.jsonl", []) == 0
    assert (tmp_path / "empty.jsonl").read_text() == ""


def test_a_row_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    json_lines.write(path, [{"a": 1}])
    with pytest.raises(TypeError):
        json_lines.write(path, [{"a": 2}, {"a": object()}])
    assert json.loads(path.read_text()) == {"a": 1}
    assert os.listdir(tmp_path) == ["x.jsonl"]
