"""From rows to problems: at once, with every fault of a file in one report, or one by one when asked for."""

from __future__ import annotations

import mmap
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from codegym.errors import DataError
from codegym.problem import Problem
from envs_registry.rows import Row, read_rows, row_of_line

_SHOWN_FAULTS = 20
_PEEK = 4096
_KEPT = 512


def build_all(paths: Iterable[Path], problem_of_row: Callable[[Row], Problem | None]) -> tuple[Problem, ...]:
    """Builds the problems of all rows of some files.

    Args:
        paths: The files, in order.
        problem_of_row: Returns a row's problem, or None for a row that does not belong.

    Raises:
        DataError: If lines are malformed, fields missing or ids used twice; all of them, each with file, line and id.
    """
    faults: list[DataError] = []
    seen: dict[str, Row] = {}
    problems: list[Problem] = []
    for path in paths:
        for row in read_rows(path, faults):
            try:
                problem = problem_of_row(row)
                if problem is None:
                    continue
                if problem.task_id in seen:
                    row.fail(f"the task id {problem.task_id!r} stands already in {seen[problem.task_id].place}.")
                seen[problem.task_id] = row
                problems.append(problem)
            except DataError as fault:
                faults.append(fault)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        listed = "\n".join(f"  {fault}" for fault in faults[:_SHOWN_FAULTS])
        more = f"\n  ... and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
        raise DataError(f"{len(faults)} rows are at fault ({len(problems)} are sound):\n{listed}{more}")
    return tuple(problems)


class LazyProblems(Sequence[Problem]):
    """Problems whose ids are known and that are built when they are asked for.

    Args:
        task_ids: Their ids, in order.
        build: Returns the problem at a place.
    """

    def __init__(self, task_ids: Iterable[str], build: Callable[[int], Problem]) -> None:
        self.task_ids = tuple(task_ids)
        self._build = build
        self._kept: OrderedDict[int, Problem] = OrderedDict()

    def __len__(self) -> int:
        return len(self.task_ids)

    @overload
    def __getitem__(self, place: int) -> Problem: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Problem]: ...
    def __getitem__(self, place: int | slice) -> Problem | Sequence[Problem]:
        if isinstance(place, slice):
            return [self[i] for i in range(len(self))[place]]
        place = range(len(self))[place]
        problem = self._kept.get(place)
        if problem is None:
            problem = self._kept[place] = self._build(place)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return problem


@dataclass(frozen=True)
class RowBuilder:
    """Builds the problem at a place from the row there."""

    table: RowTable
    places: tuple[int, ...]
    problem_of_row: Callable[[Row], Problem]

    def __call__(self, place: int) -> Problem:
        """Returns the problem at a place."""
        return self.problem_of_row(self.table.row(self.places[place]))


class RowTable:
    """The rows of some files by number. Plain ``.jsonl`` files are only searched for line breaks, whatever their size.

    Args:
        paths: The files, in order.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._rows: list[Row | _Line] = []
        for path in paths:
            self._rows.extend(_lines_of(path) if path.suffix == ".jsonl" else read_rows(path))

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, place: int) -> Row:
        """Returns a row.

        Raises:
            DataError: If its line is not a JSON object.
        """
        row = self._rows[place]
        return row if isinstance(row, Row) else row.read()

    def peek(self, place: int, field: str) -> str:
        """Returns a short field as text, "" if absent; parses the row only where the field is far from its ends."""
        row = self._rows[place]
        if isinstance(row, _Line):
            for text in row.ends():
                match = re.search(rf'(?<!\\)"{field}":\s*(?:"((?:[^"\\]|\\.)*)"|([-\w.]+))', text)
                if match:
                    return match[1] if match[1] is not None else match[2]
            row = row.read()
        value = row.fields.get(field)
        return "" if value is None else str(value)

    def problems(
        self,
        task_id: Callable[[RowTable, int], str],
        problem_of_row: Callable[[Row], Problem],
        keep: Callable[[RowTable, int], bool] | None = None,
    ) -> LazyProblems:
        """Returns the problems of these rows, each built when it is asked for.

        Args:
            task_id: Returns the id of a row.
            problem_of_row: Builds its problem.
            keep: Says whether a row belongs; None keeps all.
        """
        places = tuple(place for place in range(len(self)) if keep is None or keep(self, place))
        return LazyProblems((task_id(self, place) for place in places), RowBuilder(self, places, problem_of_row))


@dataclass(frozen=True)
class _Line:
    """One line of a large file, by its place."""

    path: Path
    number: int
    start: int
    end: int

    def read(self) -> Row:
        return row_of_line(self.path, self.number, self._bytes(self.start, self.end))

    def ends(self) -> tuple[str, ...]:
        first = self._bytes(self.start, min(self.end, self.start + _PEEK)).decode(errors="replace")
        last = self._bytes(max(self.start, self.end - _PEEK), self.end).decode(errors="replace")
        return first, last

    def _bytes(self, start: int, end: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)


def _lines_of(path: Path) -> list[_Line]:
    try:
        if path.stat().st_size == 0:
            return []
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            lines: list[_Line] = []
            start = number = 0
            while start < len(content):
                number += 1
                end = content.find(b"\n", start)
                end = len(content) if end < 0 else end
                if content[start : min(end, start + 64)].strip():
                    lines.append(_Line(path, number, start, end))
                start = end + 1
            return lines
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
