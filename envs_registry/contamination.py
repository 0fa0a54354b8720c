"""Do two suites share problems? Runs of words that stand in both say so."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from codegym.problem import Problem
from envs_registry.near_duplicates import runs_of
from envs_registry.options import at_least
from envs_registry.suite import Suite

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """A problem of one suite that another suite seems to hold.

    Attributes:
        task_id: The problem of the first suite.
        other_id: The problem of the second suite that shares most with it.
        share: The share of the first problem's n-grams that stand in the other, in (0, 1].
        example: A shared run of words.
    """

    task_id: str
    other_id: str
    share: float
    example: str


def overlaps(
    suite: Suite, other: Suite, *, n: int = 10, threshold: float = 0.2, common: float = 0.02, solutions: bool = False
) -> tuple[Overlap, ...]:
    """Returns the problems of a suite that share n-grams of words with another suite, largest share first.

    Args:
        suite: The suite whose problems are looked at, usually the one that is evaluated.
        other: The suite that they might stand in, usually the one that is trained on.
        n: Words in a run. A statement shorter than that is compared as one run.
        threshold: Smallest share that counts.
        common: Runs that stand in more than this share of either suite's problems (and in more than three) are form,
            not content, and do not count.
        solutions: Whether reference solutions are compared in addition to the prompts.

    Raises:
        InvalidSettingError: If ``n`` is below one.
    """
    at_least("n", n, 1)
    ours = [_grams(problem, n, solutions) for problem in suite]
    theirs = [_grams(problem, n, solutions) for problem in other]
    # Phrases such as "you are an expert programmer" are in every prompt of a suite and say nothing.
    form = _form(ours, common) | _form(theirs, common)
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for index, grams in enumerate(theirs):
        for gram in grams - form:
            holders[gram].append(index)
    found: list[Overlap] = []
    for task_id, grams in zip(suite.task_ids, ours, strict=True):
        content = grams - form
        shared = Counter(index for gram in content for index in holders.get(gram, ()))
        if not shared:
            continue
        # Of equal counts the first problem, so that the report is the same every time.
        index, count = min(shared.items(), key=lambda item: (-item[1], item[0]))
        if count / len(content) >= threshold:
            example = min(content & theirs[index])
            share = count / len(content)
            found.append(Overlap(task_id=task_id, other_id=other.task_ids[index], share=share, example=example))
    return tuple(sorted(found, key=lambda overlap: -overlap.share))


def _grams(problem: Problem, n: int, solutions: bool) -> set[str]:
    texts = (problem.prompt, *(problem.solutions if solutions else ()))
    # Upper case and punctuation are what copies of a statement differ in first.
    return {run for text in texts for run in runs_of(_WORD.findall(text.lower()), n)}


def _form(problems: list[set[str]], common: float) -> set[str]:
    counts = Counter(gram for grams in problems for gram in grams)
    # At least three: of a small suite the share alone would be less than one problem.
    return {gram for gram, count in counts.items() if count > max(3, common * len(problems))}
