"""Whether an error that ended a test script is the script's own: then it says nothing about the program.

Only what a program cannot bring about counts as the script's own; in doubt it is the program that failed the test.
"""

from __future__ import annotations

import ast
import opcode
import sys
from types import ModuleType, TracebackType

from .failure import source_lines, span_at
from .program import CONTEXT
from .solution import SolutionModule
from .test_functions import CannotRun

SCRIPT = "<test>"
"""File name of a script's code."""


def is_own_fault(error: BaseException, script: str, context: str) -> bool:
    """Returns whether an error that the program did not raise would have come with any program.

    Args:
        error: What ended the script, after it had asked something of the program.
        script: The script's text.
        context: The problem's code, which ran before it.
    """
    if isinstance(error, CannotRun) or (isinstance(error, SyntaxError) and error.filename == SCRIPT):
        return True
    if innermost_filename(error) not in (SCRIPT, CONTEXT) or _says_no(error, script):
        return False
    if type(error) is NameError:
        # A name that is bound somewhere may be unbound only because the program's answer had no items.
        return error.name is not None and error.name not in _bound_names(script, context)
    if isinstance(error, ImportError):
        name = error.name or ""
        return name.partition(".")[0] in _imported(script) and not isinstance(sys.modules.get(name), SolutionModule)
    if isinstance(error, AttributeError):
        return isinstance(error.obj, ModuleType) or _is_test_case(error.obj)
    return False


def is_deliberate(error: BaseException) -> bool:
    """Whether an error is a test's way to say no: a failed assertion, an exit, or a ``raise`` of its own."""
    if isinstance(error, (AssertionError, SystemExit)):
        return True
    innermost = _innermost(error)
    if innermost is None or innermost.tb_frame.f_code.co_filename != SCRIPT:
        return False
    return innermost.tb_frame.f_code.co_code[innermost.tb_lasti] == opcode.opmap["RAISE_VARARGS"]


def innermost_filename(error: BaseException) -> str:
    """Returns the file name of the code that raised an error."""
    innermost = _innermost(error)
    return "" if innermost is None else innermost.tb_frame.f_code.co_filename


def _innermost(error: BaseException) -> TracebackType | None:
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    return innermost


def _says_no(error: BaseException, script: str) -> bool:
    """Whether it came while the test was already saying no: in an assertion's message, or in a ``raise``."""
    innermost = _innermost(error)
    if innermost is None or innermost.tb_frame.f_code.co_filename != SCRIPT:
        return False
    code, lines = innermost.tb_frame.f_code, source_lines(script)
    line, column, *_ = span_at(code, innermost.tb_lasti, innermost.tb_lineno, lines)
    return any(
        (part.lineno, part.col_offset) <= (line, column) <= (part.end_lineno or 0, part.end_col_offset or 0)
        for node in ast.walk(ast.parse(script))
        for part in ([node.msg] if isinstance(node, ast.Assert) else [node] if isinstance(node, ast.Raise) else [])
        if part is not None
    )


def _is_test_case(value: object) -> bool:
    return any(kind.__module__ == "unittest.case" for kind in type(value).__mro__)


def _bound_names(*sources: str) -> set[str]:
    names: set[str] = set()
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.arg(arg=name) | ast.ExceptHandler(name=str() as name) | ast.MatchStar(name=str() as name):
                names.add(name)
            case ast.MatchAs(name=str() as name) | ast.MatchMapping(rest=str() as name):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.add(other or name.partition(".")[0])
    return names


def _imported(script: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found
