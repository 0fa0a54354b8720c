"""Is a suite sound? Its reference solutions must pass, and empty and wrong programs must not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from codegym.errors import DataError, InfrastructureError
from codegym.feedback.feedback import Feedback
from codegym.feedback.verdict import Verdict
from codegym.judge import Judge
from codegym.problem import Problem
from envs_registry.suite import Suite

REFERENCE, EMPTY, WRONG, MUTANT, ROW = "reference", "empty program", "program that returns None", "mutant", "row"

_UNTESTED = "it has no tests, so that nothing can be judged"
_UNASKED = "its prompt is empty"
# Programs that the machine may fail to judge before a check gives up.
_PATIENCE = 20


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong with a suite.

    Attributes:
        task_id: The problem; empty for a row that has no id.
        what: Which program was judged (``"reference 0"``), or ``"row"`` when the problem could not be built.
        verdict: What the judge said; empty for a row.
        message: The first failing test, or the complaint about the row.
        location: File and line that the problem was read from, if known; the message about a row names it.
        known: Why the problem is listed as broken in the published data; empty for news.
    """

    task_id: str
    what: str
    verdict: str = ""
    message: str = ""
    location: str = ""
    known: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What a check found.

    Attributes:
        suite: The suite's name.
        split: Name of the split.
        origin: Where its data was read.
        problems: How many problems it has.
        references: Reference solutions judged.
        references_passed: How many of them passed.
        wrong: Empty and wrong programs, and mutants, judged.
        wrong_refused: How many of them did not pass.
        unsolved: Problems without a reference solution, about which the check says little.
        faults: Everything at fault, in the suite's order.
        seconds: Wall-clock time of judging.
    """

    suite: str
    split: str
    origin: str
    problems: int
    references: int
    references_passed: int
    wrong: int
    wrong_refused: int
    unsolved: int
    faults: tuple[Fault, ...] = field(default=())
    seconds: float = 0.0

    @property
    def news(self) -> tuple[Fault, ...]:
        """The faults that are not known already."""
        return tuple(fault for fault in self.faults if not fault.known)


@dataclass(frozen=True)
class _Trial:
    index: int
    problem: Problem
    what: str
    program: str

    @property
    def is_reference(self) -> bool:
        return self.what.startswith(REFERENCE)


def check_suite(
    suite: Suite,
    judge: Judge,
    *,
    all_solutions: bool = False,
    mutants: bool = False,
    row_faults: Sequence[DataError] = (),
    progress: Callable[[int, int], None] | None = None,
) -> CheckReport:
    """Judges each problem's reference solution, an empty program and a wrong one.

    Args:
        suite: Problems to check.
        judge: With the suite's packages.
        all_solutions: Judge every reference solution, not only the first.
        mutants: Judge the problems' mutants too; none may pass.
        row_faults: What was wrong with rows that are not in the suite (``LoadedSuite.faults``); they lead the report.
        progress: Called with the number of programs judged and their total.

    Raises:
        InfrastructureError: If the machine, not the programs, failed again and again.
    """
    faults: list[tuple[int, Fault]] = [(-1, Fault(task_id="", what=ROW, message=str(fault))) for fault in row_faults]
    trials = _all_trials(suite, all_solutions, mutants, faults)
    start = time.perf_counter()
    sound: list[_Trial] = []
    pairs = [(trial.problem, trial.program) for trial in trials]
    for done, (index, feedback) in enumerate(judge.judge_as_they_end(pairs), start=1):
        trial = trials[index]
        # A machine failure says nothing about the program, so it is never counted as a refusal.
        if feedback.is_success == trial.is_reference and feedback.verdict is not Verdict.INFRA_ERROR:
            sound.append(trial)
        else:
            faults.append((trial.index, _fault(suite, trial, feedback)))
            if feedback.verdict is Verdict.INFRA_ERROR:
                _check_machine(faults)
        if progress is not None:
            progress(done, len(trials))
    references, passed = (sum(trial.is_reference for trial in some) for some in (trials, sound))
    # A problem without tests has no trial, and a fault already: it does not count as unsolved too.
    solved = {trial.index for trial in trials if trial.is_reference}
    return CheckReport(
        suite=suite.name,
        split=suite.split,
        origin=suite.origin,
        problems=len(suite),
        references=references,
        references_passed=passed,
        wrong=len(trials) - references,
        wrong_refused=len(sound) - passed,
        unsolved=len({trial.index for trial in trials} - solved),
        # Programs end in any order; the report must not depend on it.
        faults=tuple(fault for _, fault in sorted(faults, key=lambda item: item[0])),
        seconds=time.perf_counter() - start,
    )


def _check_machine(faults: Sequence[tuple[int, Fault]]) -> None:
    failed = [fault for _, fault in faults if fault.verdict == Verdict.INFRA_ERROR]
    if len(failed) > _PATIENCE:
        message = f"first on {failed[0].task_id}: {failed[0].message}"
        raise InfrastructureError(f"the machine failed {len(failed)} times; {message}")


def _all_trials(suite: Suite, all_solutions: bool, mutants: bool, faults: list[tuple[int, Fault]]) -> list[_Trial]:
    """The programs to judge; what cannot be judged is added to the faults."""
    trials: list[_Trial] = []
    for index, task_id in enumerate(suite.task_ids):
        row = Fault(task_id=task_id, what=ROW, known=suite.known_bad.get(task_id, ""))
        try:
            problem = suite[index]
        except DataError as error:
            faults.append((index, replace(row, message=str(error))))
            continue
        if not problem.prompt.strip():
            faults.append((index, replace(row, message=_UNASKED, location=suite.row_location(index))))
        if problem.tests:
            trials.extend(_trials(index, problem, all_solutions, mutants))
        else:
            faults.append((index, replace(row, message=_UNTESTED, location=suite.row_location(index))))
    return trials


def _trials(index: int, problem: Problem, all_solutions: bool, mutants: bool) -> Iterator[_Trial]:
    for number, solution in enumerate(problem.solutions if all_solutions else problem.solutions[:1]):
        yield _Trial(index, problem, f"{REFERENCE} {number}", solution)
    yield _Trial(index, problem, EMPTY, "")
    # A program that reads standard input has no function that could return None.
    if problem.entry_point is not None:
        yield _Trial(index, problem, WRONG, program_that_returns_none(problem.entry_point))
    for number, mutant in enumerate(problem.mutants if mutants else ()):
        yield _Trial(index, problem, f"{MUTANT} {number}", mutant)


def program_that_returns_none(entry_point: str) -> str:
    """Returns a program in which the entry point takes anything and does nothing."""
    name = entry_point.rsplit(".", 1)[-1]
    function = f"def {name}(*args, **kwargs):\n    return None\n"
    if entry_point == name:
        return function
    # An entry point such as "Solution().f" needs a class with that method.
    holder = entry_point.split("(")[0].split(".")[0]
    body = function.replace("(*args", "(self, *args").replace("\n", "\n    ").rstrip()
    return f"class {holder}:\n    {body}\n"


def _fault(suite: Suite, trial: _Trial, feedback: Feedback) -> Fault:
    failing = next((test for test in feedback.tests if test.status is not Verdict.PASS), None)
    message = "it passed" if feedback.is_success else str(feedback.kind)
    if failing is not None:
        actual = failing.actual.strip().split("\n")[-1] or str(failing.kind)
        message = f"test {failing.index}: {_line(failing.call)} expected {_line(failing.expected)}, got {_line(actual)}"
    return Fault(
        task_id=trial.problem.task_id,
        what=trial.what,
        verdict=str(feedback.verdict),
        message=message,
        location=suite.row_location(trial.index),
        known=suite.known_bad.get(trial.problem.task_id, ""),
    )


def _line(text: str, width: int = 80) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else f"{text[: width - 3]}..."
