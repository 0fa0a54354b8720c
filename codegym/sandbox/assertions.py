"""Whether a test script could ever say no: a script without an assertion that runs tests nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from codegym.sandbox.syntax_tree import syntax_tree

_MAX_SOURCE = 2**20
_REFUSING = re.compile(
    r"assert|^fail|^raises$|^warns$|^_?exit$|^quit$|^abort$|^throw$|^check_|^verify|^expect", re.IGNORECASE
)
"""Names of functions that end a test: of unittest, pytest, numpy.testing, sys, and of people's own helpers."""
_ALWAYS_CALLED = re.compile(r"test|check$|setup|teardown|runTest$|run$|__", re.IGNORECASE)
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
NOTHING_ASSERTED = "the test asserts nothing: it holds no assert, no raise and no test function that would run"


@lru_cache(maxsize=4096)
def asserts_something(source: str) -> bool:
    """Returns whether an assertion of a script could run, as far as its text tells.

    What cannot be parsed, or is too long to look at, is left to the process that runs it.
    """
    if len(source) > _MAX_SOURCE:
        return True
    try:
        tree = syntax_tree(source)
        return _Script(tree).can_refuse()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True


class _Script:
    """A parsed script, and the names that it uses anywhere."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    def can_refuse(self) -> bool:
        return any(_refuses(node, function) for node, function in self.live(self.tree.body, ""))

    def live(self, body: list[ast.stmt], function: str) -> Iterator[tuple[ast.AST, str]]:
        """Yields what may run, each with the name of the function that it stands in."""
        for statement in body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if statement.name in self.used or _ALWAYS_CALLED.match(statement.name) or statement.decorator_list:
                    yield from self.live(statement.body, statement.name)
            elif isinstance(statement, ast.ClassDef):
                if statement.name in self.used or _is_test_class(statement):
                    yield from self.live(statement.body, "")
            else:
                yield from self._live_parts(statement, function)
            if isinstance(statement, _LEAVING):
                return  # what follows in this block never runs

    def _live_parts(self, statement: ast.stmt, function: str) -> Iterator[tuple[ast.AST, str]]:
        yield statement, function
        fixed = _fixed_truth(statement.test) if isinstance(statement, (ast.If, ast.While)) else None
        for name, value in ast.iter_fields(statement):
            is_dead = (fixed is False and name == "body") or (fixed is True and name == "orelse")
            if is_dead or isinstance(statement, ast.Assert):
                continue
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.stmt):
                    yield from self.live([part], function)
                    if isinstance(part, _LEAVING):
                        break
                elif isinstance(part, (ast.ExceptHandler, ast.match_case)):
                    yield from self.live(part.body, function)
                elif isinstance(part, ast.AST):
                    yield from ((node, function) for node in ast.walk(part))


def _is_test_class(node: ast.ClassDef) -> bool:
    return node.name.startswith("Test") or any(ast.unparse(base).endswith("TestCase") for base in node.bases)


def _fixed_truth(test: ast.expr) -> bool | None:
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple):
        return bool(test.elts)
    return False if ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING") else None


def _refuses(node: ast.AST, function: str) -> bool:
    match node:
        case ast.Assert(test=test):
            return _fixed_truth(test) is not True  # ``assert (f(1) == 2, "message")`` always holds
        case ast.Raise():
            return True
        case ast.Return(value=ast.expr() as value):  # ``def check(candidate): return candidate(1) == 2``
            return bool(re.match(r"test|check$", function)) and not isinstance(value, ast.Constant)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return _REFUSING.search(name) is not None
    return False
