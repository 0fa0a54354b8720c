"""Which parts of a completion no test ran: they were neither right nor wrong (StepCoder, arXiv 2402.01391)."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from agents.policy.completion import Completion
from codegym.feedback.feedback import Feedback
from codegym.program import Program


def unreached_tokens(feedback: Feedback, completion: Completion) -> NDArray[np.bool_]:
    """Says which tokens belong to statements that no test ran.

    Args:
        feedback: Of a judge that traces programs; where nothing is known to have run, everything may have.
        completion: That was judged.

    Returns:
        bool [T], all False for a program that was not traced.
    """
    mask = np.zeros(len(completion), np.bool_)
    for start, end in unreached_ranges(feedback.program, frozenset(feedback.executed_lines)):
        first, last = feedback.program.completion_span(start, end)
        mask |= completion.tokens_between(first, last)
    return mask


def unreached_ranges(program: Program, executed: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Yields the ranges of characters of the source that hold statements of which no line was run.

    Definitions, imports and the headers that lead to something that was run are run themselves.

    Args:
        program: What was judged.
        executed: Its lines that were run, from 1.
    """
    if not executed:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of a sampled program is no news
            tree = ast.parse(program.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for statement in _statements(tree):
        lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        if executed.isdisjoint(lines):
            yield program.line_starts[lines[0] - 1], program.line_end(lines[-1])


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """All statements but those that only name things or leave no trace."""
    silent = (ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not isinstance(node, silent) and not _is_text(node):
            yield node


def _is_text(statement: ast.stmt) -> bool:
    """A docstring: CPython runs nothing for it."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
