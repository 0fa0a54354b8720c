"""MBPP+: 378 problems of MBPP with many inputs each, compared with tolerances."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from codegym.problem import Problem, ScriptTest, TestCase
from envs_registry.assertions import cases_of_asserts, defined_names, joined, needs_one_process
from envs_registry.building import LazyProblems, build_lazily
from envs_registry.evalplus import MANY_INPUTS, without_numpy
from envs_registry.options import choice
from envs_registry.rows import Row
from envs_registry.sources import SuiteSource
from envs_registry.suites.mbpp import entry_point_of, prompt_of

# Answers of millions of tuples, which are compared where they are.
_HUGE = (255,)
_FILES = ("MbppPlus-OriginFmt.jsonl*", "MbppPlus*OriginFmt*.jsonl*", "*.parquet", "*/*.parquet")


def load(source: SuiteSource, split: str, *, prompt: str = "docstring", shown: int = 1) -> LazyProblems:
    """Loads MBPP+ from the release's ``OriginFmt`` file or the hub's Parquet file.

    Args:
        source: Where the file is.
        split: ``"test"``, the only one.
        prompt: A style of ``mbpp``; EvalPlus asks by a docstring.
        shown: How many of MBPP's own asserts stand in the prompt and are public; EvalPlus shows the first.
    """
    choice("prompt", prompt, ("paper", "docstring", "instruct"))
    choice("shown", str(shown), ("0", "1", "2", "3"))
    build = partial(_problem, prompt=prompt, shown=shown)
    return build_lazily([source.file(*_FILES)], lambda row: f"Mbpp/{row.label('task_id')}", build)


def _problem(row: Row, prompt: str, shown: int) -> Problem:
    asserts, code = row.texts("test_list"), row.get("code", str)
    entry_point = entry_point_of(row, code, asserts)
    setup = joined(*row.texts("test_imports", ()))
    public = [
        test for text in asserts[:shown] for test in cases_of_asserts(text, entry_point, setup=setup, public=True)
    ]
    hidden = ScriptTest(source=joined(setup, _on_copies(_asserted(without_numpy(row.code("test"))), entry_point)))
    tests: tuple[TestCase, ...] = (*public, hidden)
    huge = row.get("task_id", int) in _HUGE
    return Problem(
        task_id=f"Mbpp/{row.get('task_id', int)}",
        prompt=prompt_of(prompt, row.get("prompt", str).strip(), asserts[:shown]),
        tests=tests,
        entry_point=entry_point,
        solutions=(code,),
        tags=("mbpp", "evalplus"),
        one_process=huge or needs_one_process(tests, defined_names(code) - defined_names(hidden.source), entry_point),
        limits=replace(MANY_INPUTS, memory_bytes=8 * 2**30) if huge else MANY_INPUTS,
    )


_FOUND_OUT = "        exact_match = exp == (out is not None)\n"


def _asserted(script: str) -> str:
    """Returns a script that asserts what it finds out: those of Mbpp/737, 787 and 794 were published without."""
    if "assert exact_match" in script or "assert out" in script:
        return script
    return script.replace(_FOUND_OUT, f"{_FOUND_OUT}    assert exact_match\n", 1)


def _on_copies(script: str, entry_point: str) -> str:
    """Returns a script that gives the program copies, where it asks a reference afterwards (Mbpp/88, Mbpp/255).

    A program that empties its argument would be compared with the reference's answer to nothing.
    """
    comparison = f"assertion({entry_point}(*inp), ref_func(*inp)"
    if comparison not in script:
        return script
    return "import copy\n" + script.replace(comparison, f"assertion({entry_point}(*copy.deepcopy(inp)), ref_func(*inp)")


KNOWN_BAD = {"Mbpp/599": "its reference solution takes more than ten seconds on the added inputs"}
"""Problems whose published tests or solutions are at fault, with the reason."""
