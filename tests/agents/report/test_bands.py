from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agents.report.bands import band, bands, flows, group_name, groups_of
from agents.report.run import find_runs

MakeRun = Callable[..., Path]


def test_the_interval_over_seeds_by_hand() -> None:
    found = band([[(0, 1.0), (10, 2.0)], [(0, 3.0), (10, 2.0)], [(5, 2.0), (10, 2.0)]])
    assert found.steps.tolist() == [5, 10]  # where all have come to, each step that any of them logged
    assert found.mean.tolist() == pytest.approx([2.0, 2.0])
    # at 5: 1.5, 2.5 and 2.0, a deviation of 0.5; Student's t with two degrees of freedom is 4.3027
    assert found.high[0] - 2.0 == pytest.approx(4.302653 * 0.5 / np.sqrt(3), abs=1e-6)
    assert found.low[1] == found.high[1] == 2.0


def test_one_seed_has_no_interval() -> None:
    found = band([[(0, 1.0), (1, 2.0)]])
    assert found.low.tolist() == found.mean.tolist() == found.high.tolist() == [1.0, 2.0]


def test_long_curves_are_thinned_without_moving_their_mean() -> None:
    curve = [(float(step), float(step % 7)) for step in range(1200)]
    found = band([curve])
    assert len(found.steps) == 300
    assert found.mean.mean() == pytest.approx(np.mean([value for _, value in curve]))


def test_runs_that_differ_in_their_seed_alone_are_one_group(make_run: MakeRun) -> None:
    make_run("a/1", seed=0)
    make_run("a/2", seed=1, curve=[(8, 0.75), (16, 1.0)])
    runs = find_runs(make_run("a/3", learning_rate=0.2).parent)
    groups = groups_of(runs)
    assert groups == [[0, 1], [2]]
    assert [group_name(runs, group, groups) for group in groups] == ["learning_rate 0.1 (2 seeds)", "learning_rate 0.2"]


def test_settings_that_a_run_does_not_have_are_not_named(make_run: MakeRun) -> None:
    make_run("a/1", suite="")
    runs = find_runs(make_run("a/2", method="dpo").parent)
    groups = groups_of(runs)
    assert [group_name(runs, group, groups) for group in groups] == ["a/1", "suite core, method dpo"]


def test_what_was_not_logged_was_zero(make_run: MakeRun) -> None:
    runs = find_runs(make_run("a"))
    kinds = flows(runs, [0], "kind")
    assert kinds["name_error"].mean.tolist() == [0.5]
    verdicts = flows(runs, [0], "verdict")
    assert verdicts["pass"].mean.tolist() == [0.25, 0.5]


def test_a_run_that_has_only_begun_does_not_take_the_others_curves(make_run: MakeRun) -> None:
    make_run("a/1")
    begun = make_run("a/2", seed=1)
    (begun / "progress.csv").write_text("")
    runs = find_runs(begun.parent)
    assert groups_of(runs) == [[0, 1]]
    assert bands(runs, [0, 1])["rollout/success_rate"].mean.tolist() == [0.25, 0.5]
    assert flows(runs, [0, 1], "verdict")["pass"].mean.tolist() == [0.25, 0.5]
