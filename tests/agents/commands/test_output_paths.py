"""Where results go is tried before the work: an hour later the answer would be the same, and the work lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents import cli
from agents.commands.output_paths import check_output_file, make_output_folder
from codegym.errors import InvalidSettingError


def test_folders_are_made_and_left_empty(tmp_path: Path) -> None:
    make_output_folder("--run-dir", tmp_path / "a" / "b")
    check_output_file("--out", tmp_path / "c" / "rows.jsonl")
    assert not list((tmp_path / "a" / "b").iterdir())
    assert not list((tmp_path / "c").iterdir())


def test_what_is_no_place_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(InvalidSettingError, match=r"--run-dir must be a folder to write into, got .*file: "):
        make_output_folder("--run-dir", file)
    with pytest.raises(InvalidSettingError, match="--out must be a file to write, got the folder"):
        check_output_file("--out", tmp_path)
    with pytest.raises(InvalidSettingError, match="the folder of --out must be a folder to write into"):
        check_output_file("--out", file / "rows.jsonl")
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ["rank", "{rows}", "--out", "{folder}"],
        ["rank", "{rows}", "--run-dir", "{rows}"],
        ["suites", "strengthen", "core", "--out", "{folder}"],
        ["report", "{folder}", "--out", "{folder}"],
    ],
)
def test_commands_say_so_before_anything_is_judged(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("codegym.sandbox.pool.Sandbox.__init__")
    row = {"task_id": "p/0", "prompt": "", "entry_point": "f", "completions": ["f = 1"], "test_texts": ["assert f"]}
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(row) + "\n")
    assert cli.main([part.format(rows=rows, folder=tmp_path) for part in arguments]) == cli.BAD_INPUT
    assert "to write" in capsys.readouterr().err
