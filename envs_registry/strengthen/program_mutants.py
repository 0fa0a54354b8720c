"""Wrong programs from a right one: one small change each, as a programmer's slip would make it."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterator

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
    """Returns up to so many programs that differ from a program in one place each.

    Some of them will do the same as the original: nothing short of running them on all inputs could tell.

    Args:
        source: The program.
        count: How many at most; chosen at random where there are more.
        generator: Where chance comes from.
    """
    tree = parsed(source)
    if tree is None:
        return ()
    original = ast.unparse(tree)
    places = [
        (place, change) for place, node in enumerate(ast.walk(tree)) for change in range(len(list(_changes(node))))
    ]
    generator.shuffle(places)
    found: dict[str, None] = {}
    for place, change in places:
        if len(found) == count:
            break
        mutant = _changed(tree, place, change)
        if mutant != original:
            found[mutant] = None
    return tuple(found)


def _changed(tree: ast.Module, place: int, change: int) -> str:
    """The program with one change; the walk's order is the same in the copy."""
    copied = copy.deepcopy(tree)
    nodes = list(ast.walk(copied))
    changed = list(_changes(nodes[place]))[change]
    for parent in nodes:
        for field, value in ast.iter_fields(parent):
            if value is nodes[place]:
                setattr(parent, field, changed)
            elif isinstance(value, list):
                value[:] = [changed if item is nodes[place] else item for item in value]
    return ast.unparse(ast.fix_missing_locations(copied))


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Every slip that this node offers, each as a new node in its place."""
    match node:
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            for place, operator in enumerate(ops):
                if type(operator) in _COMPARISONS:
                    swapped = [*ops[:place], _COMPARISONS[type(operator)](), *ops[place + 1 :]]
                    yield ast.Compare(left=left, ops=swapped, comparators=comparators)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            yield ast.BinOp(left=left, op=_OPERATORS[type(operator)](), right=right)
        case ast.AugAssign(target=target, op=operator, value=value) if type(operator) in _OPERATORS:
            yield ast.AugAssign(target=target, op=_OPERATORS[type(operator)](), value=value)
            yield ast.Pass()
        case ast.BoolOp(op=connective, values=values):
            yield ast.BoolOp(op=ast.Or() if isinstance(connective, ast.And) else ast.And(), values=values)
            for place in range(len(values)):
                rest = values[:place] + values[place + 1 :]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op=connective, values=rest)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool() as value):
            yield ast.Constant(value=not value)
        case ast.Constant(value=int() as value):
            yield ast.Constant(value=value + 1)
            yield ast.Constant(value=value - 1)
        case ast.If(test=test, body=body, orelse=orelse):
            yield ast.If(test=ast.UnaryOp(op=ast.Not(), operand=test), body=body, orelse=orelse)
            yield ast.If(test=ast.Constant(value=True), body=body, orelse=orelse)
            yield ast.If(test=ast.Constant(value=False), body=body, orelse=orelse)
        case ast.Call(func=ast.Name(id="range"), args=[*head, last]) if len(head) < 2:
            for step in (1, -1):
                moved = ast.BinOp(left=last, op=ast.Add(), right=ast.Constant(value=step))
                yield ast.Call(func=ast.Name(id="range", ctx=ast.Load()), args=[*head, moved], keywords=[])
        case ast.Name(id=name, ctx=ast.Load()) if name in _TWINS:
            yield ast.Name(id=_TWINS[name], ctx=ast.Load())
        case ast.Break():
            yield ast.Continue()
            yield ast.Pass()
        case ast.Continue():
            yield ast.Pass()
