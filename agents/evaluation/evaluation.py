"""The result of an evaluation: numbers with 95 % bootstrap intervals over problems."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from agents.evaluation.bootstrap import Interval, bootstrap_mean
from agents.evaluation.judged_program import JudgedProgram
from agents.evaluation.pass_at_k import pass_at_k
from codegym import Problem
from codegym.errors import DataError, InvalidSettingError
from codegym.feedback.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class ProblemResult:
    """What became of one problem's samples."""

    task_id: str
    difficulty: str
    judged: int
    """Samples with a verdict; a machine's failure gives none."""
    passed: int
    kinds: Mapping[str, int]
    """How often each kind of error came; ``"none"`` is a pass."""
    infra_errors: int = 0
    tags: tuple[str, ...] = ()
    cost: float | None = None
    """CPU seconds of the programs that passed, their median, on the machine as it was then; None if none did."""
    reranked: Mapping[str, float] = field(default_factory=dict)
    """For each reranker, the chance that the program it puts first passes; nothing where it has nothing to go by."""
    after_turn: tuple[float, ...] = ()
    """The share of episodes whose program of then was right, after each turn; one turn where nothing was repaired."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The result of :func:`evaluate`."""

    suite: str
    problems: tuple[ProblemResult, ...]
    """Those that have a judged sample; only these enter the estimates."""
    k: tuple[int, ...]
    missing: tuple[str, ...] = ()
    """Problems of the suite without a judged sample: not counted as failures, and not as anything."""
    notes: tuple[str, ...] = ()
    """What a reader must know: duplicates, machine failures, a k that could not be had."""
    seed: int = 0
    setting: Mapping[str, Any] = field(default_factory=dict)
    """Writer of the programs and settings of the sampling, as plain data."""

    @cached_property
    def key(self) -> str:
        """The digest of what was evaluated, how, and what came out: two evaluations of the same key are one."""
        # Sorted keys: the same content has the same key, in whatever order a file named it.
        parts = [self.suite, dict(self.setting), [_problem_row(problem) for problem in self.problems]]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def pass_at(self) -> dict[int, Interval]:
        """pass@k over all judged problems, for each k."""
        return self._estimates(self.problems)

    @cached_property
    def by_difficulty(self) -> dict[str, dict[int, Interval]]:
        """pass@k for each difficulty that the suite names."""
        return self._groups(lambda problem: (problem.difficulty,) if problem.difficulty else ())

    @cached_property
    def by_tag(self) -> dict[str, dict[int, Interval]]:
        """pass@k for each tag that the suite names; a problem counts for each of its tags."""
        return self._groups(lambda problem: problem.tags)

    @cached_property
    def reranked(self) -> dict[str, Interval]:
        """pass@1 of the program that a reranker puts first, over the problems where it has something to go by."""
        names = dict.fromkeys(name for problem in self.problems for name in problem.reranked)
        return {
            name: self._mean([p.reranked[name] for p in self.problems if name in p.reranked]) for name in sorted(names)
        }

    @cached_property
    def after_turn(self) -> tuple[Interval, ...]:
        """pass@1 after each turn of repair, or round of refining; empty where there was one alone."""
        shares = [problem.after_turn for problem in self.problems if problem.after_turn]
        # The setting counts, too: in a run where every first program passed, all later turns equal the first.
        turns = max([*map(len, shares), *(self.setting.get(name, 1) for name in ("turns", "rounds"))])
        return tuple(
            self._mean([s[min(turn, len(s) - 1)] for s in shares]) for turn in range(turns if turns > 1 else 0)
        )

    @cached_property
    def kinds(self) -> dict[str, int]:
        """How often each kind of error came, the most frequent first."""
        total: Counter[str] = Counter()
        for problem in self.problems:
            total.update(problem.kinds)
        return dict(total.most_common())

    def __str__(self) -> str:
        numbers = ", ".join(f"pass@{k} {interval}" for k, interval in self.pass_at.items())
        missing = f", {len(self.missing)} missing" if self.missing else ""
        return f"{self.suite}: {numbers} over {len(self.problems)} problems{missing}"

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as plain, JSON-safe data."""
        return {
            "suite": self.suite,
            "setting": dict(self.setting),
            "seed": self.seed,
            "pass_at": _plain(self.pass_at),
            "by_difficulty": {name: _plain(estimates) for name, estimates in self.by_difficulty.items()},
            "by_tag": {name: _plain(estimates) for name, estimates in self.by_tag.items()},
            "reranked": {name: vars(interval) for name, interval in self.reranked.items()},
            "after_turn": [vars(interval) for interval in self.after_turn],
            "kinds": self.kinds,
            "missing": list(self.missing),
            "notes": list(self.notes),
            "problems": [_problem_row(problem) for problem in self.problems],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes it from :meth:`to_dict`'s data; estimates are computed anew from the problems.

        Raises:
            DataError: If the data is something else.
        """
        try:
            # Fields that a later version added are ignored, so that its summaries can be read.
            names = {f.name for f in fields(ProblemResult)}
            problems = tuple(
                ProblemResult(**{name: _tuples(value) for name, value in row.items() if name in names})
                for row in values["problems"]
            )
            return cls(
                suite=values["suite"],
                problems=problems,
                k=tuple(int(k) for k in values["pass_at"]),
                missing=tuple(values["missing"]),
                notes=tuple(values["notes"]),
                seed=values["seed"],
                setting=values["setting"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"this is no evaluation as `codegym evaluate` writes it: {error!r}.") from error

    def _groups(self, names_of: Callable[[ProblemResult], Sequence[str]]) -> dict[str, dict[int, Interval]]:
        names = dict.fromkeys(name for problem in self.problems for name in names_of(problem))
        return {name: self._estimates([p for p in self.problems if name in names_of(p)]) for name in names}

    def _estimates(self, problems: Sequence[ProblemResult]) -> dict[int, Interval]:
        judged = np.array([problem.judged for problem in problems])
        passed = np.array([problem.passed for problem in problems])
        return {k: self._mean(pass_at_k(judged, passed, k)) for k in self.k}

    def _mean(self, values: Any) -> Interval:
        return bootstrap_mean(values, seed=self.seed)


def summarize(
    suite: str,
    problems: Sequence[Problem],
    programs: Mapping[str, Sequence[JudgedProgram]],
    k: Sequence[int],
    seed: int = 0,
    notes: Sequence[str] = (),
    setting: Mapping[str, Any] | None = None,
    chosen: Mapping[str, Mapping[str, float]] | None = None,
) -> Evaluation:
    """Makes an evaluation of judged programs, by task.

    Args:
        suite: Name of the suite.
        problems: All of the suite's.
        programs: Judged programs by task.
        k: Values of k for pass@k.
        seed: Seed of the bootstrap.
        notes: What a reader must know already.
        setting: Writer of the programs and settings of the sampling.
        chosen: By task, how often a reranker's choice is right.

    Raises:
        InvalidSettingError: If no k can be had.
    """
    results = [problem_result(problem, programs.get(problem.task_id, ())) for problem in problems]
    results = [replace(r, reranked={**r.reranked, **(chosen or {}).get(r.task_id, {})}) for r in results]
    counted = tuple(result for result in results if result.judged)
    failures = sum(result.infra_errors for result in results)
    notes = list(notes)
    if failures:
        notes.append(f"the machine failed on {failures} programs: they count as nothing, judge them again.")
    possible, left_out = _possible_k(k, counted)
    notes += left_out
    return Evaluation(
        suite=suite,
        problems=counted,
        k=possible,
        missing=tuple(result.task_id for result in results if not result.judged),
        notes=tuple(notes),
        seed=seed,
        setting=setting or {},
    )


def _possible_k(k: Sequence[int], results: Sequence[ProblemResult]) -> tuple[tuple[int, ...], list[str]]:
    """The values of k that every problem has enough samples for, and a note that names the others."""
    # pass@k needs k samples of every problem, so the problem with the fewest decides.
    smallest = min((result.judged for result in results), default=0)
    possible = tuple(sorted({size for size in k if 1 <= size <= smallest}))
    left_out = sorted(set(k) - set(possible))
    # Without any judged program there is nothing to refuse: the problems are listed as missing instead.
    if not results or not left_out:
        return possible, []
    if not possible:
        raise InvalidSettingError(
            f"pass@{left_out[0]} needs {left_out[0]} samples of every problem; the fewest are {smallest}."
        )
    names = ", ".join(f"pass@{size}" for size in left_out)
    return possible, [f"{names} left out: there are only {smallest} samples of some problems."]


def problem_result(problem: Problem, programs: Sequence[JudgedProgram]) -> ProblemResult:
    """Sums up one problem's programs, turn by turn and episode by episode."""
    # Only an episode's last program counts as its answer; the earlier ones are in after_turn.
    final = [program for program in programs if program.is_final and program.has_verdict]
    costs = [program.cpu_seconds for program in final if program.is_success]
    by_public_tests = expected_success([p.public_passed for p in final], [p.is_success for p in final])
    return ProblemResult(
        task_id=problem.task_id,
        difficulty=problem.difficulty or "",
        judged=len(final),
        passed=sum(program.is_success for program in final),
        kinds=Counter(program.kind.value for program in final),
        infra_errors=sum(program.verdict is Verdict.INFRA_ERROR for program in programs),
        tags=problem.tags,
        cost=float(np.median(costs)) if costs else None,
        reranked={"public_tests": by_public_tests} if final and problem.public_tests else {},
        after_turn=success_after_turns(programs),
    )


def expected_success(scores: ArrayLike, right: ArrayLike) -> float:
    """The chance that the program with the highest score is right, ties drawn by lot.

    Args:
        scores: One for each program of a problem, [N]; higher is better.
        right: Whether each of them passes every test, [N].

    Returns:
        The share of right programs among those with the highest score; NaN without programs.
    """
    rated, passes = np.asarray(scores, np.float64), np.asarray(right, bool)
    if rated.size == 0:
        return float("nan")
    # Scores of rankings are sums of floats: those of equal programs may differ in the last bits.
    best = np.isclose(rated, rated.max(), rtol=1e-9, atol=0.0)
    return float(passes[best].mean())


def success_after_turns(programs: Sequence[JudgedProgram]) -> tuple[float, ...]:
    """The share of episodes whose program of then is right, after each turn; a program stays until another comes.

    Args:
        programs: Programs of one problem, episode by episode, each beginning with turn 0.
    """
    turns = max((program.turn for program in programs), default=0) + 1
    episodes: list[list[JudgedProgram]] = []
    for program in programs:
        episodes += [[]] if program.turn == 0 else []
        episodes[-1].append(program)
    # One lost verdict hides how the rest of its episode would have gone.
    whole = [episode for episode in episodes if all(program.has_verdict for program in episode)]
    right = [[[p for p in e if p.turn <= turn][-1].is_success for turn in range(turns)] for e in whole]
    return tuple(np.mean(right, axis=0).tolist()) if right else ()


def _problem_row(problem: ProblemResult) -> dict[str, Any]:
    return {**vars(problem), "kinds": dict(problem.kinds), "reranked": dict(problem.reranked)}


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value  # JSON has no tuples


def _plain(estimates: Mapping[int, Interval]) -> dict[str, dict[str, float]]:
    return {str(k): vars(interval) for k, interval in estimates.items()}
