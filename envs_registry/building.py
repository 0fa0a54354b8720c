"""From rows to problems: at once, with every fault of a file in one report, or one by one when asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from codegym.errors import DataError
from codegym.problem import Problem
from envs_registry.lazy_rows import LazyRow, rows_of
from envs_registry.rows import Row, read_rows

_SHOWN_FAULTS = 20
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
    """The rows of some files by number. Plain JSONL and Parquet files are not read before a row is asked for.

    Args:
        paths: The files, in order.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._rows: list[LazyRow] = []
        for path in paths:
            self._rows.extend(rows_of(path))

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, place: int) -> Row:
        """Returns a row.

        Raises:
            DataError: If it is malformed.
        """
        return self._rows[place].read()

    def peek(self, place: int, field: str) -> str:
        """Returns a short field as text, "" if absent, where possible without reading the row."""
        return self._rows[place].peek(field)

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

        Raises:
            DataError: If two rows have the same id.
        """
        places: dict[str, int] = {}
        for place in range(len(self)):
            if keep is not None and not keep(self, place):
                continue
            name = task_id(self, place)
            if name in places:
                where = self._rows[places[name]].place
                raise DataError(f"{self._rows[place].place}: the task id {name!r} stands already in {where}.")
            places[name] = place
        return LazyProblems(places, RowBuilder(self, tuple(places.values()), problem_of_row))
