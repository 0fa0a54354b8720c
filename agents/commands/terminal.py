"""Where commands print, and how they show that judging goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

OUT = Console(highlight=False)
"""Standard output; wide where it is no terminal, so that no line is broken."""
if not OUT.is_terminal:
    OUT = Console(highlight=False, width=200)
ERR = Console(stderr=True, highlight=False)
"""Standard error."""


@contextmanager
def judging_bar(title: str) -> Iterator[Any]:
    """Yields what is to be told how many programs are judged, of how many."""
    if not ERR.is_terminal:
        yield lambda done, total: _print_tenth(title, done, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ERR, transient=True) as progress:
        task = progress.add_task(title.replace("[", r"\["), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _print_tenth(title: str, done: int, total: int) -> None:
    """A line for each tenth, where there is no terminal to draw a bar on."""
    if total >= 100 and 10 * done // total > 10 * (done - 1) // total:
        ERR.print(f"{title}: {done} of {total}", markup=False, soft_wrap=True)
