"""From rows to problems: all at once, with every fault of a file in one error, or one by one on demand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar, overload

from codegym.errors import DataError, InvalidProblemError
from codegym.problem import Problem
from envs_registry.lazy_rows import LazyRow, rows_of
from envs_registry.rows import Row, read_rows

_SHOWN_FAULTS = 20  # of a file with thousands, the first say what is wrong
# Problems that a lazy suite keeps built: an epoch over a small suite builds each once, a large one stays on disk.
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

    # An exception pickles as its message; worker processes must hand on the parts that it was made of.
    def __reduce__(self) -> tuple[type[FaultyRowsError], tuple[tuple[DataError, ...], Sequence[Problem]]]:
        return type(self), (self.faults, self.problems)


def build_all(paths: Iterable[Path], problem_of_row: Callable[[Row], Problem | None]) -> LazyProblems:
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
        # The first row keeps the id; a later one is at fault, and its message says where the first is.
        if problem is not None and seen.setdefault(problem.task_id, row) is not row:
            row.fail(f"the task id {problem.task_id!r} is already used in {seen[problem.task_id].location}.")
        return problem

    def located(problems: Sequence[Problem]) -> LazyProblems:
        locations = tuple(seen[problem.task_id].location for problem in problems)
        return LazyProblems((problem.task_id for problem in problems), _Built(tuple(problems), locations), kept=0)

    try:
        return located(build_each(_of_files(paths, read_rows, faults), build, faults))
    except FaultyRowsError as error:
        raise FaultyRowsError(error.faults, located(error.problems)) from None


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
    """Returns the problem of a row; what makes no problem is a fault of the row, named by its location."""
    try:
        problem = problem_of_row(row)
    except InvalidProblemError as error:
        row.fail(str(error))
    return problem


def _of_files(
    paths: Iterable[Path], read: Callable[[Path, list[DataError]], Iterator[T]], faults: list[DataError]
) -> Iterator[T]:
    for path in paths:
        # A file that cannot be read at all is one fault; the rows of the others are still worth reading.
        try:
            yield from read(path, faults)
        except DataError as fault:
            faults.append(fault)


class ProblemBuilder(Protocol):
    """Builds problems one by one."""

    def __call__(self, index: int) -> Problem:
        """Returns the problem at an index."""

    def row_location(self, index: int) -> str:
        """Returns file and line, or the folder, that the problem is built from."""


class LazyProblems(Sequence[Problem]):
    """Problems whose ids are known and that are built on demand.

    Args:
        task_ids: Their ids, in order.
        build: Builds the problem at an index and knows its location.
        kept: How many built problems are kept; 0 where others keep them.
    """

    def __init__(self, task_ids: Iterable[str], build: ProblemBuilder, kept: int = _KEPT) -> None:
        self.task_ids = tuple(task_ids)
        self._build, self._most = build, kept
        self._kept: OrderedDict[int, Problem] = OrderedDict()

    def __len__(self) -> int:
        return len(self.task_ids)

    @overload
    def __getitem__(self, index: int) -> Problem: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Problem]: ...
    def __getitem__(self, index: int | slice) -> Problem | Sequence[Problem]:
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        index = range(len(self))[index]
        problem = self._kept.get(index)
        if problem is None:
            problem = self._kept[index] = self._build(index)
            while len(self._kept) > self._most:
                # The oldest goes first: episodes draw at random, so that it hardly matters which.
                self._kept.popitem(last=False)
        return problem

    def row_location(self, index: int) -> str:
        """Returns file and line, or the folder, that a problem is built from."""
        return self._build.row_location(index)


@dataclass(frozen=True)
class _Built:
    problems: tuple[Problem, ...]
    locations: tuple[str, ...]  # not the rows: their fields would stay in memory, and travel to every worker process

    def __call__(self, index: int) -> Problem:
        return self.problems[index]

    def row_location(self, index: int) -> str:
        return self.locations[index]


@dataclass(frozen=True)
class RowBuilder:
    """Builds a problem from its row, which is read again for it."""

    rows: tuple[LazyRow, ...]
    problem_of_row: Callable[[Row], Problem]

    def __call__(self, index: int) -> Problem:
        """Returns the problem of a row."""
        return built(self.rows[index].read(), self.problem_of_row)

    def row_location(self, index: int) -> str:
        """Returns file and line of a row."""
        return self.rows[index].location


def build_lazily(
    paths: Iterable[Path],
    task_id: Callable[[Row], str],
    problem_of_row: Callable[[Row], Problem],
    keep: Callable[[Row], bool] | None = None,
) -> LazyProblems:
    """Returns the problems of the rows of some files, each built on demand.

    Args:
        paths: The files, in order.
        task_id: Returns the id of a row. Rows of Parquet files come without their lists here and for ``keep``.
        problem_of_row: Builds its problem.
        keep: Says whether a row belongs; None keeps all.

    Raises:
        FaultyRowsError: If lines are malformed, or rows have no id, or one that another has: all of them.
    """
    faults: list[DataError] = []
    found: dict[str, LazyRow] = {}
    for lazy, row in _of_files(paths, rows_of, faults):
        try:
            if keep is not None and not keep(row):
                continue
            name = task_id(row)
            if name in found:
                row.fail(f"the task id {name!r} is already used in {found[name].location}.")
            found[name] = lazy
        except DataError as fault:
            faults.append(fault)
    problems = LazyProblems(found, RowBuilder(tuple(found.values()), problem_of_row))
    if faults:
        raise FaultyRowsError(faults, problems)
    return problems
