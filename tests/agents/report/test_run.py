from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.report.run import find_runs, read_curves
from codegym.errors import DataError

MakeRun = Callable[..., Path]


def test_a_run_is_read_whole(make_run: MakeRun) -> None:
    [run] = find_runs(make_run("mine"))
    assert run.name == "mine"
    assert run.curves["rollout/success_rate"] == [(8, 0.25), (16, 0.5)]
    assert run.curves["kind/name_error"] == [(16, 0.5)]
    assert [sample.step for sample in run.samples()] == [8, 16]
    assert run.problems() == ()


def test_runs_below_a_folder_are_found_in_their_order(make_run: MakeRun) -> None:
    for number in (1, 2, 10):
        make_run(f"all/RLTF_{number}")
    assert [run.name for run in find_runs(make_run("all/other").parent)] == [
        "all/RLTF_1",
        "all/RLTF_2",
        "all/RLTF_10",
        "all/other",
    ]


def test_a_run_that_went_on_counts_each_step_once(make_run: MakeRun) -> None:
    folder = make_run("mine", curve=[(8, 0.1), (16, 0.2), (24, 0.9)])
    (folder / "progress_16.csv").write_text("time/total_timesteps,rollout/success_rate\n24,0.3\n32,0.4\n40,0.")
    curves = read_curves(folder)
    assert curves["rollout/success_rate"] == [(8, 0.1), (16, 0.2), (24, 0.3), (32, 0.4), (40, 0.0)]
    assert curves["verdict/pass"] == [(8, 0.1), (16, 0.2)]  # what was written after the checkpoint is another future


def test_what_a_kill_cut_off_is_left_out(make_run: MakeRun) -> None:
    folder = make_run("mine", status="running")
    with (folder / "samples.jsonl").open("a") as file:
        file.write('{"step": 24, "comp')
    with (folder / "progress.csv").open("a") as file:
        file.write("24,0.7")
    [run] = find_runs(folder)
    assert len(list(run.samples())) == 2
    assert run.curves["rollout/success_rate"][-1] == (16, 0.5)
    assert run.problems() == ("mine did not come to its end: it was killed, or still runs, at timestep 16.",)


def test_folders_without_a_run_are_refused(tmp_path: Path, make_run: MakeRun) -> None:
    with pytest.raises(DataError, match="there is no folder"):
        find_runs(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"holds no run: looked for progress\*\.csv"):
        find_runs(tmp_path / "empty")
    (tmp_path / "empty" / "core.jsonl.partial").write_text("{}\n{}\n")
    with pytest.raises(DataError, match=r"has 2 programs; run the same command again"):
        find_runs(tmp_path / "empty")
    folder = make_run("damaged")
    (folder / "samples.jsonl").write_text("nonsense\n")
    with pytest.raises(DataError, match=r"samples\.jsonl:1: not JSON"):
        list(find_runs(folder)[0].samples())


def test_a_run_of_an_older_version_still_has_its_curves(make_run: MakeRun) -> None:
    folder = make_run("old")
    (folder / "run.json").unlink()
    (folder / "samples.jsonl").unlink()
    [run] = find_runs(folder)
    assert run.curves["rollout/success_rate"]
    assert list(run.samples()) == []
    assert "has no run.json" in run.problems()[0]
    assert json.dumps(run.record) == "{}"
