"""Making exercises of candidates: prompts, tests, mutants."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from codegym.problem import Problem
from envs_registry.suites.core import LIMITS
from tools.core_suite.candidate import CandidateProblem
from tools.core_suite.composition import split_of
from tools.core_suite.draft import Draft
from tools.core_suite.recipe import DraftRecipe
from tools.core_suite.styles import STYLES, write
from tools.core_suite.variation import answer, variations
from tools.core_suite.wording import wordings

_MAX_PROMPT = 300
_TESTS, _STDIN_TESTS, _PUBLIC, _MUTANTS = 10, 8, 2, 4


def draft_of(task_id: str, candidate: CandidateProblem, rng: random.Random) -> Draft:
    """Returns the exercise that asks for a candidate.

    Args:
        task_id: The problem's.
        candidate: What to ask for.
        rng: Chooses words, tests and mutants.
    """
    frame = candidate.frame
    cases = pool(candidate.recipe, rng)
    prompts = _prompts(candidate, rng)
    problem = Problem(
        task_id=task_id,
        prompt=prompts[0],
        tests=tuple(candidate.recipe.test(*case) for case in cases),
        entry_point=frame.head[4:].split("(")[0] or None,
        starter_code=frame.head,
        solutions=candidate.solutions,
        mutants=_mutants(candidate, [args for args, _, _ in cases], [value for _, value, _ in cases], rng),
        difficulty=candidate.difficulty,
        tags=(candidate.family.name, *candidate.composition.skeleton),
        limits=LIMITS,
    )
    return Draft(
        problem=problem,
        wordings=prompts,
        family=candidate.family.name,
        skeleton=candidate.composition.skeleton,
        recipe=candidate.recipe,
    )


def _prompts(candidate: CandidateProblem, rng: random.Random) -> tuple[str, ...]:
    frame = candidate.frame
    texts = wordings(candidate.composition, frame.parameters, rng)
    if not frame.head:
        texts = tuple(
            text.replace("eturn ", "rint ").replace("Rrint", "Print").replace("rrint", "print") for text in texts
        )
    tail = f"\n{frame.head}\n" if frame.head else "\n"
    return tuple(sorted((text + tail for text in texts), key=lambda text: len(text) > _MAX_PROMPT))


def pool(recipe: DraftRecipe, rng: random.Random) -> list[tuple[tuple[Any, ...], Any, bool]]:
    """Returns arguments, answer and whether public: the public ones first, edge cases after them."""
    wanted = _TESTS if recipe.entry.stdin is None else _STDIN_TESTS
    sizes = [0, 1, 2, *(rng.randint(4, 9) for _ in range(6 * _TESTS))]
    cases: list[tuple[tuple[Any, ...], Any]] = []
    seen: Counter[str] = Counter()
    for number, size in enumerate(sizes):
        args = recipe.arguments(size, rng)
        value = recipe.answer(*args)
        text = repr(value)
        common = _TESTS if number > 3 * _TESTS else 6 if isinstance(value, bool) else 3
        if seen[text] < common and all(args != other for other, _ in cases):
            cases.append((args, value))
            seen[text] += 1
        if len(cases) == wanted:
            break
    public = sorted(range(3, len(cases)), key=lambda i: seen[repr(cases[i][1])])[:_PUBLIC]
    shown = [(*cases[i], True) for i in public]
    return shown + [(*case, False) for i, case in enumerate(cases) if i not in public]


def _mutants(
    candidate: CandidateProblem, cases: list[tuple[Any, ...]], values: list[Any], rng: random.Random
) -> tuple[str, ...]:
    """Returns programs whose meaning differs from the candidate's on one of the cases at least.

    Those of train never are what validation or test ask for.
    """
    found: list[str] = []
    as_text = candidate.recipe.entry.stdin is not None
    for wrong in variations(candidate.composition, candidate.family, rng):
        if candidate.split == "train" and split_of(wrong) != "train":
            continue
        if all(_same(answer(wrong, args), value, as_text) for args, value in zip(cases, values, strict=True)):
            continue
        found.append(write(wrong, candidate.frame, rng.choice(STYLES)))
        if len(found) == _MUTANTS:
            break
    return tuple(dict.fromkeys(found))


def _same(actual: Any, expected: Any, as_text: bool) -> bool:
    return (str(actual).split() == str(expected).split()) if as_text else bool(actual == expected)
