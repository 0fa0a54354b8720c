"""An ordered, named, split collection of problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from codegym.errors import DataError, UnknownNameError
from codegym.problem import Problem
from codegym.sandbox.limits import Limits
from envs_registry.building import LazyProblems


class Suite(Sequence[Problem]):
    """An immutable sequence of problems that knows its name, its split and where it came from.

    Args:
        name: The suite's name in the catalogue, or any name for one's own.
        split: Which part of it this is.
        problems: The problems, in order. A sequence with a ``task_ids`` attribute (see ``envs_registry.building``) is
            kept as it is, so that large suites build each problem only when it is asked for; any other is copied.
        origin: Where the problems were read, for people.
        known_bad: Task ids that are broken in the published data, with the reason.
        packages: What the benchmark lets programs import beyond the standard library.

    Raises:
        DataError: If two problems have the same task id.
    """

    def __init__(
        self,
        name: str,
        split: str,
        problems: Sequence[Problem],
        *,
        origin: str = "",
        known_bad: Mapping[str, str] | None = None,
        packages: Collection[str] = (),
    ) -> None:
        # Copying a lazy sequence would build every problem.
        self._problems = problems if hasattr(problems, "task_ids") else tuple(problems)
        self.name, self.split, self.origin = name, split, origin
        self.task_ids: tuple[str, ...] = getattr(problems, "task_ids", None) or tuple(p.task_id for p in self._problems)
        self._index = {task_id: index for index, task_id in enumerate(self.task_ids)}
        if len(self._index) < len(self.task_ids):
            twice = Counter(self.task_ids).most_common(1)[0][0]
            raise DataError(f"suite {name!r}: task id {twice!r} occurs more than once; ids must be unique.")
        self.known_bad = {task_id: why for task_id, why in (known_bad or {}).items() if task_id in self._index}
        self.packages = tuple(packages)

    def __len__(self) -> int:
        return len(self.task_ids)

    @overload
    def __getitem__(self, index: int) -> Problem: ...
    @overload
    def __getitem__(self, index: slice) -> Suite: ...
    def __getitem__(self, index: int | slice) -> Problem | Suite:
        if isinstance(index, slice):
            return self.at(range(len(self))[index])
        return self._problems[index]

    def __iter__(self) -> Iterator[Problem]:
        # By index, so that a lazy sequence builds one problem at a time.
        return (self._problems[index] for index in range(len(self)))

    def __contains__(self, item: object) -> bool:
        """Says whether a task id, or a problem with that id, is in the suite."""
        return (item.task_id if isinstance(item, Problem) else item) in self._index

    def __repr__(self) -> str:
        return f"Suite({self.name!r}, split={self.split!r}, {len(self)} problems)"

    def row_location(self, index: int) -> str:
        """Returns the file and line that the problem at an index was read from, "" where that is not known."""
        return _row_location(self._problems, index)

    def by_id(self, task_id: str) -> Problem:
        """Returns the problem of this id.

        Raises:
            UnknownNameError: If there is none; the message offers close ids.
        """
        return self._problems[self._index_of(task_id)]

    def _index_of(self, task_id: str) -> int:
        if task_id not in self._index:
            raise UnknownNameError(f"task of suite {self.name!r} (split {self.split!r})", task_id, self.task_ids)
        return self._index[task_id]

    def at(self, indices: Iterable[int]) -> Suite:
        """Returns the suite of the problems at these indices, in this order."""
        indices = tuple(indices)
        # Nothing is built here, and nothing is kept twice: the sequence that is selected from keeps what it has built.
        task_ids = (self.task_ids[index] for index in indices)
        return self._like(LazyProblems(task_ids, _Selected(self._problems, indices), kept=0))

    def filter(
        self,
        *,
        ids: Collection[str] | None = None,
        difficulties: Collection[str] | None = None,
        tags: Collection[str] | None = None,
        max_prompt_characters: int | None = None,
        where: Callable[[Problem], bool] | None = None,
    ) -> Suite:
        """Returns the problems that meet every condition given, in their order.

        Args:
            ids: Task ids to keep.
            difficulties: Difficulties to keep.
            tags: Keep problems with at least one of these tags.
            max_prompt_characters: Longest prompt to keep, in characters.
            where: Any condition of one's own.

        Raises:
            UnknownNameError: If an id, a difficulty or a tag is none of this suite's.
        """
        indices: Iterable[int] = range(len(self))
        if ids is not None:
            # Before any problem is built: of a lazy suite only those with these ids are looked at.
            indices = sorted(map(self._index_of, ids))
        if difficulties is not None:
            self._check_known("difficulty", difficulties, self.difficulties)
        if tags is not None:
            self._check_known("tag", tags, dict.fromkeys(tag for problem in self for tag in problem.tags))

        def kept(problem: Problem) -> bool:
            return (
                (difficulties is None or problem.difficulty in difficulties)
                and (tags is None or not set(tags).isdisjoint(problem.tags))
                and (max_prompt_characters is None or len(problem.prompt) <= max_prompt_characters)
                and (where is None or where(problem))
            )

        return self.at(index for index in indices if kept(self._problems[index]))

    def with_limits(self, limits: Limits | None) -> Suite:
        """Returns the same problems with other limits; None leaves them to the judge."""
        build = _Selected(self._problems, range(len(self)), (limits,))
        return self._like(LazyProblems(self.task_ids, build, kept=0))

    @property
    def difficulties(self) -> tuple[str, ...]:
        """The difficulties that occur, in the order of their first problem. Builds every problem of a lazy suite."""
        return tuple(dict.fromkeys(problem.difficulty for problem in self if problem.difficulty is not None))

    def _check_known(self, what: str, names: Collection[str], known: Collection[str]) -> None:
        # A misspelt name would choose nothing without a word.
        for name in names:
            if name not in known:
                raise UnknownNameError(f"{what} of suite {self.name!r}", name, known)

    def _like(self, problems: Sequence[Problem]) -> Suite:
        return Suite(
            self.name, self.split, problems, origin=self.origin, known_bad=self.known_bad, packages=self.packages
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Suite:
        """Returns itself: suites never change, and environment specs are copied often."""
        return self


@dataclass(frozen=True)
class _Selected:
    """Builds the problems at some indices of another sequence, with other limits where some are given."""

    problems: Sequence[Problem]
    indices: Sequence[int]
    limits: tuple[Limits | None] | None = None  # a tuple, since None is a value that limits may be set to

    def __call__(self, index: int) -> Problem:
        problem = self.problems[self.indices[index]]
        return problem if self.limits is None else replace(problem, limits=self.limits[0])

    def row_location(self, index: int) -> str:
        return _row_location(self.problems, self.indices[index])


def _row_location(problems: Sequence[Problem], index: int) -> str:
    # A plain list of problems may be a suite too, and knows no locations.
    find: Callable[[int], str] | None = getattr(problems, "row_location", None)
    return "" if find is None else find(index)
