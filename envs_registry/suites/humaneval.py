"""HumanEval: a signature with a docstring, a ``check(candidate)`` that nobody sees."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from codegym.problem import CallTest, Problem, ScriptTest, TestCase
from codegym.sandbox.limits import Limits
from envs_registry.assertions import cases_of_check, parsed
from envs_registry.building import LazyProblems, build_all
from envs_registry.examples import docstring_of, examples_in
from envs_registry.options import choice
from envs_registry.rows import Row
from envs_registry.sources import SuiteSource

EXAMPLES = ("official", "all", "none")
"""What the option of that name may be."""
# For all of ``check``; the benchmark stops it after three seconds.
_LIMITS = Limits(cpu_seconds=5.0, wall_seconds=30.0, program_cpu_seconds=5.0)
_INSTRUCTION = (
    "Complete the following Python function. Answer with the whole function in one ```python block."
    "\n\n```python\n{}```\n"
)


def load(
    source: SuiteSource, split: str, *, prompt: str = "completion", tests: str = "split", examples: str = "official"
) -> LazyProblems:
    """Loads HumanEval from ``HumanEval.jsonl(.gz)`` or the hub's Parquet file.

    Args:
        source: Where the file is.
        split: ``"test"``, the only one.
        prompt: ``"completion"``: the benchmark's own prompt, to be continued; ``"instruct"``: a request around it.
        tests: ``"split"``: one test for each assert of ``check`` where it is a list of asserts; ``"script"``: ``check``
            as it stands, one private test. The verdict is the same, the pass rate is finer.
        examples: The docstring's examples that are public tests. ``"official"``: those that ``check`` holds too, so
            that the verdict stays the benchmark's; ``"all"``: the others too; ``"none"``.
    """
    choice("prompt", prompt, ("completion", "instruct"))
    choice("tests", tests, ("split", "script"))
    choice("examples", examples, EXAMPLES)
    path = source.file("HumanEval.jsonl.gz", "HumanEval.jsonl", "*.parquet", "*/*.parquet")
    return build_all([path], lambda row: problem_of_row(row, prompt, tests, examples))


def problem_of_row(row: Row, prompt: str, tests: str, examples: str) -> Problem:
    """Returns the problem of one row in HumanEval's format."""
    task_id, statement, entry_point = row.get("task_id", str), row.get("prompt", str), row.get("entry_point", str)
    script = row.code("test")
    return Problem(
        task_id=task_id,
        prompt=prompt_of(prompt, statement),
        tests=_tests(script, public_examples(task_id, statement, entry_point), tests, examples),
        entry_point=entry_point,
        starter_code=statement,
        context=code_before(statement, entry_point),
        solutions=(statement + row.get("canonical_solution", str),),
        tags=("humaneval",),
        limits=_LIMITS,
    )


def _tests(script: str, shown: tuple[CallTest, ...], how: str, examples: str) -> tuple[TestCase, ...]:
    asserts = cases_of_check(script)
    official = {_key(test) for test in asserts}
    extra = tuple(test for test in shown if examples == "all" and _key(test) not in official)
    public = {_key(test) for test in shown} if examples != "none" else set()
    # Here the shown examples stand beside a script that holds them too: the verdict stays the benchmark's.
    if how == "script":
        return (*extra, *(test for test in shown if _key(test) in official & public), ScriptTest(source=script))
    return (*extra, *(replace(test, public=_key(test) in public) for test in asserts))


def _key(test: TestCase) -> str:
    return repr(replace(test, public=False))


def prompt_of(style: str, statement: str) -> str:
    """Returns the prompt in one of the two styles."""
    return statement if style == "completion" else _INSTRUCTION.format(statement)


def public_examples(task_id: str, statement: str, entry_point: str) -> tuple[CallTest, ...]:
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
    # A prompt that does not parse even with a body is cut by its text.
    match = re.search(rf"^def {re.escape(entry_point)}\b", statement, re.MULTILINE)
    return statement[: match.start()] if match else ""


WRONG_EXAMPLES: dict[str, tuple[str, ...]] = {
    "HumanEval/47": ("([-10, 4, 6, 1000, 10, 20],)",),
    "HumanEval/116": ("([1, 5, 2, 3, 4],)", "([-2, -3, -4, -5, -6],)"),
    "HumanEval/130": ("(1,)", "(4,)"),
}
"""Examples in the published docstrings that contradict the published solutions, by their arguments."""
