"""The marks under a failing expression, as CPython 3.13 draws them: ``~`` for its operands, ``^`` for what failed."""

from __future__ import annotations

import ast

from codegym.extraction import parsed

MOST_CHARACTERS = 200  # longer expressions get plain carets; nothing longer is parsed


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
    # In brackets, since a part of a line may begin with blanks; on a line of its own, so that columns stay.
    tree = parsed(f"(\n{expression}\n)")
    statement = tree.body[0] if tree and len(tree.body) == 1 else None
    node = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(node, ast.BinOp):
        start = character_column(expression, node.left.end_col_offset or 0)
        while start < len(expression) - 1 and expression[start] in " )\t\\":
            start += 1
        # Some operators have two characters: ** and //, << and >>.
        wide = expression[start + 1 : start + 2] in tuple("*/<>@") and not expression[start + 1].isspace()
        return start, start + 1 + wide
    if isinstance(node, ast.Subscript):
        return _skip_to(expression, character_column(expression, node.value.end_col_offset or 0), "["), len(expression)
    if isinstance(node, ast.Call):
        return _skip_to(expression, character_column(expression, node.func.end_col_offset or 0), "("), len(expression)
    return None


def character_column(line: str, byte_column: int) -> int:
    """Returns which character of a line begins at a column that is counted in bytes, as syntax trees count."""
    return len(line.encode("utf-8", "replace")[:byte_column].decode("utf-8", "ignore"))


def _skip_to(text: str, start: int, character: str) -> int:
    found = text.find(character, start)
    return found if found >= 0 else start
