"""Which program passes which test: all of them, in the sandbox, each cell judged once and kept on disk."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from agents.scoring.asserts import Refusal
from agents.scoring.journal import Journal
from agents.scoring.task_samples import TaskSamples
from codegym.judge import Judge
from codegym.program import Program
from codegym.sandbox.execution import Status
from codegym.sandbox.job import Job
from codegym.sandbox.limits import Limits

MATRIX_LIMITS = Limits(cpu_seconds=0.4, program_cpu_seconds=2.0, wall_seconds=2.0, memory_bytes=256 * 2**20)
"""A program that hangs costs two seconds of CPU time, however many tests there are; a test on which good programs take
long costs them a fifth of that, and the other tests are still tried."""
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
    refused: Mapping[Refusal, int] = field(default_factory=dict)
    """How many of the written asserts were left out, and why."""

    @property
    def link(self) -> NDArray[np.float64]:
        """``[completions, tests]``: 1 where the program passes the test, else 0."""
        cells = [[letter == Outcome.PASSED for letter in row] for row in self.rows]
        return np.array(cells, dtype=np.float64).reshape(len(self.rows), len(self.tests))

    @property
    def is_complete(self) -> bool:
        """Whether the machine failed for no cell."""
        return not any(Outcome.UNKNOWN in row for row in self.rows)


class MatrixStore:
    """Judges matrices and keeps their cells, by content: the same program against the same test is never run again.

    Every program's row is on disk as soon as it is judged. Several processes may share a folder: they wait for each
    other, task by task.

    Args:
        folder: Where the cells are kept; None keeps nothing.
        judge: Runs the programs.
        limits: Of one program against all tests of its task.
    """

    def __init__(self, folder: str | Path | None, judge: Judge, limits: Limits = MATRIX_LIMITS) -> None:
        self.folder = None if folder is None else Path(folder)
        self.judge, self.limits = judge, limits
        self.judged = 0
        """Programs that were run by this store; the others were known."""

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
        keys = [self._key(task) for task in tasks]
        with ExitStack() as stack:
            shelves = {key: stack.enter_context(_Shelf(self.folder, key)) for key in sorted(set(keys))}
            plans = [_Plan(task, shelves[key], self) for task, key in zip(tasks, keys, strict=True)]
            self._run([work for plan in plans for work in plan.probing()])
            self._run([work for plan in plans for work in plan.judging()])
            matrices = [plan.matrix() for plan in plans]
        yield from matrices

    def _run(self, works: Sequence[_Work]) -> None:
        for index, execution in self.judge.run_as_they_end([work.job for work in works]):
            letters = "".join(_OUTCOMES.get(seen.status, Outcome.ERROR) for seen in execution.observations)
            works[index].done(letters)

    def _key(self, task: TaskSamples) -> str:
        """Names all that a cell depends on besides the program and the test."""
        made = self.judge.settings
        task_parts = [task.entry_point, task.starter_code, task.context]
        parts = [*task_parts, asdict(self.limits), made.packages, made.interpreter]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class _Work:
    job: Job
    done: Callable[[str], None]
    """Takes a letter for each action."""


class _Plan:
    """What is known and what is to be run for one task."""

    def __init__(self, task: TaskSamples, shelf: _Shelf, store: MatrixStore) -> None:
        self.task, self.shelf, self.store = task, shelf, store
        asserts = task.asserts()
        self.tests, self.refused = asserts.sources, Counter(asserts.refused)
        problem = task.problem(())
        sources = [Program.from_completion(completion, problem).source for completion in task.completions]
        self.programs = [_hash(source) for source in sources]
        self.sources = dict(zip(self.programs, sources, strict=True))
        self.stubs = {_hash(stub): stub for stub in _stubs(task.entry_point or "")}

    def probing(self) -> Iterator[_Work]:
        """What stubs make of the tests tells which of these hang by themselves, or hold whatever a program does."""
        return self._works(self.stubs) if self.tests and self.sources else iter(())

    def judging(self) -> Iterator[_Work]:
        """One job for each distinct program that has cells to be judged."""
        self._drop_bad_tests()
        return self._works(self.sources)

    def matrix(self) -> Matrix:
        """The task's matrix, once everything has run."""
        rows = tuple(self._row(program) for program in self.programs)
        return Matrix(samples=self.task, tests=self.tests, rows=rows, refused=dict(self.refused))

    def _works(self, sources: Mapping[str, str]) -> Iterator[_Work]:
        jobs: dict[tuple[str, ...], Job] = {}
        for program, source in sources.items():
            row = self._row(program)
            missing = tuple(test for test, letter in zip(self.tests, row, strict=True) if letter == Outcome.UNKNOWN)
            if missing:
                if missing not in jobs:
                    jobs[missing] = self._job(missing)
                yield _Work(replace(jobs[missing], source=source), partial(self._done, program, missing))

    def _done(self, program: str, tests: tuple[str, ...], letters: str) -> None:
        self.store.judged += program in self.sources
        self.shelf.add_cells(program, self.shelf.numbers(tests), letters)

    def _row(self, program: str) -> str:
        return self.shelf.row(program, self.shelf.numbers(self.tests))

    def _drop_bad_tests(self) -> None:
        bad: dict[str, Refusal] = {}
        for test, *letters in zip(self.tests, *map(self._row, self.stubs), strict=True):
            if letters[0] == Outcome.PASSED or Outcome.FAULTY in letters:
                bad[test] = Refusal.VACUOUS
            elif Outcome.TIMEOUT in letters or Outcome.UNTRIED in letters:
                bad[test] = Refusal.ENDLESS
        self.refused.update(bad.values())
        self.tests = tuple(test for test in self.tests if test not in bad)

    def _job(self, tests: tuple[str, ...]) -> Job:
        nothing = Program(source="", completion="", segments=())
        return self.store.judge.job(self.task.problem(tests, self.store.limits), nothing)


def _hash(source: str) -> str:
    return hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()[:32]


def _stubs(entry_point: str) -> tuple[str, str]:
    """Programs with this entry point: one that raises whenever it is called, one that always returns None."""
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
    return raising, raising.replace("raise NotImplementedError", "return None")


class _Shelf:
    """The cells of one task, in memory and in a journal; locked against other processes while it is open.

    The journal has two kinds of lines: ``tests`` (they get the next numbers), and ``program`` (a hash) with ``cells``,
    a letter or a gap for each test's number.
    """

    def __init__(self, folder: Path | None, key: str) -> None:
        self._numbers: dict[str, int] = {}
        self._cells: dict[str, dict[int, str]] = {}
        self._journal = None if folder is None else Journal(folder / f"{key}.jsonl")
        self._lock: Any = None

    def __enter__(self) -> Self:
        if self._journal is not None:
            path = self._journal.path
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = open(path.with_suffix(".lock"), "w")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            for row in self._journal.rows():
                self._take(row)
        return self

    def __exit__(self, *_: object) -> None:
        if self._journal is not None:
            self._journal.close()
            self._lock.close()

    def add_cells(self, program: str, numbers: Sequence[int], letters: str) -> None:
        """Keeps one program's cells."""
        cells = [" "] * (max(numbers) + 1)
        for number, letter in zip(numbers, letters, strict=True):
            cells[number] = letter
        self._add({"program": program, "cells": "".join(cells)})

    def numbers(self, tests: Sequence[str]) -> list[int]:
        """Returns the tests' numbers, which they are given when first seen."""
        new = [test for test in tests if test not in self._numbers]
        if new:
            self._add({"tests": new})
        return [self._numbers[test] for test in tests]

    def row(self, program: str, numbers: Sequence[int]) -> str:
        """Returns a program's letters for these tests."""
        cells = self._cells.get(program, {})
        return "".join(cells.get(number, Outcome.UNKNOWN) for number in numbers)

    def _add(self, row: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.append(row)
        self._take(row)

    def _take(self, row: dict[str, Any]) -> None:
        for test in row.get("tests", ()):
            self._numbers[test] = len(self._numbers)
        if "program" in row:
            cells = self._cells.setdefault(row["program"], {})
            cells.update((number, letter) for number, letter in enumerate(row["cells"]) if letter != " ")
