"""What stands behind the entry point: example calls and asserts, whose failure is no fault of the function."""

from __future__ import annotations

import ast

from codegym.extraction.cut import offset_of_line
from codegym.extraction.names import names_of, parsed


def tail_start(source: str, entry: str, line: int) -> int | None:
    """Returns where the top-level statement of a line begins, if it stands behind the definition of the entry point.

    Args:
        source: The text of the whole program.
        entry: The name that it must define.
        line: 1-based line of a failure.

    Returns:
        An offset. None where the failure lies before the definition, in what the function reads, or in no statement.
    """
    tree = parsed(source)
    defined, read = False, set[str]()
    for node in tree.body if tree else ():
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            # What the function or its helpers read is needed, and its failure is theirs.
            return offset_of_line(source, node.lineno) if defined and not names_of(node) & read else None
        defined = defined or entry in names_of(node)
        read |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    return None
