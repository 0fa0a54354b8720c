"""Building the suite: draws compositions, keeps those that are worth a problem, and writes them out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from codegym.problem import CallTest, Problem
from envs_registry.suites.core.composition import ARGUMENT, Composition, Step, split_of
from envs_registry.suites.core.exercise import Exercise
from envs_registry.suites.core.family import Entry, Family
from envs_registry.suites.core.part import Part, Role
from envs_registry.suites.core.styles import Frame, Style, write
from envs_registry.suites.core.variation import reductions, variations
from envs_registry.suites.core.wording import wordings

DIFFICULTIES = ("easy", "medium", "hard", "expert")
"""By the number of parts between source and result: at most 2, 3, 4, 5 or more."""
SPLITS = ("train", "validation", "test")

_QUOTAS = {
    "train": {"easy": 60, "medium": 60, "hard": 50, "expert": 30},
    "validation": {"easy": 4, "medium": 7, "hard": 6, "expert": 3},
    "test": {"easy": 12, "medium": 20, "hard": 18, "expert": 10},
}
_NAMES = ("f", "solve", "calc", "run", "work")
_STYLES = (
    Style(),
    Style(loop=True),
    Style(fused=False, variant=1),
    Style(slow=True, loop=True, variant=1),
    Style(slow=True),
)
_MAX_PROMPT, _MAX_PROGRAM, _MAX_LINES = 300, 220, 9
_TESTS, _PUBLIC, _MUTANTS = 10, 2, 4
_PROBES = 16


@dataclass(frozen=True)
class Candidate:
    """A composition that was found worth a problem."""

    family: Family
    entry: Entry
    composition: Composition
    parameters: tuple[str, ...]
    frame: Frame
    solutions: tuple[str, ...]
    split: str
    difficulty: str


class Builder:
    """Draws candidates for all splits, so that no two of them are the same function, and makes exercises of them.

    Args:
        families: What to draw from.
        seed: Two builders with the same seed build the same.
    """

    def __init__(self, families: tuple[Family, ...], seed: int) -> None:
        self._seed = seed
        self._behaviours: set[Any] = set()
        self._probes: dict[tuple[str, bool], tuple[tuple[Any, ...], ...]] = {}
        self.candidates: dict[str, list[Candidate]] = {split: [] for split in SPLITS}
        for family in families:
            for candidate in self._draw(family):
                self.candidates[candidate.split].append(candidate)

    def exercises(self, split: str) -> Iterator[Exercise]:
        """Yields the exercises of one split; their texts depend on nothing but the seed and their place."""
        for index, candidate in enumerate(self.candidates[split]):
            yield _exercise(f"core/{split}/{index}", candidate, random.Random(f"{self._seed}/{split}/{index}"))

    def _draw(self, family: Family) -> Iterator[Candidate]:
        rng = random.Random(f"{self._seed}/{family.name}")
        wanted = Counter({(split, name): n for split, row in _QUOTAS.items() for name, n in row.items()})
        for _ in range(200 * wanted.total()):
            difficulty = rng.choice([name for name in DIFFICULTIES if any(wanted[s, name] for s in SPLITS)] or [""])
            if not difficulty:
                return
            entry = rng.choice(family.entries)
            composition = _compose(family, entry, DIFFICULTIES.index(difficulty), rng)
            if composition is None:
                continue
            split = split_of(composition.skeleton)
            if not wanted[split, difficulty] or not self._is_worth(entry, composition):
                continue
            parameters = tuple(rng.choice(names) for names in entry.parameters)
            frame = _frame(parameters, composition.takes_argument, rng)
            solutions = _solutions(composition, frame)
            if len(solutions) > 1:
                wanted[split, difficulty] -= 1
                yield Candidate(family, entry, composition, parameters, frame, solutions, split, difficulty)

    def _is_worth(self, entry: Entry, composition: Composition) -> bool:
        """Whether the function is new, varied, and needs each of its parts."""
        probes = self._probes_of(entry, composition.takes_argument)
        try:
            answers = [composition(*args) for args in probes]
        except (IndexError, TypeError, ValueError):
            return False
        texts = [repr(answer) for answer in answers]
        behaviour = (entry.domain, composition.takes_argument, tuple(texts))
        if behaviour in self._behaviours or not _is_varied(texts):
            return False
        for less in reductions(composition):
            if all(_answer(less, args) == answer for args, answer in zip(probes, answers, strict=True)):
                return False
        self._behaviours.add(behaviour)
        return True

    def _probes_of(self, entry: Entry, takes_argument: bool) -> tuple[tuple[Any, ...], ...]:
        key = (entry.domain, takes_argument)
        if key not in self._probes:
            rng = random.Random(f"probes/{entry.domain}")
            self._probes[key] = tuple(
                _arguments(entry, takes_argument, size, rng) for size in (0, 1, 2, 3, *range(4, _PROBES))
            )
        return self._probes[key]


def _is_varied(texts: list[str]) -> bool:
    counts = Counter(texts)
    most = max(counts.values())
    if set(counts) <= {"True", "False"}:
        return most <= len(texts) - 4
    return len(counts) >= 5 and most <= len(texts) // 2


def _answer(composition: Composition, args: tuple[Any, ...]) -> Any:
    """Returns the answer, or the exception where the composition has none."""
    try:
        return composition(*args)
    except (IndexError, TypeError, ValueError) as error:
        return error


def _arguments(entry: Entry, takes_argument: bool, size: int, rng: random.Random) -> tuple[Any, ...]:
    args = entry.sample(rng, size)
    return (*args, rng.randint(2, 6)) if takes_argument else args


def _compose(family: Family, entry: Entry, level: int, rng: random.Random) -> Composition | None:
    """Returns a random composition of a level's length, or None where the draw leads nowhere."""
    length = level + 2 if level == 3 or rng.random() < 0.85 or level else 1
    steps, kind, free = [Step(entry.source)], entry.source.gives, True
    for place in range(length):
        table = family.ends if place == length - 1 else family.middles
        part = _draw_part(table.get(kind, ()), steps, rng)
        if part is None:
            return None
        takes_argument = (
            free and bool(part.constants) and isinstance(part.constants[-1], int) and part.role is not Role.END
        )
        argument = takes_argument and rng.random() < 0.12
        free = free and not argument
        steps.append(Step(part, ARGUMENT if argument else rng.choice(part.constants or (None,))))
        kind = part.gives
    composition = Composition(tuple(steps))
    if family.needs and not family.needs & set(composition.skeleton):
        return None
    return composition


def _draw_part(parts: tuple[Part, ...], steps: list[Step], rng: random.Random) -> Part | None:
    """Returns a part that may follow, never the same one twice in a row."""
    last = steps[-1].part
    if last.name == "chars.twice":
        parts = tuple(part for part in parts if part.name == "chars.text")
    roles = [role for role in Role if any(part.role is role for part in parts)]
    if not roles:
        return None
    weights = {Role.KEEP: 4, Role.EACH: 4, Role.WHOLE: 3, Role.SCAN: 2, Role.END: 1}
    role = rng.choices(roles, [weights[role] for role in roles])[0]
    choice = rng.choice([part for part in parts if part.role is role])
    return None if choice is last else choice


def _exercise(task_id: str, candidate: Candidate, rng: random.Random) -> Exercise:
    composition, frame = candidate.composition, candidate.frame
    tests = _tests(candidate, rng)
    prompts = _prompts(composition, candidate.parameters, frame, rng)
    problem = Problem(
        task_id=task_id,
        prompt=prompts[0],
        tests=tests,
        entry_point=frame.head[4:].split("(")[0],
        starter_code=frame.head,
        solutions=candidate.solutions,
        mutants=_mutants(candidate, frame, tests, rng),
        difficulty=candidate.difficulty,
        tags=(candidate.family.name, *composition.skeleton),
    )
    return Exercise(
        problem=problem,
        wordings=prompts,
        family=candidate.family.name,
        skeleton=composition.skeleton,
        workload=_workload(candidate, rng),
    )


def _frame(parameters: tuple[str, ...], takes_argument: bool, rng: random.Random) -> Frame:
    names = (*parameters, "k") if takes_argument else parameters
    return Frame(head=f"def {rng.choice(_NAMES)}({', '.join(names)}):", parameters=parameters)


def _prompts(
    composition: Composition, parameters: tuple[str, ...], frame: Frame, rng: random.Random
) -> tuple[str, ...]:
    texts = [f"{text}\n{frame.head}\n" for text in wordings(composition, parameters, rng)]
    return tuple(sorted(texts, key=lambda text: len(text) > _MAX_PROMPT))


def _solutions(composition: Composition, frame: Frame) -> tuple[str, ...]:
    programs = dict.fromkeys(write(composition, frame, style) for style in _STYLES)
    return tuple(p for p in programs if len(p) <= _MAX_PROGRAM and p.count("\n") <= _MAX_LINES)


def _tests(candidate: Candidate, rng: random.Random) -> tuple[CallTest, ...]:
    """Returns tests with edge cases, the public ones first."""
    composition = candidate.composition
    sizes = [0, 1, 2, *(rng.randint(4, 9) for _ in range(3 * _TESTS))]
    pool: list[CallTest] = []
    answers: Counter[str] = Counter()
    for size in sizes:
        args = _arguments(candidate.entry, composition.takes_argument, size, rng)
        expected = composition(*args)
        if answers[repr(expected)] < 3 and all(args != test.args for test in pool):
            pool.append(CallTest(args=args, expected=expected))
            answers[repr(expected)] += 1
        if len(pool) == _TESTS:
            break
    public = sorted(range(3, len(pool)), key=lambda i: answers[repr(pool[i].expected)])[:_PUBLIC]
    chosen = [CallTest(args=pool[i].args, expected=pool[i].expected, public=True) for i in public]
    return (*chosen, *(test for i, test in enumerate(pool) if i not in public))


def _workload(candidate: Candidate, rng: random.Random) -> CallTest:
    args = _arguments(candidate.entry, candidate.composition.takes_argument, 1000, rng)
    return CallTest(args=args, expected=None)


def _mutants(candidate: Candidate, frame: Frame, tests: tuple[CallTest, ...], rng: random.Random) -> tuple[str, ...]:
    """Returns programs whose meaning differs from the problem's on one of the tests at least."""
    found: list[str] = []
    for wrong in variations(candidate.composition, candidate.family, rng):
        if candidate.split == "train" and split_of(wrong.skeleton) != "train":
            continue
        if all(_answer(wrong, test.args) == test.expected for test in tests):
            continue
        found.append(write(wrong, frame, rng.choice(_STYLES[:4])))
        if len(found) == _MUTANTS:
            break
    return tuple(dict.fromkeys(found))
