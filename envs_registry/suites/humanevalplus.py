"""HumanEval+: HumanEval's problems with about 750 inputs each, compared with tolerances."""

from __future__ import annotations

from functools import partial

from codegym.problem import Problem, ScriptTest
from envs_registry.building import LazyProblems, build_lazily
from envs_registry.evalplus import MANY_INPUTS, without_numpy
from envs_registry.options import choice
from envs_registry.rows import Row
from envs_registry.sources import SuiteSource
from envs_registry.suites.humaneval import EXAMPLES, code_before, prompt_of, public_examples

_FILES = ("HumanEvalPlus-OriginFmt.jsonl*", "HumanEvalPlus*OriginFmt*.jsonl*", "*.parquet", "*/*.parquet")


def load(source: SuiteSource, split: str, *, prompt: str = "completion", examples: str = "official") -> LazyProblems:
    """Loads HumanEval+ from the release's ``OriginFmt`` file or the hub's Parquet file.

    Args:
        source: Where the file is.
        split: ``"test"``, the only one.
        prompt: ``"completion"`` or ``"instruct"``, as in ``humaneval``.
        examples: Choice of the public tests, as in ``humaneval``.
    """
    choice("prompt", prompt, ("completion", "instruct"))
    choice("examples", examples, EXAMPLES)
    build = partial(_problem, prompt=prompt, examples=examples)
    return build_lazily([source.file(*_FILES)], lambda row: row.label("task_id"), build)


def _problem(row: Row, prompt: str, examples: str) -> Problem:
    task_id, statement, entry_point = row.get("task_id", str), row.get("prompt", str), row.get("entry_point", str)
    script = row.code("test")
    # An example that is none of the script's inputs could refuse a program that the benchmark accepts.
    shown = [
        test
        for test in public_examples(task_id, statement, entry_point)
        if examples == "all" or (examples == "official" and repr(list(test.args)) in script)
    ]
    return Problem(
        task_id=task_id,
        prompt=prompt_of(prompt, statement),
        tests=(*shown, ScriptTest(source=without_numpy(script))),
        entry_point=entry_point,
        starter_code=statement,
        context=code_before(statement, entry_point),
        solutions=(statement + row.get("canonical_solution", str),),
        tags=("humaneval", "evalplus"),
        limits=MANY_INPUTS,
    )


KNOWN_BAD = {"HumanEval/32": "its test text spreads the one number that the function returns: TypeError"}
"""Problems whose published tests or solutions are at fault, with the reason."""
