"""``codegym rank``: scores for people and machines, pairs in a folder, and an exit code that means something."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents import cli

GOOD, WRONG, OTHER = "    return 2 * x\n", "    return x + 1\n", "    return x\n"
ROW = {
    "task_id": "t/1",
    "prompt": "def double(x):\n",
    "solutions": [WRONG, GOOD, GOOD + "    # twice\n", OTHER],
    "generated_tests": ["double(1) == 2\nassert double(3) == 6\nassert double(", "double(0) == 0\n", "double(5) == 9"],
    "test_prompt": "def double(x):\n    pass\n\nassert ",
    "labels": ["AssertionError", "pass", "pass", "AssertionError"],
}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = cli.main(["rank", *map(str, arguments), "--workers", "1"])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def samples_file(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_scores_for_machines_and_people(run: Run, tmp_path: Path) -> None:
    file = samples_file(tmp_path / "s.jsonl", ROW)
    code, out, _ = run(file, "--json", "--compare", "--out", tmp_path / "scores.jsonl")
    told = json.loads(out)
    assert code == 0
    assert (told["tasks"], told["programs"], told["tests"], told["cells"]) == (1, 4, 4, 16)
    assert told["asserts_refused"] == {"syntax": 1}
    assert len(told["against_labels"]) == 5
    assert told["against_labels"]["self_validation"]["pair"]["estimate"] == 1.0
    row = json.loads((tmp_path / "scores.jsonl").read_text())
    assert row["outcomes"] == ["PFFF", "PPPF", "PPPF", "FFPF"]
    assert row["scores"][1] == row["scores"][2] == 1.0 > row["scores"][0]
    code, out, _ = run(file)
    assert code == 0
    assert "told apart: 1" in out
    assert "self_validation" in out


def test_pairs_in_a_folder_and_resuming(run: Run, tmp_path: Path) -> None:
    file = samples_file(tmp_path / "s.jsonl", ROW)
    arguments = (file, "--run-dir", tmp_path / "run", "--kinds", "correctness", "--json")
    code, out, _ = run(*arguments)
    assert (code, json.loads(out)["pairs"]) == (0, 1)
    files = {"README.md", "cache.sqlite", "pairs.jsonl", "pairs.png"}
    assert {path.name for path in (tmp_path / "run").iterdir()} == files
    cache = (tmp_path / "run" / "cache.sqlite").read_bytes()
    assert run(*arguments)[:2] == (code, out)
    assert (tmp_path / "run" / "cache.sqlite").read_bytes() == cache


def test_programs_and_tests_in_two_files_as_codet_has_them(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "programs.jsonl.gz"
    with gzip.open(file, "wt") as out:
        out.write(json.dumps({"prompt": ROW["prompt"], "samples": ROW["solutions"]}) + "\n")
        out.write(json.dumps({"prompt": "def other(x):\n", "samples": [GOOD]}) + "\n")
    tests = samples_file(
        tmp_path / "tests.jsonl",
        {"prompt": ROW["test_prompt"], "samples": ROW["generated_tests"]},
        {"prompt": 3, "samples": []},
    )
    code, said, complaints = run(file, "--tests", tests, "--json")
    told = json.loads(said)
    assert (code, told["tests"], told["lines_left_out"]) == (0, 4, 2)
    assert "prompt must be a text" in complaints
    assert "begins with this one's" in complaints


def test_nothing_to_tell_apart_is_a_negative_answer(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(samples_file(tmp_path / "s.jsonl", {**ROW, "generated_tests": []}), "--json")
    assert (code, json.loads(out)["without_tests"]) == (1, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "it is empty"), ("{}\n", "task_id must be a text"), ("{\n", "s.jsonl:1"), (None, "cannot read")],
)
def test_bad_files_are_named(run: Run, tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "s.jsonl").write_text(content)
    code, _, complaint = run(tmp_path / "s.jsonl")
    assert code == 2
    assert said in complaint
