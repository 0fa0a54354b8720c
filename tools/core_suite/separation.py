"""The proof that no problem of one split, and nothing near it, stands in another."""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import math
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from codegym.problem import CallTest, Problem, StdioTest
from envs_registry.near_duplicates import NearDuplicateIndex, hashes_of, runs_of
from tools.core_suite.draft import Draft

# The shipped rows were drawn with "more than 0.9", and some prompts share exactly 0.9.
NEAR = math.nextafter(0.9, 1)
"""Smallest Jaccard index of near-duplicate prompts, as sets of runs of three words."""


@dataclass(frozen=True, kw_only=True)
class Separation:
    """What two splits have in common; each pair names a problem of the first and one of the second.

    Attributes:
        skeletons: The same parts in the same order.
        behaviours: The same outputs on the same random inputs.
        programs: The same reference program up to names and constants.
        prompts: The same prompt up to names, constants, in any of their wordings.
        near_prompts: Near duplicates among the prompts, in any of their wordings.
    """

    skeletons: tuple[tuple[str, str], ...]
    behaviours: tuple[tuple[str, str], ...]
    programs: tuple[tuple[str, str], ...]
    prompts: tuple[tuple[str, str], ...]
    near_prompts: tuple[tuple[str, str], ...]

    @property
    def is_clean(self) -> bool:
        """Whether they have nothing in common."""
        return not (self.skeletons or self.behaviours or self.programs or self.prompts or self.near_prompts)


class Guard:
    """Admits only exercises that have nothing in common with one of another split."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._behaviours: set[str] = set()
        self._prompts: dict[str, NearDuplicateIndex[str]] = defaultdict(prompt_index)

    def admits(self, exercise: Draft, split: str) -> bool:
        """Returns whether an exercise is new to the other splits, and its function new to all; remembers it if so."""
        outputs = behaviour(exercise)
        keys = [*map(program_shape, exercise.problem.solutions), *map(plain_prompt, exercise.wordings)]
        if outputs in self._behaviours or any(self._owners.get(key, split) != split for key in keys):
            return False
        others = [index for owner, index in self._prompts.items() if owner != split]
        runs = [prompt_runs(text) for text in exercise.wordings]
        if any(index.owners(own) for index in others for own in runs):
            return False
        self._behaviours.add(outputs)
        self._owners.update(dict.fromkeys(keys, split))
        for own in runs:
            self._prompts[split].add(exercise.problem.task_id, own)
        return True


def prompt_index() -> NearDuplicateIndex[str]:
    """Returns an index of prompts by task id, for sets of ``prompt_runs``."""
    return NearDuplicateIndex(NEAR)


def prompt_runs(prompt: str) -> frozenset[int]:
    """Returns the runs of three words of a prompt without names and constants."""
    return hashes_of(runs_of(plain_prompt(prompt).split(), 3))


def separation(first: Sequence[Draft], second: Sequence[Draft]) -> Separation:
    """Returns what two splits have in common. Runs the reference programs in this process: for this suite only."""
    index = prompt_index()
    for exercise in first:
        for text in exercise.wordings:
            index.add(exercise.problem.task_id, prompt_runs(text))
    return Separation(
        skeletons=_common(first, second, lambda exercise: ["|".join(exercise.skeleton)]),
        behaviours=_common(first, second, lambda exercise: [behaviour(exercise)]),
        programs=_common(first, second, lambda exercise: map(program_shape, exercise.problem.solutions)),
        prompts=_common(first, second, lambda exercise: (plain_prompt(text) for text in exercise.wordings)),
        near_prompts=tuple(
            dict.fromkeys(
                (owner, exercise.problem.task_id)
                for exercise in second
                for text in exercise.wordings
                for owner in sorted(index.owners(prompt_runs(text)))
            )
        ),
    )


def _common(first: Sequence[Draft], second: Sequence[Draft], keys: Any) -> tuple[tuple[str, str], ...]:
    owners = {key: exercise.problem.task_id for exercise in first for key in keys(exercise)}
    return tuple(
        dict.fromkeys(
            (owners[key], exercise.problem.task_id) for exercise in second for key in keys(exercise) if key in owners
        )
    )


def plain_prompt(prompt: str) -> str:
    """Returns a prompt without signature, names of arguments and constants."""
    text, _, head = prompt.strip().partition("\ndef ")
    names = re.findall(r"\w+", head.partition("(")[2])
    if names:
        text = re.sub(rf"\b(?:{'|'.join(names)})\b", "N", text)
    text = re.sub(r"'[^']*'", "N", text)
    return " ".join(re.findall(r"\w+", re.sub(r"-?\b\d+\b|\bNone\b", "N", text).lower()))


def program_shape(source: str) -> str:
    """Returns a program's tree with names and constants taken out, so that only its structure remains."""
    names: dict[str, str] = {}
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            known = node.id in _BUILTINS
            node.id = node.id if known else names.setdefault(node.id, f"n{len(names)}")
        elif isinstance(node, ast.arg):
            node.arg = names.setdefault(node.arg, f"n{len(names)}")
        elif isinstance(node, ast.FunctionDef):
            node.name = "f"
        elif isinstance(node, ast.Constant):
            node.value = type(node.value).__name__
    return ast.dump(tree)


_BUILTINS = frozenset(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)


def behaviour(exercise: Draft, probes: int = 40) -> str:
    """Returns a reference program's outputs on random inputs.

    All problems whose arguments have the same types share their inputs, and all that read standard input alike.
    """
    problem, recipe = exercise.problem, exercise.recipe
    calls = [test for test in problem.tests if isinstance(test, CallTest)]
    if calls:
        longest = max(calls, key=lambda test: len(repr(test.args)))
        shapes = ",".join(map(_shape, longest.args))
        rng = random.Random(shapes)
        inputs = [tuple(_random_like(value, rng) for value in longest.args) for _ in range(probes)]
    else:
        shapes = f"stdin of {recipe.entry.source.name}"
        rng = random.Random(shapes)
        made = (recipe.test(recipe.arguments(size % 10, rng), None) for size in range(probes))
        inputs = [(test.stdin,) for test in made if isinstance(test, StdioTest)]
    run = _runner(problem)
    return shapes + "\n" + "\n".join(_outcome(run, args) for args in inputs)


def _shape(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}[{_shape(value[0]) if value else ''}]"
    return type(value).__name__


_WORDS = ("noon", "apple", "sea", "a", "tot", "ten", "onion", "egg", "man", "note")


def _random_like(value: Any, rng: random.Random) -> Any:
    if isinstance(value, int):
        return rng.randint(1, 10 ** rng.randint(1, 3))
    if isinstance(value, str):
        if set(value) <= set("+-*0"):
            return "".join(rng.choice("+-*0") for _ in range(rng.randint(0, 9)))
        return " ".join(rng.choice(_WORDS) for _ in range(rng.randint(0, 7)))
    if isinstance(value, dict):
        return {rng.choice(_WORDS): rng.randint(-2, 6) for _ in range(rng.randint(0, 7))}
    if isinstance(value, tuple):
        return tuple(_random_like(item, rng) for item in value)
    return [_random_item(value, rng) for _ in range(rng.randint(0, 9))]


def _random_item(values: list[Any], rng: random.Random) -> Any:
    if not values or isinstance(values[0], int):
        return rng.randint(-12, 30)
    if isinstance(values[0], str):
        return rng.choice(_WORDS)
    return _random_like(values[0], rng)


def _runner(problem: Problem) -> Callable[..., Any]:
    """Returns the first reference program as a function, of its standard input where it takes no arguments."""
    code = compile(problem.solutions[0], problem.task_id, "exec")
    if problem.entry_point:
        space: dict[str, Any] = {}
        exec(code, space)  # a reference of this suite, made by its own generator
        return space[problem.entry_point]  # type: ignore[no-any-return]

    def run(stdin: str) -> str:
        printed, before = io.StringIO(), sys.stdin
        sys.stdin = io.StringIO(stdin)
        try:
            with contextlib.redirect_stdout(printed):
                exec(code, {})
        finally:
            sys.stdin = before
        return printed.getvalue()

    return run


def _outcome(run: Callable[..., Any], args: tuple[Any, ...]) -> str:
    try:
        return repr(run(*copy.deepcopy(args)))
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        return type(error).__name__
