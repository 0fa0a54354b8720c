"""Progress: bars on a terminal, lines in a log, and nothing at all with ``--json``, from third-party libraries too."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from transformers.utils import logging

from agents.progress import ProgressDisplay, without_third_party_bars

pytestmark = pytest.mark.slow

BAR = re.compile(r"\d+%\||\d+/\d+ \[|Loading weights|warming up|it/s")
SMALL = ("--max-new-tokens", "4", "--device", "cpu", "--workers", "1")
PROBLEM = {"task_id": "t", "prompt": "Write f(x).", "entry_point": "f", "tests": [{"type": "call", "expected": 1}]}


def codegym(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agents.cli", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_what_a_model_loads_is_silent_with_json_and_only_then(
    tmp_path: Path, model_folder: Callable[[str], Path]
) -> None:
    suite = tmp_path / "suite.jsonl"
    suite.write_text(json.dumps(PROBLEM) + "\n")
    evaluate = ["evaluate", "--model", model_folder("qwen2"), "--suite", suite, "--programs", "1", "--k", "1"]
    told = codegym(*evaluate, *SMALL, "--cache", "None", "--json")
    assert told.returncode == 0, told.stderr
    json.loads(told.stdout)
    assert not BAR.search(told.stderr), told.stderr
    shown = codegym(*evaluate, *SMALL, "--cache", "None")
    assert BAR.search(shown.stderr), shown.stderr


def test_training_is_silent_with_json(tmp_path: Path, model_folder: Callable[[str], Path]) -> None:
    model = ["--model", model_folder("qwen2"), "--run-dir", tmp_path / "run"]
    size = ["--completions", "8", "--problems-per-step", "2", "--samples-per-problem", "4", "--batch-size", "8"]
    told = codegym("train", "rltf", *model, *size, *SMALL, "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["completions"] >= 8
    assert not BAR.search(told.stderr), told.stderr


@pytest.mark.parametrize("shown", [True, False])
def test_what_was_shown_before_is_shown_again(monkeypatch: pytest.MonkeyPatch, shown: bool) -> None:
    monkeypatch.setattr(logging, "_tqdm_active", shown)
    monkeypatch.setenv("TQDM_DISABLE", "0")
    monkeypatch.delenv("HF_HUB_DISABLE_PROGRESS_BARS", raising=False)
    with without_third_party_bars():
        assert not logging.is_progress_bar_enabled()
        assert os.environ["TQDM_DISABLE"] == os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] == "1"
    assert logging.is_progress_bar_enabled() is shown
    assert os.environ["TQDM_DISABLE"] == "0"
    assert "HF_HUB_DISABLE_PROGRESS_BARS" not in os.environ


def shown(terminal: bool, every: float = 0.0, quiet: bool = False) -> str:
    """What a display writes about two parts of a job."""
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=120, quiet=quiet)
    with ProgressDisplay(console=console, every=every) as display:
        for done in range(1, 4):
            display.follow("files [core]", done, 3, f"passed {done}")
        assert list(display.track("ab", "letters")) == ["a", "b"]
        display.of("rows")(5, 9)
    return text.getvalue()


def test_a_terminal_shows_a_bar_for_each_part() -> None:
    text = shown(terminal=True)
    for words in ("files [core]", "3/3", "passed 3", "letters", "2/2", "rows", "5/9"):
        assert words in text


def test_a_log_gets_a_line_now_and_then() -> None:
    lines = ["files [core]: 1 of 3, passed 1", "files [core]: 2 of 3, passed 2", "files [core]: 3 of 3, passed 3"]
    assert shown(terminal=False).splitlines() == [*lines, "letters: 1 of 2", "letters: 2 of 2", "rows: 5 of 9"]
    assert shown(terminal=False, every=3600) == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_quiet_display_shows_nothing(terminal: bool) -> None:
    assert shown(terminal, quiet=True).strip() == ""


def test_a_job_that_fails_leaves_no_bar_behind() -> None:
    display = ProgressDisplay(console=Console(file=io.StringIO(), force_terminal=True))
    with pytest.raises(ValueError, match="broken"), display:
        raise ValueError("broken")
    display.stop()  # twice is as good as once
