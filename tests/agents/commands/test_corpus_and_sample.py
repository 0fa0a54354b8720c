"""From a folder of code to a ranking, command by command, each of which can be run again alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from agents import cli
from agents.policy.policy import LMPolicy

pytestmark = pytest.mark.slow

CODE = '''def clamp(number, low, high):
    """Return the number, or the bound that it lies beyond: low or high."""
    if number < low:
        return low
    return min(number, high)
'''


def test_corpus_then_samples_then_ranking(
    tmp_path: Path, model_folder: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text(CODE)
    corpus, samples = tmp_path / "corpus.jsonl", tmp_path / "samples.jsonl"
    harvest = ["corpus", str(tmp_path / "code"), "--out", str(corpus), "--against", "core", "--json"]
    for _ in range(2):
        assert cli.main(harvest) == 0
        assert json.loads(capsys.readouterr().out) == {
            "files": 1,
            "files_left_out": {},
            "tasks": 1,
            "described": 0,
            "skipped": {},
        }
    write = ["sample", "--suite", str(corpus), "--model", str(model_folder("qwen2")), "--out", str(samples)]
    write += [
        "--programs",
        "3",
        "--test-texts",
        "2",
        "--max-new-tokens",
        "8",
        "--workers",
        "1",
        "--device",
        "cpu",
        "--json",
    ]
    assert cli.main(write) == 0
    assert json.loads(capsys.readouterr().out)["programs"] == 3
    kept = samples.read_bytes()
    assert cli.main(write) == 0
    assert samples.read_bytes() == kept
    capsys.readouterr()
    assert cli.main(["rank", str(samples), "--workers", "1", "--json"]) == 1  # a random model tells nothing apart
    told = json.loads(capsys.readouterr().out)
    assert (told["tasks"], told["programs"], told["told_apart"]) == (1, 3, 0)


def test_a_model_that_was_retrained_in_place_is_asked_anew(
    tmp_path: Path, model_folder: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    model, samples = tmp_path / "model", tmp_path / "samples.jsonl"
    write = [
        "sample",
        "--suite",
        "core",
        "--limit",
        "1",
        "--model",
        str(model),
        "--out",
        str(samples),
        "--workers",
        "1",
    ]
    write += ["--programs", "3", "--test-texts", "2", "--max-new-tokens", "8", "--device", "cpu", "--json"]
    texts = []
    for model_seed in (0, 1):
        policy = LMPolicy.load(model_folder("qwen2"), device="cpu")
        torch.manual_seed(model_seed)
        for weight in policy.model.parameters():
            torch.nn.init.normal_(weight.data, std=0.2)
        policy.save(model)
        assert cli.main(write) == 0
        texts.append(json.loads(samples.read_text())["completions"])
    capsys.readouterr()
    assert texts[0] != texts[1]


def test_bad_input_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["corpus", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
    (tmp_path / "empty.py").write_text("x = 1\n")
    assert cli.main(["corpus", str(tmp_path / "empty.py"), "--out", str(tmp_path / "s.jsonl")]) == 1
    assert not (tmp_path / "s.jsonl").exists()


def test_files_that_are_left_out_are_said_and_can_be_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("own", ".venv", "build"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text(CODE.replace("clamp", f"clamp_{len(folder)}"))
    harvest = ["corpus", str(tmp_path), "--out", str(tmp_path / "corpus.jsonl")]
    assert cli.main(harvest) == 0
    said = capsys.readouterr().out
    assert "out of 1 files" in said
    assert "1 files left out (--exclude): .venv" in said
    assert cli.main([*harvest, "--json", "--exclude", ".*"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["files"], told["files_left_out"]) == (2, {".venv": 1})
    assert cli.main([*harvest, "--json", "--exclude"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["files"], told["files_left_out"]) == (3, {})
