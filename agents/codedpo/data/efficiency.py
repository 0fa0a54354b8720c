"""What programs cost that pass the credible tests, and which of them is the faster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agents.scoring.costs import Costs, CostSettings, FloatArray, NoCosts, literal_calls, measured_costs
from agents.scoring.matrix import Matrix
from agents.scoring.ranking import Scores
from codegym.judge import Judge
from codegym.program import Program
from codegym.store import Store


def credible_tests(matrix: Matrix, scores: Scores) -> NDArray[np.intp]:
    """Returns the tests that all programs pass which share the first place."""
    link = matrix.link
    return np.flatnonzero(link[scores.best()].all(axis=0)) if scores.programs.any() else np.zeros(0, np.intp)


def credible_programs(matrix: Matrix, scores: Scores) -> list[int]:
    """Returns the indices of distinct completions that pass every credible test."""
    tests = credible_tests(matrix, scores)
    passing: Iterable[int] = np.flatnonzero(matrix.link[:, tests].all(axis=1)) if len(tests) else ()
    # Equal texts cost the same: measuring one of them twice would pair it with itself.
    first: dict[str, int] = {}
    for index in passing:
        first.setdefault(matrix.samples.completions[index].strip(), int(index))
    return list(first.values())


def task_costs(matrix: Matrix, scores: Scores, judge: Judge, settings: CostSettings, store: Store) -> Costs | NoCosts:
    """Measures what the credible programs of a task cost, on the calls of its credible tests; or says why not.

    Args:
        matrix: The judged samples.
        scores: How credible programs and tests are.
        judge: Runs the programs.
        settings: How costs are measured.
        store: Keeps the costs, by content.
    """
    tests = [matrix.tests[index] for index in credible_tests(matrix, scores)]
    if not tests:
        return NoCosts.NOT_CREDIBLE
    # The first ones: samples have no order of merit, and all of them may be hundreds.
    chosen = credible_programs(matrix, scores)[: settings.most_programs]
    if len(chosen) < 2:
        return NoCosts.ONE_PROGRAM
    samples = matrix.samples
    calls = [call for test in tests for call in literal_calls(test, samples.entry_point or "")]
    problem = samples.problem(())
    programs = [Program.from_completion(samples.completions[index], problem) for index in chosen]
    found = measured_costs(problem, programs, calls, judge, settings, store)
    return found if isinstance(found, NoCosts) else replace(found, programs=tuple(chosen))


def faster_than(fast: FloatArray, slow: FloatArray, min_saving: float = 0.1, level: float = 0.01) -> bool:
    """Whether one program costs less than another: by enough, and not at random.

    Args:
        fast: Seconds of the one, ``[repetitions]``.
        slow: Seconds of the other, ``[repetitions]``.
        min_saving: The least share of the other's median that the one's saves.
        level: Significance level of the one-sided exact Mann-Whitney test.
    """
    from scipy.stats import mannwhitneyu  # half a second to load, which the help of a command need not wait for

    saving = 1.0 - float(np.median(fast)) / float(np.median(slow))
    p_value = float(mannwhitneyu(fast, slow, alternative="less", method="exact").pvalue)
    return saving >= max(min_saving, 1e-9) and p_value <= level
