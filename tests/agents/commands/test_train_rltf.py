"""``codegym train rltf``: runs, stops, resumes, refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from agents import cli
from agents.rltf import RLTF

pytestmark = pytest.mark.slow

ROWS = [
    {
        "task_id": f"p/{i}",
        "prompt": "Add 1.",
        "entry_point": "f",
        "difficulty": ["easy", "hard"][i % 2],
        "tests": [{"type": "call", "args": [1], "expected": 2}],
        "solutions": ["def f(x):\n    return x + 1\n"],
    }
    for i in range(4)
]


@pytest.fixture
def arguments(tmp_path: Path, model_folder: Callable[[str], Path]) -> list[str]:
    suite = tmp_path / "mine.jsonl"
    suite.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    named = {
        "--model": model_folder("qwen2"),
        "--suite": suite,
        "--run-dir": tmp_path / "run",
        "--completions": 18,
        "--save-every": 1,
        "--max-new-tokens": 4,
        "--problems-per-step": 2,
        "--samples-per-problem": 3,
        "--seed": 3,
        "--device": "cpu",
    }
    return ["train", "rltf", *(str(part) for pair in named.items() for part in pair)]


def test_it_trains_saves_and_goes_on(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*arguments, "--json"]) == cli.GOOD
    result = json.loads(capsys.readouterr().out)
    assert (result["completions"], result["optimizer_steps"]) == (18, 3)
    assert RLTF.load(result["checkpoint"]).num_timesteps == 18
    assert (tmp_path / "run" / "model" / "config.json").exists()
    assert json.loads((tmp_path / "run" / "settings.json").read_text())["config"]["problems_per_step"] == 2
    assert cli.main(arguments) == cli.BAD_INPUT  # the run is there: nothing is overwritten
    assert "--resume" in capsys.readouterr().err
    go_on = ["train", "rltf", "--run-dir", str(tmp_path / "run"), "--resume", "--json"]
    assert cli.main(go_on) == cli.GOOD
    assert json.loads(capsys.readouterr().out)["optimizer_steps"] == 3  # as long as it was begun: there is no more
    assert cli.main([*go_on, "--completions", "30", "--learning-rate", "0.5"]) == cli.GOOD
    assert json.loads(capsys.readouterr().out)["optimizer_steps"] == 5  # with the settings it was started with
    assert RLTF.load(result["checkpoint"]).config.learning_rate == 0.5  # but for those that are typed
    assert json.loads((tmp_path / "run" / "settings.json").read_text())["completions"] == 30
    assert cli.main([*go_on, "--seed", "4"]) == cli.BAD_INPUT  # nothing is left out in silence
    assert "seed 3 cannot become 4" in capsys.readouterr().err


def test_complaints(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*arguments, "--resume"]) == cli.BAD_INPUT
    assert "no run to resume" in capsys.readouterr().err
    assert cli.main([*arguments, "--suite", "humanevil"]) == cli.BAD_INPUT
    assert "humaneval" in capsys.readouterr().err
    assert cli.main([*arguments, "--completions", "0"]) == cli.BAD_INPUT
    assert "--completions must be at least 1, got 0" in capsys.readouterr().err
    assert cli.main([*arguments, "--run-dir", arguments[arguments.index("--suite") + 1]]) == cli.BAD_INPUT
    assert "--run-dir must be a folder to write into" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--learning-rat", "1"])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--model", "/nonexistent"], "/nonexistent"),
        (["--max-new-tokens", "0"], "--max-new-tokens must be at least 1"),
        (["--max-new-tokens", "100000"], "leaves no room for a prompt"),
        (["--dtype", "foo"], "dtype must be"),
        (["--dtype", "zeros"], "dtype must be"),
        (["--max-turns", "0"], "--max-turns must be"),
        (["--workers", "0"], "workers must be"),
        (["--save-every", "0"], "--save-every must be"),
        (["--device", "cuda:99"], "CUDA devices"),
        (["--device", "gpu"], "device must be"),
    ],
)
def test_bad_values_are_named(
    arguments: list[str], typed: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*arguments, *typed, "--json"]) == cli.BAD_INPUT
    said = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert words in said["message"]


def weights(agent: RLTF) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in agent.policy.model.parameters()])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_resumes_to_the_same_numbers(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], how: signal.Signals
) -> None:
    """Killed at some moment, a run goes on from its last checkpoint and ends where the uninterrupted one ends."""
    arguments = ["60" if part == "18" else part for part in arguments]
    whole = ["other" if part == str(tmp_path / "run") else part for part in arguments]
    whole[whole.index("other")] = str(tmp_path / "whole")
    assert cli.main([*whole, "--json"]) == cli.GOOD
    latest = tmp_path / "run" / "latest.zip"
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}  # others round otherwise
    process = subprocess.Popen([sys.executable, "-m", "agents.cli", *arguments, "--json"], env=environment)
    deadline = time.monotonic() + 60
    while not latest.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(how)
    process.wait(60)
    if how is signal.SIGINT:
        assert process.returncode in (cli.INTERRUPTED, cli.GOOD)
    capsys.readouterr()
    assert cli.main(["train", "rltf", "--run-dir", str(tmp_path / "run"), "--resume", "--json"]) == cli.GOOD
    assert json.loads(capsys.readouterr().out)["completions"] == 60
    resumed, reference = RLTF.load(latest), RLTF.load(tmp_path / "whole" / "latest.zip")
    assert torch.equal(weights(resumed), weights(reference))
    for ours, theirs in zip(resumed.buffer, reference.buffer, strict=True):
        assert ours.completion.text == theirs.completion.text
