"""Wrong programs from a right one: one small change each, as a programmer's slip would make it."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

from envs_registry.assertions import parsed

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_TWINS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "set": "list", "abs": "int"}


def program_mutants(source: str, count: int, generator: random.Random) -> tuple[str, ...]:
    """Returns up to so many programs that differ from a program in one node each.

    Some of them will do the same as the original: nothing short of running them on all inputs could tell.

    Args:
        source: Source of the program.
        count: How many at most; chosen at random where there are more.
        generator: The source of randomness.
    """
    tree = parsed(source)
    if tree is None:
        return ()
    # Unparsed, because only then does an equal text mean an equal program.
    original = ast.unparse(tree)
    # Only numbers are kept: making a program of every change would take long, and most are not drawn.
    numbers = [
        (index, change) for index, node in enumerate(ast.walk(tree)) for change in range(len(list(_changes(node))))
    ]
    generator.shuffle(numbers)
    found: dict[str, None] = {}
    for index, change in numbers:
        if len(found) == count:
            break
        mutant = _changed(tree, index, change)
        if mutant != original:
            found[mutant] = None
    return tuple(found)


def _changed(tree: ast.Module, index: int, change: int) -> str:
    """The program with one change; the walk's order is the same in the copy."""
    # The parsed tree is shared by a cache and must not change.
    copied = copy.deepcopy(tree)
    nodes = list(ast.walk(copied))
    changed = list(_changes(nodes[index]))[change]
    for parent in nodes:
        for field, value in ast.iter_fields(parent):
            if value is nodes[index]:
                setattr(parent, field, changed)
            elif isinstance(value, list):
                value[:] = [changed if item is nodes[index] else item for item in value]
    return ast.unparse(ast.fix_missing_locations(copied))


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Every slip that this node offers, each as a new node for it."""
    slips = _SLIPS.get(type(node))
    if slips is not None:
        yield from slips(node)


def _comparison_slips(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        if type(operator) in _COMPARISONS:
            swapped = [*node.ops[:index], _COMPARISONS[type(operator)](), *node.ops[index + 1 :]]
            yield ast.Compare(left=node.left, ops=swapped, comparators=node.comparators)


def _operator_slips(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in _OPERATORS:
        yield ast.BinOp(left=node.left, op=_OPERATORS[type(node.op)](), right=node.right)


def _update_slips(node: ast.AugAssign) -> Iterator[ast.AST]:
    if type(node.op) in _OPERATORS:
        yield ast.AugAssign(target=node.target, op=_OPERATORS[type(node.op)](), value=node.value)
        yield ast.Pass()


def _connective_slips(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(op=ast.Or() if isinstance(node.op, ast.And) else ast.And(), values=node.values)
    for index in range(len(node.values)):
        rest = node.values[:index] + node.values[index + 1 :]
        yield rest[0] if len(rest) == 1 else ast.BoolOp(op=node.op, values=rest)


def _sign_slips(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield node.operand


def _constant_slips(node: ast.Constant) -> Iterator[ast.AST]:
    # bool first: True is an int too.
    if isinstance(node.value, bool):
        yield ast.Constant(value=not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(value=node.value + 1)
        yield ast.Constant(value=node.value - 1)


def _condition_slips(node: ast.If) -> Iterator[ast.AST]:
    for test in (ast.UnaryOp(op=ast.Not(), operand=node.test), ast.Constant(value=True), ast.Constant(value=False)):
        yield ast.If(test=test, body=node.body, orelse=node.orelse)


def _call_slips(node: ast.Call) -> Iterator[ast.AST]:
    """The end of a ``range`` is one off; its step is left alone."""
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[*head, last]) if len(head) < 2:
            for step in (1, -1):
                moved = ast.BinOp(left=last, op=ast.Add(), right=ast.Constant(value=step))
                yield ast.Call(func=ast.Name(id="range", ctx=ast.Load()), args=[*head, moved], keywords=[])


def _name_slips(node: ast.Name) -> Iterator[ast.AST]:
    if node.id in _TWINS and isinstance(node.ctx, ast.Load):
        yield ast.Name(id=_TWINS[node.id], ctx=ast.Load())


def _break_slips(node: ast.Break) -> Iterator[ast.AST]:
    yield ast.Continue()
    yield ast.Pass()


def _continue_slips(node: ast.Continue) -> Iterator[ast.AST]:
    yield ast.Pass()


_SLIPS: dict[type[ast.AST], Callable[[Any], Iterator[ast.AST]]] = {
    ast.Compare: _comparison_slips,
    ast.BinOp: _operator_slips,
    ast.AugAssign: _update_slips,
    ast.BoolOp: _connective_slips,
    ast.UnaryOp: _sign_slips,
    ast.Constant: _constant_slips,
    ast.If: _condition_slips,
    ast.Call: _call_slips,
    ast.Name: _name_slips,
    ast.Break: _break_slips,
    ast.Continue: _continue_slips,
}
