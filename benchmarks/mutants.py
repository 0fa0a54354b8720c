"""Single-line mutants of right programs: one operator, constant or condition changed, as slips do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

SWAPS = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.Add: "-", ast.Sub: "+",
    ast.Mult: "+", ast.Div: "//", ast.FloorDiv: "*", ast.Mod: "//", ast.And: "or", ast.Or: "and", ast.In: "not in",
    ast.NotIn: "in",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A program with one line changed."""

    source: str
    line: int


def mutants(source: str) -> Iterator[Mutant]:
    """Yields every mutant of the functions' bodies, in the order of the text.

    Args:
        source: A program that parses, in ASCII (columns count bytes).
    """
    lines = source.split("\n")
    tree = ast.parse(source)
    bodies = {id(part) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for statement in node.body
              for part in ast.walk(statement)}  # fmt: skip
    for node in ast.walk(tree):
        if id(node) not in bodies:
            continue
        for line, start, end, text in _changes(node, lines):
            changed = lines[line - 1][:start] + text + lines[line - 1][end:]
            yield Mutant("\n".join([*lines[: line - 1], changed, *lines[line:]]), line)


def _changes(node: ast.AST, lines: list[str]) -> Iterator[tuple[int, int, int, str]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from _between(node.left, node.comparators[0], SWAPS.get(type(node.ops[0])), lines)
    elif isinstance(node, ast.BinOp):
        yield from _between(node.left, node.right, SWAPS.get(type(node.op)), lines)
    elif isinstance(node, ast.BoolOp):
        yield from _between(node.values[0], node.values[1], SWAPS.get(type(node.op)), lines)
    elif isinstance(node, ast.Constant) and type(node.value) is int and node.end_col_offset is not None:
        yield node.lineno, node.col_offset, node.end_col_offset, str(node.value + 1)
    elif isinstance(node, ast.Constant) and type(node.value) is bool and node.end_col_offset is not None:
        yield node.lineno, node.col_offset, node.end_col_offset, str(not node.value)
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
        at = lines[node.lineno - 1].find("=", node.target.end_col_offset or 0) - 1
        yield node.lineno, at, at + 1, "-" if isinstance(node.op, ast.Add) else "+"


def _between(
    left: ast.expr, right: ast.expr, text: str | None, lines: list[str]
) -> Iterator[tuple[int, int, int, str]]:
    if text is None or left.end_lineno != right.lineno or left.end_col_offset is None:
        return
    gap = lines[right.lineno - 1][left.end_col_offset : right.col_offset]
    if "(" not in gap and ")" not in gap:
        yield right.lineno, left.end_col_offset, right.col_offset, f" {text} "
