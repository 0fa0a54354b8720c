from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.cli import main

ROWS = [
    {
        "task_id": "own/add",
        "prompt": "Add.",
        "entry_point": "add",
        "difficulty": "easy",
        "tests": [{"type": "call", "args": [1, 2], "expected": 3, "public": True}],
        "solutions": ["def add(a, b):\n    return a + b\n"],
        "mutants": ["def add(a, b):\n    return 3\n"],
    },
    {
        "task_id": "own/broken",
        "prompt": "Add the numbers.",
        "entry_point": "add",
        "tests": [{"type": "call", "args": [2, 2], "expected": 5}],
        "solutions": ["def add(a, b):\n    return a + b\n"],
    },
]


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return str(path)


def test_list(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CODEGYM_DATA", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert main(["suites", "list", "--json"]) == 0
    rows = {row["suite"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["core"]["at_hand"] == ["train", "validation", "test"]
    assert rows["mbpp"]["splits"][0] == "test"
    assert rows["mbpp"]["at_hand"] == []
    assert main(["suites", "list"]) == 0
    assert "livecodebench" in capsys.readouterr().out


def test_show(capsys: pytest.CaptureFixture[str], own: str) -> None:
    assert main(["suites", "show", own]) == 0
    assert "own/broken" in capsys.readouterr().out
    assert main(["suites", "show", own, "own/add"]) == 0
    out = capsys.readouterr().out
    assert "0 public  add(1, 2) == 3" in out
    assert "return a + b" in out
    assert main(["suites", "show", own, "own/add", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tests"][0]["expected"] == "3"
    assert main(["suites", "show", own, "own/ad"]) == 2
    assert "Did you mean 'own/add'" in capsys.readouterr().err


def test_show_takes_a_split_behind_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suites", "show", "core:validation", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["split"] == "validation"


def test_check(capsys: pytest.CaptureFixture[str], own: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"task_id": 3}\n')
    assert main(["suites", "check", str(bad), own, "--mutants", "--workers", "1"]) == 1
    out = capsys.readouterr().out
    assert f"own/broken: {own}:2: reference 0 fail: test 0: add(2, 2) expected 5, got 4" in out
    assert f"own/add: {own}:1: mutant 0 pass: it passed" in out
    assert "bad.jsonl:1 (3): field 'tests' is missing" in out
    assert main(["suites", "check", own, "--json", "--workers", "1"]) == 1
    (report,) = json.loads(capsys.readouterr().out)["reports"]
    assert (report["references_passed"], report["references"], report["wrong_refused"]) == (1, 2, 4)


def test_check_goes_on_without_the_rows_at_fault(capsys: pytest.CaptureFixture[str], own: str) -> None:
    with Path(own).open("a") as file:
        file.write('{broken\n{"task_id": "own/untested", "prompt": "p", "tests": []}\n{"task_id": "own/empty"}\n')
    assert main(["suites", "check", own, "--workers", "1"]) == 1
    out = capsys.readouterr().out
    assert f"row: {own}:3: not JSON" in out
    assert f"row: {own}:5 (own/empty): field 'tests' is missing" in out
    assert f"own/untested: {own}:4: row: it has no tests" in out
    assert "own/broken:" in out


def test_stats(capsys: pytest.CaptureFixture[str], own: str) -> None:
    assert main(["suites", "stats", own, "--against", own, "--words", "2"]) == 0
    out = capsys.readouterr().out
    assert "CallTest 2" in out
    assert "2 of 2 problems (100.0%) share 2-grams" in out
    assert main(["suites", "stats", own, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["without_private_tests"] == 1


def test_strengthen(capsys: pytest.CaptureFixture[str], own: str, tmp_path: Path) -> None:
    out = tmp_path / "strong.jsonl"
    arguments = ["suites", "strengthen", own, "--out", str(out), "--limit", "1", "--workers", "1", "--json"]
    assert main(arguments) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["tests_added"] >= 1
    assert numbers["written"] == 1
    assert 0 <= numbers["killed_before"] <= numbers["killed_after"] <= numbers["mutants"]
    assert (numbers["skipped"], numbers["left_out"]) == ({}, {})
    assert main(["suites", "check", str(out), "--mutants", "--workers", "1"]) == 0
