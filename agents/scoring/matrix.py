"""Which program passes which test: all of them, in the sandbox, each cell judged once and kept in a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from agents.scoring.asserts import AssertRejectReason
from agents.scoring.task_samples import TaskSamples
from codegym.judge import Judge
from codegym.program import Program
from codegym.sandbox.execution import Status
from codegym.sandbox.job import Job
from codegym.sandbox.limits import Limits
from codegym.store import Store, content_key

MATRIX_LIMITS = Limits(cpu_seconds=0.4, program_cpu_seconds=2.0, wall_seconds=2.0, memory_bytes=256 * 2**20)
"""A program that hangs costs two seconds of CPU time, however many tests there are; a test on which good programs take
long costs them a fifth of that, and the other tests are still tried."""
# Enough jobs to keep all workers busy at the end of a portion, few enough to keep after each.
_TASKS_AT_A_TIME = 32


class Outcome(StrEnum):
    """One cell. The letters stand for themselves in the files."""

    PASSED = "P"
    FAILED = "F"
    """The assertion did not hold."""
    ERROR = "E"
    """The program raised, exited, crashed or was too large."""
    TIMEOUT = "T"
    UNTRIED = "B"
    """The program's budget was used up by other tests."""
    FAULTY = "X"
    """The test itself is at fault."""
    UNKNOWN = "?"
    """The machine failed; tried again when the matrix is next asked for."""


_OUTCOMES = {
    Status.OK: Outcome.PASSED,
    Status.REFUSED: Outcome.FAILED,
    Status.OPAQUE: Outcome.FAILED,
    Status.CPU_TIMEOUT: Outcome.TIMEOUT,
    Status.WALL_TIMEOUT: Outcome.TIMEOUT,
    Status.BUDGET: Outcome.UNTRIED,
    Status.FAULTY: Outcome.FAULTY,
    Status.INFRA: Outcome.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """All programs of a task against all its tests."""

    samples: TaskSamples
    tests: tuple[str, ...]
    """Single asserts, distinct."""
    rows: tuple[str, ...]
    """One for each completion: a letter of :class:`Outcome` for each test."""
    refused: Mapping[AssertRejectReason, int] = field(default_factory=dict)
    """How many of the written asserts were left out, and why."""

    @cached_property
    def link(self) -> NDArray[np.float64]:
        """``[completions, tests]``: 1 where the program passes the test, else 0; not to be written to."""
        # One pass over the letters: rankings read this array several times for each task.
        letters = np.frombuffer("".join(self.rows).encode(), dtype=np.uint8)
        passed = letters == ord(Outcome.PASSED)
        link: NDArray[np.float64] = passed.astype(np.float64).reshape(len(self.rows), len(self.tests))
        link.flags.writeable = False  # every reader gets this one array
        return link

    @property
    def is_complete(self) -> bool:
        """Whether the machine failed for no cell."""
        return not any(Outcome.UNKNOWN in row for row in self.rows)


class MatrixJudge:
    """Judges matrices and keeps their cells, by content: the same program against the same test is never run again.

    Every program's cells are kept as soon as it is judged.

    Args:
        judge: Runs the programs.
        store: Where cells are kept; in memory by default.
        limits: Limits of one program against all tests of its task.
    """

    def __init__(self, judge: Judge, store: Store | None = None, limits: Limits = MATRIX_LIMITS) -> None:
        self.judge, self.store, self.limits = judge, store or Store(), limits
        self.judged = 0
        """Programs that were run; the others were known."""

    def fill(self, tasks: Iterable[TaskSamples]) -> Iterator[Matrix]:
        """Yields each task's matrix, in order; a task without programs or valid tests has an empty one."""
        group: list[TaskSamples] = []
        for task in tasks:
            group.append(task)
            if len(group) == _TASKS_AT_A_TIME:
                yield from self._fill(group)
                group = []
        yield from self._fill(group)

    def _fill(self, tasks: Sequence[TaskSamples]) -> Iterator[Matrix]:
        cells = _Cells(self.store)
        boards = [_Board(task, self._key(task), self, cells) for task in tasks]
        self._run([work for board in boards for work in board.probing()])
        self._run([work for board in boards for work in board.judging()])
        yield from [board.matrix() for board in boards]

    def _run(self, works: Sequence[_Work]) -> None:
        for index, execution in self.judge.run_as_they_end([work.job for work in works]):
            letters = "".join(_OUTCOMES.get(seen.status, Outcome.ERROR) for seen in execution.observations)
            works[index].done(letters)

    def _key(self, task: TaskSamples) -> str:
        """Names all that a cell depends on besides the program and the test."""
        # Not the prompt: rewording a task changes no cell.
        parts = (task.entry_point, task.starter_code, task.context, sorted(asdict(self.limits).items()))
        return content_key("cells", self.judge.settings.verdict_key(), *parts)


@dataclass(frozen=True)
class _Work:
    job: Job
    done: Callable[[str], None]
    """Takes a letter for each action."""


class _Cells:
    """The letters of some tasks' programs, by key of the program and text of the test; each is read from disk once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, dict[str, str]] = {}

    def of(self, key: str) -> Mapping[str, str]:
        """Returns a program's letters by test."""
        if key not in self._known:
            self._known[key] = self._store.get(key) or {}
        return self._known[key]

    def add(self, key: str, letters: Mapping[str, str]) -> None:
        """Keeps more of a program's letters."""
        self._known[key] = {**self.of(key), **letters}
        self._store.put({key: self._known[key]})


class _Board:
    """What is known and what is to be run for one task."""

    def __init__(self, task: TaskSamples, key: str, owner: MatrixJudge, cells: _Cells) -> None:
        self.task, self.key, self.owner, self.cells = task, key, owner, cells
        asserts = task.asserts()
        self.tests, self.refused = asserts.sources, Counter(asserts.refused)
        problem = task.problem(())
        self.programs = [Program.from_completion(completion, problem).source for completion in task.completions]
        self.stubs = _stubs(task.entry_point or "")

    def probing(self) -> Iterator[_Work]:
        """What stubs make of the tests tells which of these hang by themselves, or hold whatever a program does."""
        return self._works(self.stubs) if self.tests and self.programs else iter(())

    def judging(self) -> Iterator[_Work]:
        """One job for each distinct program that has cells to be judged."""
        self._drop_bad_tests()
        return self._works(dict.fromkeys(self.programs))

    def matrix(self) -> Matrix:
        """The task's matrix, once everything has run."""
        rows = tuple(self._row(program) for program in self.programs)
        return Matrix(samples=self.task, tests=self.tests, rows=rows, refused=dict(self.refused))

    def _works(self, programs: Iterable[str]) -> Iterator[_Work]:
        jobs: dict[tuple[str, ...], Job] = {}
        for program in programs:
            row = self._row(program)
            missing = tuple(test for test, letter in zip(self.tests, row, strict=True) if letter == Outcome.UNKNOWN)
            if missing:
                # Programs that lack the same tests have the same job but for their source: it is made once.
                if missing not in jobs:
                    jobs[missing] = self._job(missing)
                yield _Work(replace(jobs[missing], source=program), partial(self._done, program, missing))

    def _done(self, program: str, tests: tuple[str, ...], letters: str) -> None:
        self.owner.judged += program not in self.stubs
        self.cells.add(content_key(self.key, program), dict(zip(tests, letters, strict=True)))

    def _row(self, program: str) -> str:
        known = self.cells.of(content_key(self.key, program))
        return "".join(known.get(test, Outcome.UNKNOWN) for test in self.tests)

    def _drop_bad_tests(self) -> None:
        bad: dict[str, AssertRejectReason] = {}
        for test, *letters in zip(self.tests, *map(self._row, self.stubs), strict=True):
            # An assert that a program without any code passes, or that any constant passes, tests nothing.
            raising, *constants = letters
            if raising == Outcome.PASSED or set(constants) == {Outcome.PASSED} or Outcome.FAULTY in letters:
                bad[test] = AssertRejectReason.VACUOUS
            elif Outcome.TIMEOUT in letters or Outcome.UNTRIED in letters:
                bad[test] = AssertRejectReason.ENDLESS
        self.refused.update(bad.values())
        self.tests = tuple(test for test in self.tests if test not in bad)

    def _job(self, tests: tuple[str, ...]) -> Job:
        nothing = Program(source="", completion="", segments=())
        return self.owner.judge.job(self.task.problem(tests, self.owner.limits), nothing)


# What holds for all of these, numbers and texts, true and false, holds for every program: ``assert f(1) != 123``.
_CONSTANTS = ("None", "7919", "''")


def _stubs(entry_point: str) -> tuple[str, ...]:
    """Programs with this entry point: one that raises whenever it is called, and some that return a constant."""
    root = entry_point.partition("(")[0].partition(".")[0]
    if root == entry_point:
        raising = f"def {root}(*args, **kwargs):\n    raise NotImplementedError\n"
    else:
        raising = (
            f"class {root}:\n"
            "    def __init__(self, *args, **kwargs): pass\n"
            "    def __getattr__(self, name):\n"
            "        def method(*args, **kwargs):\n"
            "            raise NotImplementedError\n"
            "        return method\n"
        )
    return raising, *(raising.replace("raise NotImplementedError", f"return {value}") for value in _CONSTANTS)
