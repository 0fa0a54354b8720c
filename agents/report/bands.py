"""Runs that differ in their seed alone, as one curve with an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.report.run import Curve, ReportRun

# A curve on the page is some 600 pixels wide: more points cannot be seen, and make the page large.
_MOST_POINTS = 300


@dataclass(frozen=True, kw_only=True)
class Band:
    """A mean over seeds at each step, with its 95 % interval; the bounds are the mean where there is one seed only."""

    steps: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def to_dict(self) -> dict[str, list[float]]:
        """Returns it as plain data, rounded to what a screen can show."""
        return {name: [float(f"{value:.5g}") for value in values] for name, values in vars(self).items()}


def settings_of(run: ReportRun) -> dict[str, Any]:
    """Returns what a run's result depends on, by name, as texts; without the seed."""
    model = run.record.get("model", {})
    about = {name: run.record.get(name, "") for name in ("agent", "suite", "split", "max_turns", "reward")}
    words = {"model": Path(str(model.get("name", ""))).name, "max_new_tokens": model.get("max_new_tokens", "")}
    config = {name: value for name, value in run.record.get("config", {}).items() if name != "seed"}
    return {name: str(value) for name, value in {**about, **words, **config}.items()}


def groups_of(runs: Sequence[ReportRun]) -> list[list[int]]:
    """Returns the indices of runs that differ in their seed alone, by group; each evaluation is a group of its own."""
    groups: dict[Any, list[int]] = {}
    for index, run in enumerate(runs):
        alike = tuple(sorted(settings_of(run).items())) if run.record and not run.evaluations else index
        groups.setdefault(alike, []).append(index)
    return list(groups.values())


def group_name(runs: Sequence[ReportRun], group: Sequence[int], others: Sequence[Sequence[int]]) -> str:
    """Returns what tells a group from the others: the settings that differ, or the names of its runs."""
    first = runs[group[0]]
    if len(group) == 1 and not first.record:
        return first.name
    mine = settings_of(first)
    rivals = [settings_of(runs[other[0]]) for other in others if other is not group and runs[other[0]].record]
    names = [name for name in mine if mine[name] and any(rival.get(name) != mine[name] for rival in rivals)]
    differing = ", ".join(f"{name} {mine[name]}" for name in names[:3])
    seeds = f" ({len(group)} seeds)" if len(group) > 1 else ""
    return f"{differing or first.name}{seeds}"


def band(curves: Sequence[Curve]) -> Band:
    """Returns the mean of curves over the steps that all of them cover, with Student's 95 % interval over seeds.

    Args:
        curves: One curve for each seed, none of them empty.
    """
    first = max(curve[0][0] for curve in curves)
    last = min(curve[-1][0] for curve in curves)
    # Only steps that every seed has reached: where one is missing, the mean would jump.
    steps = np.unique([step for curve in curves for step, _ in curve if first <= step <= last])
    if not steps.size:  # they do not overlap: the longest stands for all
        return band([max(curves, key=len)])
    # Seeds may log at different steps: each curve is read between its own points.
    values = np.array([np.interp(steps, *np.array(curve, np.float64).T) for curve in curves])
    steps, values = _thinned(steps, values)
    mean, spread = values.mean(axis=0), np.zeros(values.shape[1])
    if len(curves) > 1:
        from scipy.stats import t

        # Student's t and not the normal distribution: with three seeds its interval is more than twice as wide.
        spread = t.ppf(0.975, len(curves) - 1) * values.std(axis=0, ddof=1) / np.sqrt(len(curves))
    return Band(steps=steps, mean=mean, low=mean - spread, high=mean + spread)


def bands(runs: Sequence[ReportRun], group: Sequence[int]) -> Mapping[str, Band]:
    """Returns a group's curves by key: of those that each of its runs has that has any."""
    begun = [runs[index].curves for index in group if runs[index].curves]
    shared = set.intersection(*map(set, begun)) if begun else set()
    return {key: band([curves[key] for curves in begun]) for key in sorted(shared)}


def flows(runs: Sequence[ReportRun], group: Sequence[int], label: str) -> dict[str, Band]:
    """Returns the shares of verdicts or kinds over time, mean over a group; where a share was not logged it was zero.

    Args:
        runs: All runs of the report.
        group: Indices of the runs of the group.
        label: ``"verdict"`` or ``"kind"``.
    """
    names = sorted({key for index in group for key in runs[index].curves if key.startswith(f"{label}/")})
    filled = [_filled(runs[index], names) for index in group if runs[index].curves]
    return {key.removeprefix(f"{label}/"): band([curves[key] for curves in filled]) for key in names}


def _filled(run: ReportRun, names: Sequence[str]) -> dict[str, Curve]:
    # Verdicts that a step did not see are not in its row: their share was zero.
    steps = sorted({step for key in names for step, _ in run.curves.get(key, [])}) or [0.0]
    values = {key: dict(run.curves.get(key, [])) for key in names}
    return {key: [(step, values[key].get(step, 0.0)) for step in steps] for key in names}


def _thinned(
    steps: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means over neighbouring steps, where there are more than a screen can show."""
    size = -(-len(steps) // _MOST_POINTS)
    if size == 1:
        return steps, values
    starts = np.arange(0, len(steps), size)
    counts = np.diff([*starts, len(steps)])
    return np.add.reduceat(steps, starts) / counts, np.add.reduceat(values, starts, axis=1) / counts
