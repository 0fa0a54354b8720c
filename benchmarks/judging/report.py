"""Writes a benchmark's result as JSON (for machines) and as a page (for people), side by side in ``results/``."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from judging.machine import Machine

RESULTS = Path(__file__).resolve().parents[1] / "results"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table with a title and remarks."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()

    def markdown(self) -> str:
        """The sheet as Markdown."""
        lines = [f"## {self.title}", "", "| " + " | ".join(self.columns) + " |"]
        lines += ["|" + "---|" * len(self.columns), *("| " + " | ".join(row) + " |" for row in self.rows), ""]
        return "\n".join([*lines, *self.remarks, ""])

    def show(self, console: Console) -> None:
        """Prints the sheet."""
        table = Table(*self.columns, title=self.title, title_justify="left")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        for remark in self.remarks:
            console.print(remark, highlight=False)


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that one run found out."""

    name: str
    command: str
    machine: Machine
    sheets: Sequence[Sheet]
    data: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Writes ``NAME.json`` and ``NAME.md``, without this machine's paths; returns the page's path."""
        folder.mkdir(parents=True, exist_ok=True)
        command = " ".join("PATH" if part.startswith("/") else part for part in self.command.split())
        record = {"machine": asdict(self.machine), "command": command, **self.data}
        _write(folder / f"{self.name}.json", json.dumps(record, indent=1) + "\n")
        page = folder / f"{self.name}.md"
        head = f"# {self.name}\n\nRun: `{command}`\n\nMachine: {self.machine}.\n\n"
        _write(page, head + "\n".join(sheet.markdown() for sheet in self.sheets))
        return page


def _write(path: Path, text: str) -> None:
    beside = path.with_suffix(path.suffix + ".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
