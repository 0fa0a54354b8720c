"""What programs cost that pass the credible tests, and which of them is the faster."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.scoring.costs import CostMeter, Costs, CostSettings, FloatArray, NoCosts, literal_calls, method_key
from agents.scoring.journal import Journal
from agents.scoring.matrix import Matrix
from agents.scoring.ranking import Scores
from codegym.judge import Judge
from codegym.program import Program


def credible_tests(matrix: Matrix, scores: Scores) -> NDArray[np.intp]:
    """Returns the tests that all programs pass which share the first place."""
    link = matrix.link
    return np.flatnonzero(link[scores.best()].all(axis=0)) if scores.programs.any() else np.zeros(0, np.intp)


def credible_programs(matrix: Matrix, scores: Scores) -> list[int]:
    """Returns the places of distinct completions that pass every credible test."""
    tests = credible_tests(matrix, scores)
    passing: Iterable[int] = np.flatnonzero(matrix.link[:, tests].all(axis=1)) if len(tests) else ()
    first: dict[str, int] = {}
    for place in passing:
        first.setdefault(matrix.samples.completions[place].strip(), int(place))
    return list(first.values())


class CostStore:
    """Measures costs and keeps them, by content, in a journal.

    Args:
        path: The journal; None keeps nothing.
        judge: Runs the programs.
        settings: How they are measured.
    """

    def __init__(self, path: str | Path | None, judge: Judge, settings: CostSettings | None = None) -> None:
        self.judge, self.settings = judge, settings or CostSettings()
        self._journal = None if path is None else Journal(path)
        self._known = {row["key"]: row for row in self._journal.rows()} if self._journal is not None else {}

    def measure(self, judged: Iterable[tuple[Matrix, Scores]]) -> Iterator[tuple[str, Costs | NoCosts]]:
        """Yields each task's id and costs, in order."""
        for matrix, scores in judged:
            key = self._key(matrix, scores)
            if key not in self._known:
                row = {"key": key, "task_id": matrix.samples.task_id, **_row(self._measured(matrix, scores))}
                if row.get("reason") != NoCosts.UNSTABLE and self._journal is not None:
                    self._journal.append(row)
                self._known[key] = row
            yield matrix.samples.task_id, _costs(self._known[key])
        if self._journal is not None:
            self._journal.close()

    def _key(self, matrix: Matrix, scores: Scores) -> str:
        tests = [matrix.tests[place] for place in credible_tests(matrix, scores)]
        parts = [method_key(), matrix.samples.to_row(), tests, vars(self.settings)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]

    def _measured(self, matrix: Matrix, scores: Scores) -> Costs | NoCosts:
        tests = [matrix.tests[place] for place in credible_tests(matrix, scores)]
        if not tests:
            return NoCosts.NOT_CREDIBLE
        places = credible_programs(matrix, scores)[: self.settings.most_programs]
        if len(places) < 2:
            return NoCosts.ONE_PROGRAM
        samples = matrix.samples
        calls = [call for test in tests for call in literal_calls(test, samples.entry_point or "")]
        problem = samples.problem(())
        programs = [Program.from_completion(samples.completions[place], problem) for place in places]
        found = CostMeter(problem, programs, self.judge, self.settings).measure(calls)
        return found if isinstance(found, NoCosts) else replace(found, programs=tuple(places))


def faster_than(cheap: FloatArray, dear: FloatArray, min_saving: float = 0.1, level: float = 0.01) -> bool:
    """Whether one program is cheaper than another: by enough, and not by chance.

    Args:
        cheap: Seconds of the one, ``[repetitions]``.
        dear: Seconds of the other, ``[repetitions]``.
        min_saving: The least share of the other's median that the one's saves.
        level: Of the one-sided exact Mann-Whitney test.
    """
    from scipy.stats import mannwhitneyu  # half a second to load, which the help of a command need not wait for

    saving = 1.0 - float(np.median(cheap)) / float(np.median(dear))
    chance = float(mannwhitneyu(cheap, dear, alternative="less", method="exact").pvalue)
    return saving >= max(min_saving, 1e-9) and chance <= level


def _row(costs: Costs | NoCosts) -> Mapping[str, Any]:
    return {"reason": str(costs)} if isinstance(costs, NoCosts) else costs.to_row()


def _costs(row: Mapping[str, Any]) -> Costs | NoCosts:
    return NoCosts(row["reason"]) if "reason" in row else Costs.from_row(row)
