"""MBPP: a sentence and three asserts, all of them in the prompt, as the benchmark has it."""

from __future__ import annotations

import ast
from collections import Counter

from codegym.problem import Problem, TestCase
from codegym.sandbox.limits import Limits
from envs_registry.assertions import cases_of_asserts, defined_names, joined, needs_one_process, parsed
from envs_registry.building import LazyProblems, build_all
from envs_registry.catalogue import ALL
from envs_registry.options import choice
from envs_registry.rows import Row, read_rows
from envs_registry.sources import SuiteSource

_SPLITS = {"prompt": range(1, 11), "test": range(11, 511), "validation": range(511, 601), "train": range(601, 975)}
# The problems of the benchmark's own three-shot prompt.
_SHOTS = (2, 3, 4)
_LIMITS = Limits(cpu_seconds=5.0, wall_seconds=30.0, program_cpu_seconds=10.0)
_FILES = ("mbpp.jsonl", "mbpp.jsonl.gz", "full/*.parquet", "*.parquet")
_SANITIZED_FILES = ("sanitized-mbpp.json", "sanitized-mbpp.json.gz", "sanitized/*.parquet")


def load(
    source: SuiteSource,
    split: str,
    *,
    sanitized: bool = False,
    prompt: str = "paper",
    shots: int = 0,
    shown: int = 3,
    challenge: bool = False,
) -> LazyProblems:
    """Loads MBPP from ``mbpp.jsonl`` or ``sanitized-mbpp.json``, or from the hub's Parquet files.

    Args:
        source: Where the files are.
        split: ``"prompt"`` (ids 1-10), ``"test"`` (11-510), ``"validation"`` (511-600), ``"train"`` (601-974) or
            ``"all"``.
        sanitized: The 427 problems that were verified by hand.
        prompt: ``"paper"``: the benchmark's own (You are an expert Python programmer ...); ``"docstring"``: sentence
            and asserts as a module docstring to be continued; ``"instruct"``: a request for one code block.
        shots: How many of the benchmark's three solved examples (ids 2, 3, 4) stand before a paper prompt.
        shown: How many of the asserts stand in the prompt and are public; the others are private. The benchmark shows
            all three, so that a program that memorises them passes: with ``shown=1`` two remain hidden.
        challenge: Whether the few challenge tests are added as private tests; published numbers leave them out.
    """
    choice("prompt", prompt, ("paper", "docstring", "instruct"))
    choice("shots", str(shots), ("0", "1", "2", "3"))
    choice("shown", str(shown), ("0", "1", "2", "3"))
    paths = source.files(*(_SANITIZED_FILES if sanitized else _FILES))
    solved = [row for path in paths for row in read_rows(path) if shots and row.get("task_id", int) in _SHOTS[:shots]]
    examples = "".join(
        f"{prompt_of('paper', _sentence(row), _asserts(row)[:shown])}{_clean(row.get('code', str))}\n[DONE]\n\n"
        for row in solved
    )

    def problem_of_row(row: Row) -> Problem | None:
        belongs = split == ALL or row.get("task_id", int) in _SPLITS[split]
        return _problem(row, prompt, examples, shown, challenge) if belongs else None

    return build_all(paths, problem_of_row)


def _problem(row: Row, prompt: str, examples: str, shown: int, challenge: bool) -> Problem:
    asserts = _asserts(row)
    code = _clean(row.get("code", str))
    entry_point = entry_point_of(row, code, asserts)
    setup = joined(*row.texts("test_imports", ()), _clean(row.get("test_setup_code", str, "")))
    hidden = tuple(map(_clean, row.texts("challenge_test_list", ()))) if challenge else ()
    tests: list[TestCase] = []
    for index, text in enumerate((*asserts, *hidden)):
        # Challenge tests stand behind the asserts, and are private whatever is shown.
        tests.extend(cases_of_asserts(text, entry_point, setup=setup, public=index < min(shown, len(asserts))))
    return Problem(
        task_id=f"mbpp/{row.get('task_id', int)}",
        prompt=prompt_of(prompt, _sentence(row), asserts[:shown], examples),
        tests=tuple(tests),
        entry_point=entry_point,
        solutions=(code,),
        tags=("mbpp",),
        one_process=needs_one_process(tests, defined_names(code) - defined_names(setup), entry_point),
        limits=_LIMITS,
    )


def prompt_of(style: str, sentence: str, asserts: tuple[str, ...], examples: str = "") -> str:
    """Returns the prompt in one of the three styles."""
    listed = "\n".join(asserts)
    if style == "docstring":
        return f'"""\n{sentence}\n{listed}\n"""\n' if asserts else f'"""\n{sentence}\n"""\n'
    if style == "instruct":
        tests = f" It must pass these tests:\n\n```python\n{listed}\n```" if asserts else ""
        return f"{sentence}{tests}\n\nAnswer with one ```python block."
    tests = f" Your code should pass these tests:\n\n{listed}" if asserts else ""
    return f"{examples}You are an expert Python programmer, and here is your task: {sentence}{tests}\n[BEGIN]\n"


def entry_point_of(row: Row, code: str, asserts: tuple[str, ...]) -> str:
    """Returns the function under test: of those that the solution defines, the one that the asserts call most.

    Of two that are called alike, ``f`` and ``g`` in ``f(g(1))``, the outer one is meant.
    """
    functions = {node.name for node in (parsed(code) or ast.Module([], [])).body if isinstance(node, ast.FunctionDef)}
    called: Counter[str] = Counter()
    for text in asserts:
        for node in ast.walk(parsed(text) or ast.Module([], [])):  # outer calls come first
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                called[node.func.id] += 1
    known = [name for name, _ in called.most_common() if name in functions]
    # An entry point may also be a class, or a lambda with a name.
    known += [name for name, _ in called.most_common() if name in defined_names(code)]
    if not known:
        row.fail("none of its tests calls a function that the reference solution defines.")
    return known[0]


def _asserts(row: Row) -> tuple[str, ...]:
    asserts = tuple(map(_clean, row.texts("test_list")))
    if not asserts:
        row.fail("field 'test_list' is empty.")
    for index, text in enumerate(asserts):
        if parsed(text) is None:
            row.fail(f"field 'test_list'[{index}] is not Python that parses: {text!r}.")
    return asserts


def _sentence(row: Row) -> str:
    """The full file calls it ``text``, the sanitized one ``prompt``."""
    text = row.get("text", str, "") or row.get("prompt", str)
    return text.strip()


def _clean(code: str) -> str:
    # The file was published with the line ends of Windows.
    return code.replace("\r\n", "\n").strip()
