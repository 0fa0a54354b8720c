"""LeetCodeDataset: LeetCode problems with a class to complete and a ``check(candidate)``."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import partial

from codegym.problem import Problem, ScriptTest
from codegym.sandbox.limits import Limits
from envs_registry.assertions import cases_of_check, needs_one_process, parsed
from envs_registry.building import LazyProblems, build_lazily
from envs_registry.options import at_least, choice
from envs_registry.rows import Row
from envs_registry.sources import SuiteSource

_LIMITS = Limits(cpu_seconds=6.0, wall_seconds=36.0, program_cpu_seconds=12.0)
# Where the published query goes over from the statement to the code.
_REQUEST = "\nPlease complete the following python code precisely:"


def load(
    source: SuiteSource, split: str, *, prompt: str = "instruct", tests: str = "split", public: int = 1
) -> LazyProblems:
    """Loads LeetCodeDataset from ``LeetCodeDataset-*-train.jsonl(.gz)`` and ``...-test...``.

    Args:
        source: Where the files are.
        split: ``"train"`` or ``"test"`` (problems published after July 2024).
        prompt: ``"instruct"``: the published query; ``"completion"``: the statement as a docstring above the class.
        tests: ``"split"``: one test for each assert; ``"script"``: ``check`` as it stands.
        public: How many of the asserts are public, first ones first. At least one stays private.
    """
    choice("prompt", prompt, ("instruct", "completion"))
    choice("tests", tests, ("split", "script"))
    at_least("public", public, 0)
    path = source.file(f"LeetCodeDataset*-{split}.jsonl*", f"*{split}*.jsonl*", f"*{split}*.parquet")
    build = partial(_problem, prompt=prompt, tests=tests, public=public)
    return build_lazily([path], lambda row: row.label("task_id"), build)


def _problem(row: Row, prompt: str, tests: str, public: int) -> Problem:
    script, context = row.code("test"), row.get("prompt", str)
    query, entry_point = row.get("query", str), row.get("entry_point", str)
    cases = cases_of_check(script) if tests == "split" else (ScriptTest(source=script),)
    block = query.split("```python\n")[-1].split("```")[0]
    starter = row.get("meta.lang_code", str, "") or row.get("starter_code", str, "") or block
    difficulty = row.get("meta.difficulty", str, "") or row.get("difficulty", str, "")
    return Problem(
        task_id=row.get("task_id", str),
        prompt=query if prompt == "instruct" else f'"""\n{query.split(_REQUEST)[0].strip()}\n"""\n{starter}\n',
        tests=tuple(replace(test, public=index < min(public, len(cases) - 1)) for index, test in enumerate(cases)),
        entry_point=entry_point,
        starter_code=starter.rstrip() + "\n",
        context=context,
        solutions=(row.get("completion", str),),
        difficulty=difficulty.lower() or None,
        tags=("leetcode", *row.get("tags", list, [])),
        limits=_LIMITS,
        one_process=needs_one_process(cases, _own_names(context), entry_point),
    )


def _own_names(context: str) -> set[str]:
    """The classes and functions that the problem gives (``TreeNode``, ``list_node``): they cannot cross processes."""
    tree = parsed(context)
    return {node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))} if tree else set()


KNOWN_BAD = {"word-ladder-ii": "its solution answers in the order of a set, its test expects one order"}
"""Problems whose published tests or solutions are at fault, with the reason."""
