"""Small random models of the paper's kinds and of today's, by the command line on MBPP: every feature once."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agents import cli
from agents.rltf import RLTF

pytestmark = pytest.mark.slow

DATA = os.environ.get("CODEGYM_DATA", "CODEGYM_DATA is not set")
SMALL = "--problems-per-step 2 --samples-per-problem 2 --completions 12 --max-new-tokens 6 --seed 3 --device cpu"
RUNS = {
    # today's estimators, adapters, repair turns
    "qwen2": "--lora-rank 2 --kl-coefficient 0.1 --mask-truncated "
    "--max-turns 2 --normalization sequence --temperature 0.9",
    # the paper's design; sizes that come after it are changes on top
    "codegen": "--paper --batch-size 4 --micro-batch-size 2 --refresh-every 4 --learning-rate 1e-4",
    # what is left over
    "t5": "--gradient-checkpointing --advantage greedy --reward static --fine-credit conserving --dtype bfloat16 "
    "--feedback coarse --buffer-size 8 --batch-size 4 --max-staleness 3",
}


@pytest.mark.skipif(not Path(DATA).is_dir(), reason="needs the benchmarks' files: set CODEGYM_DATA")
@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.filterwarnings("ignore:A prompt of:UserWarning")  # MBPP's are longer than these models' contexts
def test_a_random_model_trains_on_mbpp(
    kind: str, model_folder: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    named = f"--model {model_folder(kind)} --suite mbpp --data-dir {DATA} --run-dir {run} {SMALL} {RUNS[kind]} --json"
    assert cli.main(["train", "rltf", *named.split()]) == cli.GOOD, capsys.readouterr().err
    result = json.loads(capsys.readouterr().out)
    assert result["completions"] >= 12
    assert result["optimizer_steps"] >= 2
    with next(run.glob("*/progress.csv")).open() as file:
        rows = list(csv.DictReader(file))
    assert all(float(row["train/skipped_steps"]) == 0 for row in rows)
    assert all(float(row["train/gradient_norm"] or 0) >= 0 for row in rows)
    agent = RLTF.load(run / "latest.zip", device="cpu")
    assert agent.n_updates == result["optimizer_steps"]
    assert agent.predict({"prompt": "Add.", "feedback": "", "turn": 0})[0] is not None
    more = f"train rltf --run-dir {run} --completions 20 --resume --device cpu --json"
    assert cli.main(more.split()) == cli.GOOD, capsys.readouterr().err
    assert json.loads(capsys.readouterr().out)["completions"] >= 20
