"""HumanEval: a signature with a docstring, a ``check(candidate)`` that nobody sees."""

from __future__ import annotations

import ast
import re

from codegym.problem import Problem, ScriptTest, TestCase
from envs_registry.assertions import cases_of_check, parsed
from envs_registry.building import build_all
from envs_registry.examples import docstring_of, examples_in
from envs_registry.options import choice
from envs_registry.rows import Row
from envs_registry.sources import Source

_INSTRUCTION = (
    "Complete the following Python function. Answer with the whole function in one ```python block."
    "\n\n```python\n{}```\n"
)


def load(
    source: Source, split: str, *, prompt: str = "completion", tests: str = "split", examples: bool = True
) -> tuple[Problem, ...]:
    """Loads HumanEval from ``HumanEval.jsonl(.gz)`` or the hub's Parquet file.

    Args:
        source: Where the file is.
        split: ``"test"``, the only one.
        prompt: ``"completion"``: the benchmark's own prompt, to be continued; ``"instruct"``: a request around it.
        tests: ``"split"``: one private test for each assert of ``check`` where it is a list of asserts;
            ``"script"``: ``check`` as it stands, one private test. The verdict is the same, the pass rate is finer.
        examples: Whether the docstring's examples are added as public tests.
    """
    choice("prompt", prompt, ("completion", "instruct"))
    choice("tests", tests, ("split", "script"))
    path = source.file("HumanEval.jsonl.gz", "HumanEval.jsonl", "*.parquet", "*/*.parquet")
    return build_all([path], lambda row: problem_of_row(row, prompt, tests, examples))


def problem_of_row(row: Row, prompt: str, tests: str, examples: bool) -> Problem:
    """Returns the problem of one row in HumanEval's format."""
    statement, entry_point, script = row.get("prompt", str), row.get("entry_point", str), row.get("test", str)
    if parsed(script) is None:
        row.fail("field 'test' is not Python that parses.")
    hidden = cases_of_check(script) if tests == "split" else (ScriptTest(source=script),)
    shown = public_examples(row.get("task_id", str), statement, entry_point) if examples else ()
    return Problem(
        task_id=row.get("task_id", str),
        prompt=prompt_of(prompt, statement),
        tests=(*shown, *hidden),
        entry_point=entry_point,
        starter_code=statement,
        context=code_before(statement, entry_point),
        solutions=(statement + row.get("canonical_solution", str),),
        tags=("humaneval",),
    )


def prompt_of(style: str, statement: str) -> str:
    """Returns the prompt in one of the two styles."""
    return statement if style == "completion" else _INSTRUCTION.format(statement)


def public_examples(task_id: str, statement: str, entry_point: str) -> tuple[TestCase, ...]:
    """Returns the examples of the docstring, without those that are known to be wrong."""
    wrong = WRONG_EXAMPLES.get(task_id, ())
    found = examples_in(docstring_of(f"{statement}\n    pass\n", entry_point), entry_point)
    return tuple(test for test in found if repr(test.args) not in wrong)


def code_before(statement: str, entry_point: str) -> str:
    """Returns the part of a prompt above the function to be written: imports and helper functions."""
    tree = parsed(f"{statement}\n    pass\n")
    for node in tree.body if tree else ():
        if isinstance(node, ast.FunctionDef) and node.name == entry_point:
            return "\n".join(statement.split("\n")[: node.lineno - 1]).strip() + "\n"
    match = re.search(rf"^def {re.escape(entry_point)}\b", statement, re.MULTILINE)
    return statement[: match.start()] if match else ""


WRONG_EXAMPLES: dict[str, tuple[str, ...]] = {
    "HumanEval/47": ("([-10, 4, 6, 1000, 10, 20],)",),
    "HumanEval/116": ("([1, 5, 2, 3, 4],)", "([-2, -3, -4, -5, -6],)"),
    "HumanEval/130": ("(1,)", "(4,)"),
}
"""Examples in the published docstrings that contradict the published solutions, by their arguments."""
