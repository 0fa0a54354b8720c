"""``codegym train codedpo``: every stage, alone and together, stops, goes on, refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from agents import CodeDPO, cli
from agents.codedpo.data.pairing import PairSet
from agents.codedpo.data.pairs import Preference, read_pairs
from agents.codedpo.data.pipeline import PairPipeline

pytestmark = pytest.mark.slow

DATA = os.environ.get("CODEGYM_DATA", "CODEGYM_DATA is not set")
TASKS = 6


def sample_row(i: int) -> dict[str, Any]:
    """Two right programs, a wrong one, one that does not compile; four right tests and a wrong one."""
    return {
        "task_id": f"add/{i}",
        "prompt": f"Write f(x) that adds {i}.\n",
        "entry_point": "f",
        "completions": [
            f"def f(x):\n    return x + {i}\n",
            f"def f(x):\n    y = {i} + x\n    return y\n",
            f"def f(x):\n    return x * {i + 2} - 1\n",
            "def f(x) return x\n",
        ],
        "test_texts": [f"assert f({x}) == {x + i}\n" for x in range(4)] + ["assert f(0) == -1\n"],
    }


@pytest.fixture
def arguments(tmp_path: Path, model_folder: Callable[[str], Path]) -> list[str]:
    samples = tmp_path / "samples.jsonl"
    samples.write_text("".join(json.dumps(sample_row(i)) + "\n" for i in range(TASKS)))
    named = {
        "--model": model_folder("qwen2"),
        "--samples": samples,
        "--run-dir": tmp_path / "run",
        "--epochs": 4,
        "--batch-size": 2,
        "--save-every": 1,
        "--max-new-tokens": 8,
        "--kinds": "correctness",
        "--seed": 3,
        "--device": "cpu",
    }
    return ["train", "codedpo", *(str(part) for pair in named.items() for part in pair), "--json"]


def ran(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert cli.main(arguments) == cli.GOOD
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def weights(checkpoint: str | Path) -> torch.Tensor:
    agent = CodeDPO.load(checkpoint, device="cpu")
    return torch.cat([parameter.detach().flatten() for parameter in agent.policy.model.parameters()])


def test_all_stages_at_once_and_one_by_one(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = ran([*arguments, "--run-dir", str(tmp_path / "whole")], capsys)
    assert (whole["problems"], whole["programs"], whole["cells"]) == (TASKS, 4 * TASKS, 20 * TASKS)
    assert (whole["pairs"], whole["trained"], whole["pairs_learned_from"]) == (TASKS, TASKS, 4 * TASKS)
    assert whole["optimizer_steps"] == 4 * TASKS // 2
    assert whole["finished"]
    for pair in read_pairs(tmp_path / "whole" / "pairs.jsonl"):
        assert "x *" not in pair.chosen
        assert pair.rejected == "def f(x) return x\n"
        assert pair.error == "SyntaxError: expected ':'"
        assert pair.rejected[pair.error_start : pair.error_end] == "return"
    assert (tmp_path / "whole" / "model" / "config.json").exists()

    go_on = ["train", "codedpo", "--run-dir", str(tmp_path / "run"), "--resume", "--json", "--device", "cpu"]
    first = ran([*arguments, "--until", "sampling"], capsys)
    assert (first["stage"], first["programs"]) == ("sampling", 4 * TASKS)
    assert ran([*go_on, "--until", "matrix"], capsys)["cells"] == 20 * TASKS
    assert ran([*go_on, "--until", "pairs"], capsys)["pairs"] == TASKS
    assert not (tmp_path / "run" / "latest.zip").exists()
    last = ran(go_on, capsys)
    assert last["pairs_learned_from"] == whole["pairs_learned_from"]
    assert torch.equal(weights(last["checkpoint"]), weights(whole["checkpoint"]))


def test_pairs_of_your_own(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"prompt": "p\n", "chosen": "a = 1\n", "rejected": "a = 2\n"},
        {"prompt": "p\n", "chosen": "a = 1\n", "rejected": "a = 1\n"},
        {"prompt": "p\n", "chosen": "a = 1\n" * 200 + "b", "rejected": "a = 1\n" * 200 + "c"},
    ]
    mine = tmp_path / "mine.jsonl"
    mine.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = ran([*arguments, "--pairs", str(mine)], capsys)
    assert (found["trained"], found["skipped_identical"], found["skipped_difference_cut"]) == (1, 1, 1)
    assert found["pairs_learned_from"] == 4


def test_complaints(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def complaint(*more: str) -> str:
        assert cli.main([*arguments, *more]) == cli.BAD_INPUT
        said: str = json.loads(capsys.readouterr().err.splitlines()[-1])["message"]
        return said

    assert "no run to resume" in complaint("--resume")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"prompt": "p", "chosen": "a"}\n')
    assert f"{bad}:1: rejected is missing" in complaint("--pairs", str(bad), "--run-dir", str(tmp_path / "a"))
    row = sample_row(0)
    bad.write_text(json.dumps({**row, "test_texts": ["assert f("]}) + "\n" + json.dumps({**row, "prompt": None}) + "\n")
    no_pair = complaint("--samples", str(bad), "--run-dir", str(tmp_path / "b"))
    assert "no pair came of 1 problems. correctness: 1 no_test." in no_pair
    ran(arguments, capsys)
    assert "--resume" in complaint()  # the run is there: nothing is overwritten


def test_lines_of_samples_that_are_left_out_are_named(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "samples.jsonl"
    bad = ['{"task_id": 3}', "{", *['{"task_id": "a", "prompt": "p"}'] * 12]
    with file.open("a") as out:
        out.write("".join(f"{line}\n" for line in bad))
    assert cli.main([*arguments, "--until", "matrix"]) == cli.GOOD
    told = capsys.readouterr()
    assert json.loads(told.out)["lines_left_out"] == len(bad)
    said = [line for line in told.err.splitlines() if line.startswith("left out")]
    assert said[0] == f"left out: {file}:{TASKS + 1}: task_id must be a text, got int."
    assert said[1].startswith(f"left out: {file}:{TASKS + 2}: not JSON")
    assert said[2] == f"left out: {file}:{TASKS + 3}: completions must be a list of texts, got nothing."
    assert said[-1] == "left out: 4 more lines"
    assert len(said) == 11


def test_programs_and_tests_in_two_files(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    programs, tests = tmp_path / "samples.jsonl", tmp_path / "tests.jsonl"
    head = "def double(x):\n"
    written = ["    return 2 * x\n", "    return x + x\n", "    return x + 1\n"]
    programs.write_text(json.dumps({"prompt": head, "samples": written}) + "\n")
    tests.write_text(json.dumps({"prompt": head + "    pass\n\nassert ", "samples": ["double(2) == 4\n"]}) + "\n{\n")
    two = ["--tests", str(tests)]
    assert cli.main([*arguments, *two, "--until", "matrix"]) == cli.GOOD
    told = capsys.readouterr()
    assert f"left out: {tests}:2: not JSON" in told.err
    found = json.loads(told.out)
    assert (found["problems"], found["programs"], found["cells"], found["lines_left_out"]) == (1, 3, 3, 1)
    settings = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert settings["tests"] == str(tests)
    go_on = ["train", "codedpo", "--run-dir", str(tmp_path / "run"), "--resume", "--json", "--device", "cpu"]
    assert ran([*go_on, "--until", "pairs"], capsys)["pairs"] == 1


def test_tests_go_with_samples(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["train", "codedpo", "--run-dir", str(tmp_path), "--tests", "t.jsonl"]) == cli.BAD_INPUT
    assert "--tests" in (said := capsys.readouterr().err)
    assert "--samples" in said


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_resumes_to_the_same_numbers(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], how: signal.Signals
) -> None:
    arguments = [*arguments, "--epochs", "10", "--save-every", "3"]
    whole = ran([*arguments, "--run-dir", str(tmp_path / "whole")], capsys)
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}  # other threads round otherwise
    process = subprocess.Popen([sys.executable, "-m", "agents.cli", *arguments], env=environment)
    latest = tmp_path / "run" / "latest.zip"
    deadline = time.monotonic() + 120
    while not latest.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(how)
    process.wait(60)
    resumed = ran(
        ["train", "codedpo", "--run-dir", str(tmp_path / "run"), "--resume", "--json", "--device", "cpu"], capsys
    )
    assert resumed["pairs_learned_from"] == whole["pairs_learned_from"] == 10 * TASKS
    assert torch.equal(weights(latest), weights(whole["checkpoint"]))


@pytest.mark.filterwarnings("ignore:A prompt of .* tokens was cut:UserWarning")  # their context is 256 tokens
@pytest.mark.parametrize("kind", ["t5", "codegen", "qwen2"])
def test_random_models_write_rank_and_learn_on_mbpp(
    kind: str, model_folder: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What random weights write is no test: all stages run, and say why no pair came of it; pairs do teach them."""
    if not Path(DATA).is_dir():
        pytest.skip(f"MBPP's files are needed: set CODEGYM_DATA ({DATA} is none)")
    settings = ["--model", str(model_folder(kind)), "--suite", "mbpp", "--data-dir", DATA, "--device", "cpu"]
    small = ["--problems", "3", "--programs", "3", "--test-texts", "2", "--max-new-tokens", "16"]
    arguments = ["train", "codedpo", *settings, *small, "--json"]
    found = ran([*arguments, "--run-dir", str(tmp_path / "run"), "--until", "matrix"], capsys)
    assert (found["problems"], found["programs"], found["cells"]) == (3, 9, 0)
    go_on = ["train", "codedpo", "--run-dir", str(tmp_path / "run"), "--resume", "--json", "--device", "cpu"]
    assert cli.main(go_on) == cli.BAD_INPUT
    assert "3 no_test" in capsys.readouterr().err
    pairs = tmp_path / "mine.jsonl"
    pairs.write_text(json.dumps({"prompt": "add.\n", "chosen": "return a + b", "rejected": "return a"}) + "\n")
    learned = ran([*arguments, "--run-dir", str(tmp_path / "own"), "--pairs", str(pairs)], capsys)
    assert learned["optimizer_steps"] == 3


def test_the_record_of_a_run_names_the_suite_that_its_pairs_come_from(
    model_folder: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    problems = tmp_path / "own.jsonl"
    row = {
        "task_id": "own/0",
        "prompt": "Add 1.",
        "entry_point": "f",
        "tests": [{"type": "call", "args": [1], "expected": 2}],
    }
    problems.write_text(json.dumps(row) + "\n")
    made = PairSet(pairs=(Preference(prompt="p", chosen="return 1", rejected="return 2"),), tasks=1)
    monkeypatch.setattr(PairPipeline, "from_matrices", lambda *_: made)
    run, model = str(tmp_path / "run"), str(model_folder("qwen2"))
    few = ["--programs", "2", "--test-texts", "2", "--max-new-tokens", "8", "--device", "cpu", "--json"]
    arguments = ["train", "codedpo", "--run-dir", run, *few]
    ran([*arguments, "--model", model, "--suite", str(problems), "--epochs", "1"], capsys)
    problems.unlink()  # a checkpoint has its pairs: it goes on without the suite's files
    ran([*arguments, "--resume", "--epochs", "2"], capsys)
    records = [json.loads(path.read_text()) for path in sorted((tmp_path / "run").glob("CodeDPO_*/run.json"))]
    assert [(record["suite"], record["problems"]) for record in records] == [("own", 1)]
    assert records[0]["reward"] != ""
    assert records[0]["num_timesteps"] == 2


def test_a_run_with_a_checkpoint_takes_what_is_typed_or_refuses_it(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = ran([*arguments, "--epochs", "2"], capsys)
    latest, record = tmp_path / "run" / "latest.zip", tmp_path / "run" / "settings.json"
    go_on = ["train", "codedpo", "--run-dir", str(tmp_path / "run"), "--resume", "--json", "--device", "cpu"]
    before = latest.read_bytes(), record.read_bytes()
    for typed, names in (
        (["--method", "kto", "--temperature", "0.5"], ("method 'dpo'", "'kto'", "sampling.temperature 1.0")),
        (["--model", "nano", "--seed", "4"], ("model", "'nano'", "seed 3")),
        (["--kinds", "efficiency"], ("rules.kinds",)),
        (["--max-length", "100"], ("max_length 0",)),
        (["--batch-size", "3"], ("batch_size 2",)),
        (["--lora-rank", "4"], ("tuning.lora_rank 0",)),
    ):
        assert cli.main([*go_on, *typed]) == cli.BAD_INPUT
        said = json.loads(capsys.readouterr().err)["message"]
        assert all(name in said for name in names), said
        assert (latest.read_bytes(), record.read_bytes()) == before
    ran([*go_on, "--method", "dpo", "--seed", "3"], capsys)  # typed as it was
    last = ran(
        [*go_on, "--epochs", "3", "--learning-rate", "1e-6", "--beta", "0.3", "--norm-lr-multiplier", "7"], capsys
    )
    assert (first["pairs_learned_from"], last["pairs_learned_from"]) == (2 * TASKS, 3 * TASKS)
    agent = CodeDPO.load(latest, device="cpu")
    assert (agent.config.epochs, agent.config.learning_rate, agent.config.beta) == (3, 1e-6, 0.3)
    assert [group["multiplier"] for group in agent.optimizer.param_groups] == [1.0, 7.0]
    assert json.loads(record.read_text())["config"]["beta"] == 0.3


def test_an_unknown_suite_leaves_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "codedpo", "--suite", "cor", "--run-dir", str(tmp_path / "run")]) == cli.BAD_INPUT
    assert "Did you mean 'core'?" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_run_goes_into_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "codedpo", "--run-dir", __file__]) == cli.BAD_INPUT
    assert "--run-dir must be a folder to write into" in capsys.readouterr().err
