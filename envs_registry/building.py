"""From rows to problems: at once, with every fault of a file in one report, or one by one when asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, overload

from codegym.errors import DataError, InvalidProblemError
from codegym.problem import Problem
from envs_registry.lazy_rows import LazyRow, rows_of
from envs_registry.rows import Row, read_rows

_SHOWN_FAULTS = 20
_KEPT = 512

T = TypeVar("T")


class FaultyRowsError(DataError):
    """Some rows of a suite's files are at fault; the problems of the others are here for those who go on.

    Attributes:
        faults: What is wrong, each with file, line and id.
        problems: The problems of the sound rows.
    """

    def __init__(self, faults: Sequence[DataError], problems: Sequence[Problem]) -> None:
        self.faults, self.problems = tuple(faults), problems
        listed = "\n".join(f"  {fault}" for fault in self.faults[:_SHOWN_FAULTS])
        more = f"\n  ... and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
        whole = f"{len(faults)} rows are at fault ({len(problems)} are sound):\n{listed}{more}"
        super().__init__(str(self.faults[0]) if len(self.faults) == 1 else whole)

    def __reduce__(self) -> tuple[type[FaultyRowsError], tuple[tuple[DataError, ...], Sequence[Problem]]]:
        return type(self), (self.faults, self.problems)


class BuiltProblems(tuple[Problem, ...]):
    """Problems that know where their rows stand."""

    def __new__(cls, problems: Sequence[Problem], rows: Mapping[str, Row]) -> BuiltProblems:
        """Makes them of the problems and the rows by task id."""
        built = super().__new__(cls, problems)
        built._places = {problem.task_id: rows[problem.task_id].place for problem in problems}
        return built

    _places: dict[str, str]

    @property
    def task_ids(self) -> tuple[str, ...]:
        """The ids, in order."""
        return tuple(self._places)

    def row_place(self, place: int) -> str:
        """Returns the file and line of a problem's row."""
        return self._places[self[place].task_id]

    def __reduce__(self) -> tuple[Callable[[tuple[Problem, ...]], tuple[Problem, ...]], tuple[tuple[Problem, ...]]]:
        """Other processes need no places."""
        return tuple, (tuple(self),)


def build_all(paths: Iterable[Path], problem_of_row: Callable[[Row], Problem | None]) -> tuple[Problem, ...]:
    """Builds the problems of all rows of some files.

    Args:
        paths: The files, in order.
        problem_of_row: Returns a row's problem, or None for a row that does not belong.

    Raises:
        FaultyRowsError: If lines are malformed, fields missing or ids used twice: all of them, by file, line and id.
    """
    faults: list[DataError] = []
    seen: dict[str, Row] = {}

    def build(row: Row) -> Problem | None:
        problem = built(row, problem_of_row)
        if problem is not None and seen.setdefault(problem.task_id, row) is not row:
            row.fail(f"the task id {problem.task_id!r} stands already in {seen[problem.task_id].place}.")
        return problem

    try:
        return BuiltProblems(build_each(_rows(paths, faults), build, faults), seen)
    except FaultyRowsError as error:
        raise FaultyRowsError(error.faults, BuiltProblems(error.problems, seen)) from None


def build_each(
    items: Iterable[T], build: Callable[[T], Problem | None], faults: list[DataError] | None = None
) -> tuple[Problem, ...]:
    """Builds the problems of some rows, folders or files, and goes on where one is at fault.

    Args:
        items: What the problems are made of.
        build: Returns an item's problem, or None for one that does not belong.
        faults: Where those stand that come up while the items are read.

    Raises:
        FaultyRowsError: If items are at fault; all of them.
    """
    faults = [] if faults is None else faults
    problems: list[Problem] = []
    for item in items:
        try:
            problem = build(item)
        except DataError as fault:
            faults.append(fault)
        else:
            problems += [] if problem is None else [problem]
    if faults:
        raise FaultyRowsError(faults, tuple(problems))
    return tuple(problems)


def built(row: Row, problem_of_row: Callable[[Row], T]) -> T:
    """Returns the problem of a row; what makes no problem is a fault of the row, with its place."""
    try:
        problem = problem_of_row(row)
    except InvalidProblemError as error:
        row.fail(str(error))
    return problem


def _rows(paths: Iterable[Path], faults: list[DataError]) -> Iterator[Row]:
    for path in paths:
        try:
            yield from read_rows(path, faults)
        except DataError as fault:
            faults.append(fault)


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

    def row_place(self, place: int) -> str:
        """Returns where the problem's row (or folder) stands, "" where its builder does not know."""
        find: Callable[[int], str] | None = getattr(self._build, "row_place", None)
        return "" if find is None else find(place)


@dataclass(frozen=True)
class RowBuilder:
    """Builds the problem at a place from the row there."""

    table: RowTable
    places: tuple[int, ...]
    task_ids: tuple[str, ...]
    problem_of_row: Callable[[Row], Problem]

    def __call__(self, place: int) -> Problem:
        """Returns the problem at a place."""
        row = self.table.row(self.places[place])
        problem = built(row, self.problem_of_row)
        if problem.task_id != self.task_ids[place]:
            row.fail(f"its id is {problem.task_id!r}, and {self.task_ids[place]!r} at a glance. Write each field once.")
        return problem

    def row_place(self, place: int) -> str:
        """Returns where the problem's row stands."""
        return self.table.place(self.places[place])


class RowTable:
    """The rows of some files by number. Plain JSONL and Parquet files are not read before a row is asked for.

    Args:
        paths: The files, in order.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._rows: list[LazyRow] = []
        self._faults: list[DataError] = []
        for path in paths:
            try:
                self._rows.extend(rows_of(path, self._faults))
            except DataError as fault:
                self._faults.append(fault)

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, place: int) -> Row:
        """Returns a row.

        Raises:
            DataError: If it is malformed.
        """
        return self._rows[place].read()

    def place(self, place: int) -> str:
        """Returns file and line of a row."""
        return self._rows[place].place

    def peek(self, place: int, field: str) -> str:
        """Returns a short field as text, "" if absent, where possible without reading the row."""
        return self._rows[place].peek(field)

    def id(self, place: int, *fields: str) -> str:
        """Returns the first of these fields that the row has, where possible without reading it.

        Raises:
            DataError: If it has none, or is malformed.
        """
        found = next(filter(None, (self.peek(place, field) for field in fields)), "")
        if not found:
            self.row(place).fail(f"field {' or '.join(map(repr, fields))} is missing; expected the problem's id.")
        return found

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
            FaultyRowsError: If lines are malformed, or rows have no id, or one that another has: all of them.
        """
        faults = list(self._faults)
        places: dict[str, int] = {}
        for place in range(len(self)):
            try:
                if keep is not None and not keep(self, place):
                    continue
                name = task_id(self, place)
                if name in places:
                    where = self._rows[places[name]].place
                    raise DataError(f"{self._rows[place].place}: the task id {name!r} stands already in {where}.")
                places[name] = place
            except DataError as fault:
                faults.append(fault)
        builder = RowBuilder(self, tuple(places.values()), tuple(places), problem_of_row)
        problems = LazyProblems(places, builder)
        if faults:
            raise FaultyRowsError(faults, problems)
        return problems
