"""The marks under a failing expression, as CPython 3.13 draws them: ``~`` for its operands, ``^`` for what failed."""

from __future__ import annotations

import ast
import warnings

MOST_CHARACTERS = 200
"""Longer expressions get plain carets; nothing longer is parsed."""


def carets(expression: str) -> str:
    """Returns the marks for an expression that failed at run time.

    An operator, the brackets of a subscript or those of a call are marked ``^``, what they work on ``~``; anything
    else, and what does not parse by itself, is marked ``^`` throughout.

    Args:
        expression: A part of one line.

    Returns:
        As many marks as there are characters.
    """
    anchor = _anchor(expression) if len(expression) <= MOST_CHARACTERS else None
    if anchor is None:
        return "^" * len(expression)
    start, end = anchor
    return "~" * start + "^" * (end - start) + "~" * (len(expression) - end)


def _anchor(expression: str) -> tuple[int, int] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (statement,) = ast.parse(f"(\n{expression}\n)").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    node = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(node, ast.BinOp):
        start = _skip(expression, _character(expression, node.left.end_col_offset or 0), " )\t\\")
        wide = expression[start + 1 : start + 2] in tuple("*/<>@") and not expression[start + 1].isspace()
        return start, start + 1 + wide
    if isinstance(node, ast.Subscript):
        return _skip_to(expression, _character(expression, node.value.end_col_offset or 0), "["), len(expression)
    if isinstance(node, ast.Call):
        return _skip_to(expression, _character(expression, node.func.end_col_offset or 0), "("), len(expression)
    return None


def _character(text: str, byte_column: int) -> int:
    return len(text.encode("utf-8", "replace")[:byte_column].decode("utf-8", "ignore"))


def _skip(text: str, start: int, characters: str) -> int:
    while start < len(text) - 1 and text[start] in characters:
        start += 1
    return start


def _skip_to(text: str, start: int, character: str) -> int:
    found = text.find(character, start)
    return found if found >= 0 else start
