"""How far long work is, on standard error: bars on a terminal, a line now and then elsewhere, nothing when quiet."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from time import monotonic
from types import TracebackType
from typing import Self, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

T = TypeVar("T")

SECONDS_BETWEEN_LINES = 30.0
"""How long a log that is no terminal is left without a line."""
# Variables that tqdm, huggingface_hub with transformers, and datasets read once, when they are imported.
_SWITCHES = ("TQDM_DISABLE", "HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS")


class ProgressDisplay:
    """Shows how far each part of a job is, while it is open.

    Args:
        quiet: Whether to show nothing.
        console: The console to write to; standard error without one.
        every: Seconds between two lines about a part, where the console is no terminal.
    """

    def __init__(
        self, quiet: bool = False, console: Console | None = None, every: float = SECONDS_BETWEEN_LINES
    ) -> None:
        self._console, self._every = console or Console(stderr=True, quiet=quiet, highlight=False), every
        words = TextColumn("{task.description}")
        note = TextColumn("{task.fields[note]}")
        # Transient: a finished bar leaves no line, so that what a command prints next stands alone.
        columns = (words, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), note)
        self._bars = Progress(*columns, console=self._console, transient=True)
        self._parts: dict[str, TaskID] = {}
        self._said: dict[str, float] = {}

    def follow(self, part: str, done: int, total: int, note: str = "") -> None:
        """Shows that this much of a part is done.

        Args:
            part: The name of the part; its bar appears when it is named first.
            done: Items that are done.
            total: Items of the part.
            note: What else is worth knowing, such as the share that passed.
        """
        if not self._console.is_terminal:
            self._say(part, done, total, note)
            return
        # Not all parts are known at the start: costs are measured once programs have been ranked, say.
        if part not in self._parts:
            # Suites are called `name[option=value]`, which rich would read as markup.
            self._parts[part] = self._bars.add_task(escape(part), total=total, note="")
        self._bars.update(self._parts[part], completed=done, total=total, note=escape(note))

    def of(self, part: str) -> Callable[[int, int], None]:
        """Returns a callback of one part, for functions that report how many items are done, of how many."""
        return lambda done, total: self.follow(part, done, total)

    def track(self, items: Iterable[T], part: str, total: int | None = None) -> Iterator[T]:
        """Yields the items, and shows how many have been taken.

        Args:
            items: The items, which may be made as they are taken.
            part: The name of the part.
            total: How many items there are; needed where they have no length.
        """
        total = len(items) if total is None and isinstance(items, Sized) else total or 0
        for done, item in enumerate(items, start=1):
            yield item
            self.follow(part, done, total)

    def _say(self, part: str, done: int, total: int, note: str) -> None:
        """Writes a line if the last one is long ago: a short job says nothing, and a log stays short."""
        now = monotonic()
        # The first call only starts the clock: a job of a few seconds needs no line.
        if now - self._said.setdefault(part, now) >= self._every:
            self._said[part] = now
            words = f"{part}: {done} of {total}{f', {note}' if note else ''}"
            self._console.print(words, markup=False, soft_wrap=True)

    def start(self) -> None:
        """Opens the display, where no ``with`` can: in a callback that is called at start and end."""
        if self._console.is_terminal:
            self._bars.start()

    def stop(self) -> None:
        """Closes the display."""
        if self._console.is_terminal:  # elsewhere, rich would add an empty line
            self._bars.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@contextmanager
def without_third_party_bars() -> Iterator[None]:
    """Silences the bars of libraries that are imported already, and of those that are imported meanwhile.

    A library that is first imported meanwhile stays silent. So enter it before the imports of a command.
    """
    before = {name: os.environ.get(name) for name in _SWITCHES}
    logging = sys.modules.get("transformers.utils.logging")
    shown = logging is not None and logging.is_progress_bar_enabled()
    os.environ.update(dict.fromkeys(_SWITCHES, "1"))
    if logging is not None:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        if logging is not None and shown:
            logging.enable_progress_bar()
