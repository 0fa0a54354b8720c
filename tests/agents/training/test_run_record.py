from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stable_baselines3.common.callbacks import BaseCallback, ConvertCallback
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents.policy.policy import LMPolicy
from agents.rltf.rltf import RLTF
from agents.training.callbacks import StopAfter
from agents.training.run_folder import RUN, SAMPLES
from codegym.env import CodeSynthesisEnv

SMALL: dict[str, Any] = {"problems_per_step": 2, "samples_per_problem": 3}


@pytest.fixture
def folder(make_policy: Callable[[], LMPolicy], env: CodeSynthesisEnv, tmp_path: Path) -> Path:
    agent = RLTF(make_policy(), env, tensorboard_log=tmp_path, seed=3, fine_credit="line", **SMALL)
    agent.learn(12)
    return tmp_path / "RLTF_1"


def test_a_run_says_what_it_was(folder: Path) -> None:
    run = json.loads((folder / RUN).read_text())
    assert (run["status"], run["agent"], run["seed"]) == ("finished", "RLTF", 3)
    assert (run["num_timesteps"], run["total_timesteps"]) == (12, 12)
    assert run["config"]["samples_per_problem"] == 3
    assert run["model"]["parameters"] > 0
    assert set(run["versions"]) >= {"python", "codegym", "torch"}


def test_programs_are_kept_with_what_each_token_got(folder: Path) -> None:
    rows = [json.loads(line) for line in (folder / SAMPLES).read_text().splitlines()]
    assert len(rows) == 12
    assert {row["step"] for row in rows} == {6, 12}
    for row in rows:
        assert len(row["credit"]) == len(row["offsets"])
        assert len(row["tests"]) == 4
        start, end = row["offsets"][0]
        assert 0 <= start <= end <= len(row["completion"])
        if row["kind"] != "name_error":  # no place: every token gets the advantage alone
            assert np.allclose(row["credit"], row["advantage"], atol=1e-3) or row["scope"] == "global"
    first_rows = {row["task_id"]: row for row in reversed(rows)}
    assert all(row["prompt"] for row in first_rows.values())
    assert sum("prompt" in row for row in rows) == len(first_rows)


def test_a_run_that_breaks_off_says_so(
    make_policy: Callable[[], LMPolicy], env: CodeSynthesisEnv, tmp_path: Path
) -> None:
    class Breaks(BaseCallback):
        def _on_step(self) -> bool:
            raise RuntimeError("the power went out")

    agent = RLTF(make_policy(), env, tensorboard_log=tmp_path, seed=0, **SMALL)
    with pytest.raises(RuntimeError, match="power"):
        agent.learn(12, callback=Breaks())
    assert json.loads((tmp_path / "RLTF_1" / RUN).read_text())["status"] == "running"


def test_a_run_that_a_callback_stops_did_not_come_to_its_end(
    make_policy: Callable[[], LMPolicy], env: CodeSynthesisEnv, tmp_path: Path
) -> None:
    agent = RLTF(make_policy(), env, tensorboard_log=tmp_path, seed=0, **SMALL)
    agent.learn(12, callback=ConvertCallback(lambda *_: False))
    run = json.loads((tmp_path / "RLTF_1" / RUN).read_text())
    assert (run["status"], run["num_timesteps"], run["total_timesteps"]) == ("stopped", 6, 12)


def test_a_run_of_so_many_seconds_comes_to_its_end_when_they_have_passed(
    make_policy: Callable[[], LMPolicy], env: CodeSynthesisEnv, tmp_path: Path
) -> None:
    agent = RLTF(make_policy(), env, tensorboard_log=tmp_path, seed=0, **SMALL)
    agent.learn(1 << 40, callback=StopAfter(1e-9))
    run = json.loads((tmp_path / "RLTF_1" / RUN).read_text())
    assert (run["status"], run["num_timesteps"], run["total_timesteps"]) == ("finished", 6, 6)


def test_what_tensorboard_gets(folder: Path) -> None:
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    tags = events.Tags()
    assert "custom_scalars__config__" in tags["tensors"]
    assert "_hparams_/session_start_info" in events.summary_metadata
    assert "samples/program/text_summary" in tags["tensors"]
    assert "distribution/advantage" in tags["histograms"]
    assert {"rollout/success_rate", "reward/coarse"} <= set(tags["scalars"])
