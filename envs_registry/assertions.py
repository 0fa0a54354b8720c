"""Turns assert code into tests: plain ``assert f(literals) == literal`` into call tests, the rest into script tests.

A call test's expected value stays outside the sandbox, it reports what came back, and it is judged in one process
less; so whatever can be one, is one. ``==`` means the same in both forms.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from functools import lru_cache

from codegym import extraction
from codegym.problem import CallTest, ScriptTest, TestCase


@lru_cache(maxsize=64)  # the tests of one problem are looked at several times
def parsed(source: str) -> ast.Module | None:
    """Returns the syntax tree of a text, None where it does not parse. The tree is shared: do not change it."""
    # However long: a benchmark's own test scripts have megabytes, and nobody made them to be slow.
    return extraction.parsed(source, longest=math.inf)


def call_of(node: ast.expr, function: str) -> CallTest | None:
    """Returns ``function(literals)`` as a call test without an expectation, None for any other expression."""
    if not (isinstance(node, ast.Call) and ast.unparse(node.func) == function):
        return None
    # How many values a starred argument has, only the running program would say.
    if any(isinstance(arg, ast.Starred) for arg in node.args) or any(word.arg is None for word in node.keywords):
        return None
    try:
        args = tuple(ast.literal_eval(arg) for arg in node.args)
        kwargs = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None
    return CallTest(args=args, kwargs=kwargs)


def call_test(node: ast.stmt, function: str, public: bool = False) -> CallTest | None:
    """Returns ``assert function(literals) == literal`` as a call test, None for any other statement."""
    if not (isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare)):
        return None
    comparison = node.test
    if len(comparison.ops) != 1 or not isinstance(comparison.ops[0], ast.Eq):
        return None
    # Some authors write the value first: assert 3 == f(2).
    for called, wanted in ((comparison.left, comparison.comparators[0]), (comparison.comparators[0], comparison.left)):
        call = call_of(called, function)
        if call is None:
            continue
        try:
            expected = ast.literal_eval(wanted)
        except (ValueError, TypeError, RecursionError, MemoryError):
            return None
        return CallTest(args=call.args, kwargs=call.kwargs, expected=expected, public=public)
    return None


def cases_of_asserts(source: str, entry_point: str, *, setup: str = "", public: bool = False) -> tuple[TestCase, ...]:
    """Returns the tests of a text of top-level statements (MBPP's ``test_list`` entries, say).

    Args:
        source: Assert statements that name the entry point.
        entry_point: The function under test.
        setup: Code that must run before the asserts; it goes into every script test.
        public: Whether the tests may be shown.

    Returns:
        A call test where the text is one plain assert, else the whole text as one script test.
    """
    tree = parsed(source)
    if tree is not None and len(tree.body) == 1:
        call = call_test(tree.body[0], entry_point, public)
        if call is not None:
            return (call,)
    return (ScriptTest(source=joined(setup, source), public=public),)


def cases_of_check(script: str, *, public: bool = False) -> tuple[TestCase, ...]:
    """Returns the tests of a script with a ``check(candidate)``, one for each of its asserts.

    The script is split only where that cannot change its meaning: where the body of ``check`` is a list of asserts and
    nothing else. Otherwise the whole script is the one test.
    """
    whole: tuple[TestCase, ...] = (ScriptTest(source=script, public=public),)
    tree = parsed(script)
    checks = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"] if tree else []
    # Code behind check may call it, or change what it reads: such a script stays whole.
    if tree is None or len(checks) != 1 or tree.body[-1] is not checks[0] or len(checks[0].args.args) != 1:
        return whole
    candidate = checks[0].args.args[0].arg
    asserts = [node for node in checks[0].body if not _says_nothing(node)]
    if not asserts or not all(isinstance(node, ast.Assert) for node in asserts):
        return whole
    # The code above check (imports, helpers) belongs to each of the single tests.
    lines = script.splitlines()
    head = "\n".join(lines[: checks[0].lineno - 1]).strip("\n")
    return tuple(call_test(node, candidate, public) or _check_of(node, candidate, head, public) for node in asserts)


def _check_of(node: ast.stmt, candidate: str, head: str, public: bool) -> ScriptTest:
    body = "\n".join(f"    {line}" for line in ast.unparse(node).split("\n"))
    return ScriptTest(source=joined(head, f"def check({candidate}):\n{body}"), public=public)


def _says_nothing(node: ast.stmt) -> bool:
    """``pass``, docstrings and ``assert True, "..."``."""
    if isinstance(node, (ast.Assert, ast.Expr)):
        value = node.test if isinstance(node, ast.Assert) else node.value
        return isinstance(value, ast.Constant) and (bool(value.value) or isinstance(node, ast.Expr))
    return isinstance(node, ast.Pass)


def defined_names(source: str) -> frozenset[str]:
    """Returns the names that a text defines at its top level."""
    return extraction.defined_names(parsed(source))


def used_names(source: str) -> frozenset[str]:
    """Returns every bare name that a text reads."""
    tree = parsed(source)
    return frozenset(
        node.id
        for node in ast.walk(tree or ast.Module([], []))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )


def needs_one_process(tests: Iterable[TestCase], given: Iterable[str], entry_point: str) -> bool:
    """Says whether script tests reach for more of the program (or of the problem's classes) than its entry point.

    Args:
        tests: The problem's tests.
        given: The names that such a test would need from the program's own process.
        entry_point: The one name that tests may use across processes.
    """
    # A script runs in a process of its own, where only the entry point stands for something of the program.
    others = frozenset(given) - {entry_point}
    return any(isinstance(test, ScriptTest) and others & used_names(test.source) for test in tests)


def joined(*parts: str) -> str:
    """Returns the parts that are not empty, a line break between each."""
    return "\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"
