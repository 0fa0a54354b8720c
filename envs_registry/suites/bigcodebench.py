"""BigCodeBench: tasks that call libraries, tested by unittest classes."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import partial

from codegym.problem import Problem, ScriptTest
from codegym.sandbox.limits import Limits
from envs_registry.assertions import joined, parsed
from envs_registry.building import LazyProblems, build_lazily
from envs_registry.options import choice
from envs_registry.rows import Row
from envs_registry.sources import SuiteSource

# Its programs load pandas, matplotlib or sklearn, and some start processes.
_LIMITS = Limits(
    cpu_seconds=60.0,
    wall_seconds=120.0,
    memory_bytes=8 * 2**30,
    processes=16,
    program_cpu_seconds=240.0,
    output_bytes=2**22,
)
_HARD = (
    "BigCodeBench-Hard is a dataset of its own; on a machine with a network run: "
    "hf download bigcode/bigcodebench-hard --repo-type dataset --local-dir DIR/bigcodebench/hard"
)
_RUN = """
def check(candidate):
    import io, unittest
    suite = unittest.TestSuite()
    for name in {names!r}:
        suite.addTest({case}(name))
    result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    problems = result.failures + result.errors
    assert not problems, problems[0][1].strip().splitlines()[-1]
    assert result.testsRun == {count}, "not every test ran"
"""


def load(source: SuiteSource, split: str, *, prompt: str = "complete", tests: str = "split") -> LazyProblems:
    """Loads BigCodeBench from its published rows (Parquet from the hub, or JSONL).

    Args:
        source: Where the file is.
        split: ``"test"``; ``"hard"`` for the files of BigCodeBench-Hard.
        prompt: ``"complete"``: signature and docstring, to be continued; ``"instruct"``: a request in prose.
        tests: ``"split"``: one test for each method of the test class; ``"script"``: the whole class as one.
    """
    choice("prompt", prompt, ("complete", "instruct"))
    choice("tests", tests, ("split", "script"))
    hard = ("*[Hh]ard*.jsonl*", "*[Hh]ard*/*.parquet", "*[Hh]ard*/*/*.parquet", "*[Hh]ard*.parquet")
    full = ("BigCodeBench*.jsonl*", "v*.parquet", "data/v*.parquet", "*.jsonl*", "*.parquet")
    if split == "hard":
        source = replace(source, how_to_get=f"{source.how_to_get} {_HARD}".strip())
    paths = source.files(*(hard if split == "hard" else full))
    # Versions are named in order, and a later one corrects the earlier ones.
    newest = [path for path in paths if split == "hard" or "hard" not in path.name.lower()][-1:]
    build = partial(_problem, prompt=prompt, tests=tests)
    return build_lazily(newest, lambda row: row.label("task_id"), build)


def _problem(row: Row, prompt: str, tests: str) -> Problem:
    entry_point, complete = row.get("entry_point", str), row.get("complete_prompt", str)
    libraries = _libraries(row.get("libs", object, ()))
    return Problem(
        task_id=row.get("task_id", str),
        prompt=complete if prompt == "complete" else row.get("instruct_prompt", str),
        tests=_tests(row, row.get("test", str), tests),
        entry_point=entry_point,
        starter_code=complete,
        # What stands above the function in the prompt: imports and constants.
        context=row.get("code_prompt", str, "").split(f"def {entry_point}(")[0],
        solutions=(complete + row.get("canonical_solution", str),),
        tags=("bigcodebench", *libraries),
        limits=_LIMITS,
        one_process=True,
    )


def _tests(row: Row, script: str, how: str) -> tuple[ScriptTest, ...]:
    tree = parsed(script)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)] if tree else []
    cases = {node.name: _methods(node) for node in classes if _methods(node)}
    if not cases:
        row.fail("field 'test' must be Python with a unittest class that has test methods.")
    groups = [(case, [name]) for case, names in cases.items() for name in names]
    if how == "script":
        groups = [(case, list(names)) for case, names in cases.items()]
    return tuple(
        ScriptTest(source=joined(script, _RUN.format(names=names, case=case, count=len(names))))
        for case, names in groups
    )


def _methods(node: ast.ClassDef) -> list[str]:
    return [item.name for item in node.body if isinstance(item, ast.FunctionDef) and item.name.startswith("test")]


def _libraries(value: object) -> tuple[str, ...]:
    """The libraries of a task; published as the text of a Python list."""
    try:
        names = ast.literal_eval(value) if isinstance(value, str) else value
    except (ValueError, SyntaxError):
        return ()
    return tuple(map(str, names)) if isinstance(names, (list, tuple)) else ()
