"""What the folder of a run or of an evaluation holds, read for a report."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.codedpo.data.pairs import Preference, read_pairs
from agents.evaluation.efficiency import Efficiency
from agents.evaluation.evaluation import Evaluation
from agents.evaluation.folder import SUMMARY, EvaluationFolder
from agents.evaluation.samples import by_number
from agents.report.sample import ReportSample, evaluated_sample, learned_sample
from agents.training.run_folder import FINISHED, PAIRS, RUN, SAMPLES, STOPPED
from codegym.errors import DataError

Curve = list[tuple[float, float]]
"""Pairs of step and value, by step."""
_CURVES = "progress*.csv"
_STEP = "time/total_timesteps"


@dataclass(frozen=True, kw_only=True)
class ReportRun:
    """One run of an agent, or one evaluation."""

    name: str
    folder: Path
    record: Mapping[str, Any] = field(default_factory=dict)
    """``run.json``: settings, versions, status; empty for an evaluation or a run of an older version."""
    curves: Mapping[str, Curve] = field(default_factory=dict)
    """Every number of the log by its key."""
    evaluations: tuple[Evaluation, ...] = ()
    efficiencies: Mapping[tuple[str, ...], Efficiency] = field(default_factory=dict)
    """What the programs of two evaluations cost, by the keys of both, where that was measured."""

    @property
    def suites(self) -> tuple[str, ...]:
        """What it learned on, or was evaluated on."""
        learned = [str(self.record["suite"])] if self.record.get("suite") else []
        return tuple(dict.fromkeys([*learned, *(evaluation.suite for evaluation in self.evaluations)]))

    @property
    def seed(self) -> int | None:
        """The seed of everything random in it."""
        return self.record.get("seed")

    def samples(self) -> Iterator[ReportSample]:
        """Yields its programs in the order in which they were written."""
        if self.evaluations:
            for part, program in EvaluationFolder(self.folder).programs():
                yield evaluated_sample(program, part)
            return
        for row in _rows(self.folder / SAMPLES):
            yield learned_sample(row)

    def pairs(self) -> list[Preference]:
        """Returns the pairs that it learned from; none where it was no run on pairs."""
        file = self.folder / PAIRS
        return [] if self.evaluations or not file.is_file() else read_pairs(file)

    def problems(self) -> tuple[str, ...]:
        """What a reader must know about it."""
        notes = []
        status = self.record.get("status", FINISHED)
        if status != FINISHED:
            last = max((curve[-1][0] for curve in self.curves.values() if curve), default=0)
            how = "it was stopped" if status == STOPPED else "it was killed, or still runs,"
            notes.append(f"{self.name} did not come to its end: {how} at timestep {last:.0f}.")
        if not self.record and not self.evaluations:
            notes.append(f"{self.name} has no {RUN}: its settings and programs are not known.")
        return tuple(notes)


def find_runs(folder: Path) -> list[ReportRun]:
    """Returns the runs in a folder: itself, or those in the folders right below it.

    Raises:
        DataError: If there is none; the message says what was looked for.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}: name what `--run-dir`, `tensorboard_log=` or `--out` named.")
    folders = [folder, *sorted((path for path in folder.iterdir() if path.is_dir()), key=by_number)]
    found = [path for path in folders if (path / SUMMARY).is_file() or any(path.glob(_CURVES))]
    if not found:
        if any(folder.glob("*.partial")):
            # It raises an error that says how far the evaluation came.
            EvaluationFolder(folder).evaluations()
        raise DataError(
            f"{folder} holds no run: looked for {_CURVES} (of `codegym train`, `codegym demo` or tensorboard_log=) and "
            f"for {SUMMARY} (of `codegym evaluate --out`), there and one folder below."
        )
    return [read_run(path, folder) for path in found]


def read_run(folder: Path, root: Path) -> ReportRun:
    """Reads one run; its name is its folder's, as seen from the one that was named.

    Raises:
        DataError: If its ``run.json`` is damaged.
    """
    name = folder.name if folder == root else f"{root.name}/{folder.name}"
    if (folder / SUMMARY).is_file():
        found = EvaluationFolder(folder)
        evaluations = tuple(found.evaluations())
        return ReportRun(name=name, folder=folder, evaluations=evaluations, efficiencies=found.efficiencies())
    return ReportRun(name=name, folder=folder, record=_record(folder / RUN), curves=read_curves(folder))


def _record(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        return {}
    try:
        record = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise DataError(f"{file} is damaged: {error}. Remove it, and the report goes without it.") from error
    if not isinstance(record, dict):
        raise DataError(f"{file} is no record of a run: expected an object, got a {type(record).__name__}.")
    return record


def read_curves(folder: Path) -> dict[str, Curve]:
    """Reads the CSV files of a run; where it went on from a checkpoint, what is newer counts.

    A last line that a kill cut off is left out, and so is whatever is no number.
    """
    points: dict[str, dict[float, float]] = {}
    for file in sorted(folder.glob(_CURVES), key=by_number):
        with file.open(encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if None not in row and None not in row.values()]
        # A resumed run repeats the steps since its last checkpoint: the newer file replaces them.
        first = next((step for row in rows if (step := _number(row.get(_STEP))) is not None), math.inf)
        for curve in points.values():
            for step in [step for step in curve if step >= first]:
                del curve[step]
        for row in rows:
            step = _number(row.get(_STEP))
            for key, text in row.items():
                value = _number(text)
                if step is not None and value is not None and key != _STEP:
                    points.setdefault(key, {})[step] = value
    return {key: sorted(curve.items()) for key, curve in sorted(points.items()) if curve}


def _rows(file: Path) -> Iterator[Mapping[str, Any]]:
    if not file.is_file():
        return
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return  # a kill cut it off, or the run is writing it at this moment
            try:
                yield json.loads(line)
            except ValueError as error:
                raise DataError(f"{file}:{number}: not JSON ({error}).") from error


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
