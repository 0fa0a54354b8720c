"""``codegym demo``, in small: a random model, two held-out problems, one second."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agents import cli
from agents.commands.demo import smoothed, spread

pytestmark = pytest.mark.slow


def test_it_shows_before_and_after(
    model_folder: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = {
        "--model": model_folder("qwen2"),
        "--seconds": 0.5,
        "--problems": 2,
        "--programs": 2,
        "--run-dir": tmp_path,
    }
    arguments = ["demo", *(str(part) for pair in small.items() for part in pair), "--max-new-tokens", "8"]
    assert cli.main([*arguments, "--json"]) == cli.GOOD
    result = json.loads(capsys.readouterr().out)
    assert result["before"]["1"]["estimate"] == 0.0
    assert result["completions"] >= 64
    assert (tmp_path / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "model" / "config.json").exists()
    assert list((tmp_path / "RLTF_1").glob("events.*"))
    assert cli.main(arguments) == cli.GOOD
    out = capsys.readouterr().out
    assert "pass@1" in out
    assert "tensorboard --logdir" in out
    assert (tmp_path / "RLTF_2").exists()  # a second demo leaves the first one's curves alone


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--problems", "0"], "--problems must be at least 1, got 0"),
        (["--programs", "0"], "--programs must be at least 1, got 0"),
        (["--max-new-tokens", "0"], "--max-new-tokens must be at least 1, got 0"),
        (["--seconds", "0"], "--seconds must be above 0"),
        (["--test-split", "tset"], "Did you mean 'test'"),
        (["--split", "trian"], "Did you mean 'train'"),
        (["--run-dir", __file__], "--run-dir must be a folder to write into"),
    ],
)
def test_what_cannot_be_had_is_said_before_the_model_is_loaded(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("agents.policy.policy.LMPolicy.load")
    assert cli.main(["demo", *arguments]) == cli.BAD_INPUT
    told = capsys.readouterr().err
    assert complaint in told
    assert told.count("\n") == 1


def test_spread_takes_evenly_and_never_too_many() -> None:
    assert spread(range(10), 4) == [0, 3, 6, 9]
    assert spread(range(3), 9) == [0, 1, 2]


def test_smoothing_trails() -> None:
    assert smoothed([1.0, 0.0, 1.0], window=2) == [1.0, 0.5, 0.5]
