"""Where the numbers of a run go: a folder for each run, and one file more for each part of a resumed run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents.training.run_log import log_settings, open_run_log
from agents.training.tensorboard_layout import ONLINE


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_without_a_folder_nothing_is_written(tmp_path: Path) -> None:
    log = open_run_log(None, "mine", verbose=0, num_timesteps=0)
    log.record("x", 1)
    log.dump(1)
    assert (log.dir, names(tmp_path)) == (None, [])


def test_every_new_run_gets_a_folder_and_a_resumed_one_stays_in_its_own(tmp_path: Path) -> None:
    for steps in (0, 0, 30):
        log = open_run_log(str(tmp_path), "mine", verbose=0, num_timesteps=steps)
        log.record("x", steps)
        log.dump(steps)
        log.close()
    assert names(tmp_path) == ["mine_1", "mine_2"]
    assert [name for name in names(tmp_path / "mine_2") if name.endswith("csv")] == ["progress.csv", "progress_30.csv"]


def test_verbose_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    log = open_run_log(None, "mine", verbose=1, num_timesteps=0)
    log.record("train/loss", 0.25)
    log.dump(1)
    assert "0.25" in capsys.readouterr().out


def test_settings_and_layout_reach_tensorboard(tmp_path: Path) -> None:
    log = open_run_log(str(tmp_path), "mine", verbose=0, num_timesteps=0, layout=ONLINE)
    log_settings(log, {"rate": 0.5, "group": {"size": 3}, "is_on": True}, ["train/loss"])
    log.dump(0)
    log.close()
    events = EventAccumulator(str(tmp_path / "mine_1"), size_guidance={"tensors": 0})
    events.Reload()
    assert "custom_scalars__config__" in events.Tags()["tensors"]
    assert "_hparams_/session_start_info" in events.summary_metadata
