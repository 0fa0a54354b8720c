"""``codegym report``: runs and evaluations as one page to look at."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from agents.commands.output_place import check_output_file
from agents.report.page import notes, write_report
from agents.report.run import find_runs
from codegym.errors import InvalidSettingError


@dataclass(frozen=True)
class Report:
    """Write one HTML file that shows runs and evaluations side by side; it opens without a network."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN [RUN ...]")]
    """Folders of runs (`codegym train`, `codegym demo`, tensorboard_log=) and of evaluations (`evaluate --out`)."""
    out: Path | None = None
    """The file; report.html in the first folder without it."""
    title: str | None = None
    """Of the page; the folders' names without it."""
    samples: int = 5000
    """Programs to browse, in all."""
    json: bool = False
    """Print one JSON document instead."""

    def run(self) -> int:
        """Writes the page; returns 0.

        Raises:
            InvalidSettingError: If no folder is named, or ``out`` is a folder.
            DataError: If a folder holds no run, or a file in it is damaged.
        """
        if not self.runs:
            raise InvalidSettingError("name at least one folder of a run or of an evaluation: codegym report RUN.")
        if self.out is not None:
            check_output_file("--out", self.out)
        found = [run for folder in self.runs for run in find_runs(folder)]
        file = self.out or self.runs[0] / "report.html"
        title = self.title or ", ".join(folder.resolve().name for folder in self.runs)
        size = write_report(file, found, title, self.samples)
        said = notes(found)
        if self.json:
            names = [run.name for run in found]
            print(json.dumps({"file": str(file), "bytes": size, "runs": names, "notes": said}))
            return 0
        for note in said:
            print(f"note: {note}", file=sys.stderr)
        print(f"{len(found)} runs, {size / 1e6:.1f} MB: {file}")
        return 0
