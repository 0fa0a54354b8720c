"""QuixBugs' programs, each with a bug in one line: kind, scope and place of what the judge says of them.

Kinds, scopes and the texts of the places were written by hand, from reading the programs; places of exceptions are
besides held against CPython's own report from a plain process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegym.judge import Judge
from codegym.sandbox.limits import Limits
from envs_registry import load_suite

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("CODEGYM_DATA", "CODEGYM_DATA is not set"))
FOLDER = DATA / "quixbugs" / "python_programs"
LIMITS = Limits(cpu_seconds=1.0, wall_seconds=10.0, program_cpu_seconds=2.0)

RAISING = {
    "find_in_sorted": ("recursion_error", "global", 9, "binsearch(mid, end)"),
    "gcd": ("recursion_error", "global", 5, "gcd(a % b, b)"),
    "mergesort": ("recursion_error", "global", 21, "mergesort(arr[:middle])"),
    "find_first_in_sorted": ("index_error", "line", 8, "arr[mid]"),
    "kth": ("index_error", "line", 2, "arr[0]"),
    "pascal": ("index_error", "line", 8, "rows[r - 1][c]"),
    "possible_change": ("value_error", "line", 8, "first, *rest"),
}
HANGING = {"bitcount": (4, 6), "sqrt": (4, 5)}
"""From a program to the first and the last line of its loop without end."""
WRONG = (
    "bucketsort", "get_factors", "hanoi", "is_valid_parenthesization", "kheapsort", "lis",
    "longest_common_subsequence", "max_sublist_sum", "next_palindrome", "next_permutation", "powerset", "quicksort",
    "rpn_eval", "shunting_yard", "sieve", "subsequences", "to_base", "wrap",
)  # fmt: skip
"""Programs that end well on all tests and answer some wrongly: no line is certain."""

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="needs CODEGYM_DATA with quixbugs/")


@pytest.fixture(scope="module")
def feedback_of():
    with Judge(workers=2, limits=LIMITS) as judge:
        problems = {problem.task_id.partition("/")[2]: problem for problem in load_suite("quixbugs", data_dir=DATA)}
        names = [*RAISING, *HANGING, *WRONG]
        judged = judge.judge_many([(problems[name], program(name)) for name in names])
        yield dict(zip(names, judged, strict=True))


def program(name):
    return (FOLDER / f"{name}.py").read_text()


def cpythons_place(name):
    """What a plain process says of the first call that raises."""
    rows = (FOLDER.parent / "json_testcases" / f"{name}.json").read_text().splitlines()
    calls = [repr(tuple(json.loads(row)[0])) for row in rows if row.strip()]
    asked = json.dumps({"source": program(name), "entry": name, "calls": calls})
    command = [sys.executable, "-I", "-S", str(ROOT / "benchmarks" / "cpython_report.py")]
    done = subprocess.run(command, input=asked, text=True, capture_output=True, check=True)
    return json.loads(done.stdout)["place"]


@pytest.mark.parametrize("name", RAISING)
def test_exceptions(name, feedback_of):
    feedback = feedback_of[name]
    kind, scope, line, text = RAISING[name]
    found = feedback.diagnostics[0]
    assert (feedback.verdict, feedback.kind, feedback.scope) == ("error", kind, scope)
    assert (found.start_line, feedback.program.completion[found.start : found.end]) == (line, text)
    assert [found.start_line, found.start_col, found.end_line, found.end_col] == cpythons_place(name)


@pytest.mark.parametrize("name", HANGING)
def test_loops_without_end(name, feedback_of):
    feedback = feedback_of[name]
    first, last = HANGING[name]
    assert (feedback.verdict, feedback.kind, feedback.scope) == ("timeout", "time_limit", "global")
    # A busy machine may not let it say in time where it is; then there is no place, but never another.
    assert feedback.diagnostics[0].start_line in (0, *range(first, last + 1))


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answers(name, feedback_of):
    feedback = feedback_of[name]
    assert (feedback.verdict, feedback.kind, feedback.scope) == ("fail", "wrong_answer", "global")
    assert [(d.kind, d.start) for d in feedback.diagnostics] == [("wrong_answer", -1)]
