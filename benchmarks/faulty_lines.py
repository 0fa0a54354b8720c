"""Where a wrong program differs from the right one that it was made of."""

from __future__ import annotations

import ast
import io
import tokenize
from difflib import SequenceMatcher

_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def faulty_lines(wrong: str, right: str) -> tuple[int, ...]:
    """Returns the 1-based lines of a wrong program that are not those of the right one.

    Comments, docstrings and blanks do not count. Where the right program has lines that the wrong one lacks, it is the
    line that stands in their place, or the last one.

    Args:
        wrong: A program with a fault, such as one of a problem's ``mutants``.
        right: The program without it.

    Raises:
        SyntaxError: If one of them does not parse.
    """
    ours, theirs = _code_lines(wrong), _code_lines(right)
    numbers = list(ours)
    found: set[int] = set()
    matcher = SequenceMatcher(None, list(ours.values()), list(theirs.values()), autojunk=False)
    for kind, start, end, *_ in matcher.get_opcodes():
        if kind == "insert":
            found.update(numbers[start : start + 1] or numbers[-1:])
        elif kind != "equal":
            found.update(numbers[start:end])
    return tuple(sorted(found))


def _code_lines(source: str) -> dict[int, tuple[int, tuple[str, ...]]]:
    """From the number of each line that holds code to its column and its words."""
    texts = _lines_of_texts(ast.parse(source))
    words: dict[int, tuple[int, tuple[str, ...]]] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        line, column = token.start
        if token.type not in _LAYOUT and line not in texts:
            first, before = words.get(line, (column, ()))
            words[line] = (first, (*before, token.string))
    return words


def _lines_of_texts(tree: ast.Module) -> set[int]:
    """Of docstrings, and of other texts that stand alone."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
