"""QuixBugs: classic algorithms, each with a bug in one line."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from codegym.comparison import Comparison
from codegym.errors import DataError
from codegym.problem import CallTest, Problem, ScriptTest, TestCase
from envs_registry.assertions import parsed
from envs_registry.building import build_each
from envs_registry.checkers import accepts_within_second_argument
from envs_registry.options import choice
from envs_registry.rows import read_text
from envs_registry.sources import SuiteSource

# Their answers are generators: what they yield is compared.
_GENERATORS = ("flatten", "kheapsort")
# Their answers are lists of pairs, which JSON cannot write.
_PAIRS = ("hanoi",)
# Lines of test cases that keep the correct program busy for a minute and more; the benchmark marks them as slow.
_SLOW = {"knapsack": 10, "levenshtein": 4}
_WRITE = "Write this Python function.\n\n{description}\n\n```python\n{signature}\n```\n\n"
_REPAIR = "One line of this Python function is wrong.\n\n{description}\n\n```python\n{buggy}\n```\n\n"
_ANSWER = "Answer with the whole function in one ```python block."


def load(source: SuiteSource, split: str, *, task: str = "write", slow: bool = False) -> tuple[Problem, ...]:
    """Loads QuixBugs from its repository's folders.

    Args:
        source: A folder with ``python_programs``, ``correct_python_programs`` and ``json_testcases``.
        split: ``"test"``, the only one.
        task: ``"write"``: from the description; ``"repair"``: with the buggy program in the prompt.
        slow: Whether the two test cases stay that even the correct programs do not finish in seconds.

    Raises:
        FaultyRowsError: If programs or their tests are missing or malformed.
    """
    choice("task", task, ("write", "repair"))
    tests = source.files("json_testcases/*.json")
    return build_each(tests, lambda path: _problem(path.parents[1], path.stem, task, slow))


def _problem(folder: Path, name: str, task: str, slow: bool) -> Problem:
    correct = read_text(folder / "correct_python_programs" / f"{name}.py")
    path = folder / "python_programs" / f"{name}.py"
    buggy, description = _split(path)
    signature = next((line for line in buggy.split("\n") if line.startswith(f"def {name}(")), "")
    if not signature:
        raise DataError(f"{path}: defines no function {name!r}.")
    request = _REPAIR if task == "repair" else _WRITE
    return Problem(
        task_id=f"quixbugs/{name}",
        prompt=request.format(description=description, signature=signature, buggy=buggy) + _ANSWER,
        tests=_tests(folder / "json_testcases" / f"{name}.json", name, slow),
        entry_point=name,
        starter_code=f"{signature}\n",
        solutions=(correct.strip() + "\n",),
        mutants=(buggy + "\n",),
        tags=("quixbugs",),
        comparison=Comparison(checker=accepts_within_second_argument) if name == "sqrt" else Comparison(),
    )


def _split(path: Path) -> tuple[str, str]:
    """Returns the program and the description below it, which is a string literal."""
    source = read_text(path).strip()
    tree = parsed(source)
    if tree is None or not tree.body:
        raise DataError(f"{path}: is not Python that parses.")
    last = tree.body[-1]
    if not (isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant) and isinstance(last.value.value, str)):
        raise DataError(f"{path}: expected a description as a text at the end.")
    return "\n".join(source.split("\n")[: last.lineno - 1]).strip(), last.value.value.strip()


def _tests(path: Path, name: str, slow: bool) -> tuple[TestCase, ...]:
    tests: list[TestCase] = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip() or (number == _SLOW.get(name) and not slow):
            continue
        try:
            args, expected = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}:{number}: expected [arguments, result]: {error}") from error
        # Some lines hold a single argument without brackets around it.
        tests.append(_test(name, args if isinstance(args, list) else [args], expected))
    return tuple(tests)


def _test(name: str, args: list[Any], expected: Any) -> TestCase:
    if name in _GENERATORS:
        return ScriptTest(source=f"assert list({name}({', '.join(map(repr, args))})) == {expected!r}\n")
    if name in _PAIRS:
        expected = [tuple(pair) for pair in expected]
    return CallTest(args=tuple(args), expected=expected)
