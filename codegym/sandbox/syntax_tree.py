"""Parsing beside other threads that parse: CPython 3.11 fails there now and then."""

from __future__ import annotations

import ast

_FAULT = "recursion depth mismatch"


def syntax_tree(source: str | bytes) -> ast.Module:
    """Returns the syntax tree of a module, as ``ast.parse`` does.

    Raises:
        SyntaxError: If it does not parse.
        ValueError: If it holds a null byte, or is no text that could be encoded.
        RecursionError: If it is nested too deep for the parser, which may also raise ``MemoryError``.
    """
    while True:
        try:
            return ast.parse(source)
        except SystemError as error:
            # CPython 3.11 counts the depth of the tree that it builds in one number for all threads, and the collector
            # may let another thread parse in between. Nothing is wrong with the source: the next try begins anew.
            if _FAULT not in str(error):
                raise
