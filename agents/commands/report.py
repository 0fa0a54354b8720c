"""``codegym report``: runs and evaluations as one page to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import tyro

from agents.commands.options import Json
from agents.commands.output_paths import check_output_file
from agents.commands.terminal import note, say, say_json
from agents.report.page import notes, write_report
from agents.report.run import find_runs
from codegym.errors import InvalidSettingError


@dataclass(frozen=True)
class WriteReport:
    """Write one HTML file that shows runs and evaluations side by side; it opens without a network."""

    RENAMED: ClassVar[Mapping[str, str]] = {"samples": "max_programs"}

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN [RUN ...]")]
    """Folders of runs (`codegym train`, `codegym demo`, tensorboard_log=) and of evaluations (`evaluate --out`)."""
    out: Path | None = None
    """HTML file to write; without it, report.html in the first folder."""
    title: str | None = None
    """Title of the page; without it, the names of the folders."""
    max_programs: int = 5000
    """Programs to browse in the page, in all."""
    json: Json = False

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
        size = write_report(file, found, title, self.max_programs)
        remarks = notes(found)
        if self.json:
            names = [run.name for run in found]
            say_json({"file": str(file), "bytes": size, "runs": names, "notes": remarks})
            return 0
        for remark in remarks:
            note(f"note: {remark}")
        say(f"{len(found)} runs, {size / 1e6:.1f} MB: {file}")
        return 0
