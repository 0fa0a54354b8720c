"""Test scripts that are nothing but literal questions and answers: these run as calls, and are answered outside.

``assert candidate(1, [2]) == 3`` needs no process for the script: the arguments are literals, the call goes to the
program, and what comes back is compared with the literal here, with Python's own ``==`` on rebuilt data.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from codegym.sandbox.guest.arguments import pack_arguments
from codegym.sandbox.syntax_tree import syntax_tree

_MAX_SOURCE = 2**20
_MAX_OPERAND, _MAX_POWER = 10**30, 64
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class LiteralCheck:
    """One assertion.

    Attributes:
        payload: The arguments, packed.
        accepts: Whether a value satisfies the assertion.
        text: The assertion, for people.
    """

    payload: bytes
    accepts: Callable[[Any], bool]
    text: str


@lru_cache(maxsize=4096)
def literal_checks(source: str, entry_point: str | None) -> tuple[LiteralCheck, ...] | None:
    """Returns the assertions of a script that consists of literal ones only.

    Args:
        source: The script's text.
        entry_point: The name that it may use besides ``candidate``.

    Returns:
        The assertions in order, or None if the script does anything else: then it needs a process.
    """
    # Parsing takes memory in this process, and the script may be a model's.
    if len(source) > _MAX_SOURCE:
        return None
    try:
        unfolded = _unfolded(syntax_tree(source).body, entry_point or "")
        return None if unfolded is None else _checks_of(unfolded[0], source, unfolded[1])
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError, TypeError):
        return None


def _unfolded(body: list[ast.stmt], entry_point: str) -> tuple[list[ast.stmt], frozenset[str]] | None:
    """Returns a script with the bodies of its test functions in their place, and the names of the entry point.

    Published tests are mostly of this form: ``from solution import f`` and ``def test_one(): assert f(1) == 2``.
    """
    statements: list[ast.stmt] = []
    names, functions = {entry_point}, set[str]()
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) if name.startswith("test"):
                # Of two functions with one name only the second would run.
                if not _takes_nothing(statement) or name in functions:
                    return None
                functions.add(name)
                statements += statement.body
            case ast.ImportFrom(module="solution", level=0, names=aliases):
                if any(alias.name != entry_point for alias in aliases):
                    return None
                names |= {alias.asname or alias.name for alias in aliases}
            case ast.Import(names=[ast.alias(name="pytest", asname=None)]):
                pass
            case _:
                statements.append(statement)
    return statements, frozenset(names)


def _takes_nothing(function: ast.FunctionDef) -> bool:
    return not any(ast.iter_child_nodes(function.args)) and not function.decorator_list


def _checks_of(body: list[ast.stmt], source: str, names: frozenset[str]) -> tuple[LiteralCheck, ...] | None:
    function = next((s for s in body if isinstance(s, ast.FunctionDef) and s.name == "check"), None)
    statements = body
    if function is not None:
        if not _is_plain_check(function):
            return None
        own = function.args.args[0].arg
        names = (names | {own}) if own != "candidate" else (names | {"candidate"})
        statements = [s for s in body if s is not function and not _calls_check(s, names)] + function.body
    else:
        names = names | {"candidate"}
    checks = []
    for statement in statements:
        if _has_no_effect(statement):
            continue
        check = _check_of(statement, source, names)
        if check is None:
            return None
        checks.append(check)
    return tuple(checks) or None


def _is_plain_check(function: ast.FunctionDef) -> bool:
    arguments = function.args
    others = (arguments.vararg, arguments.kwarg, *arguments.kwonlyargs, *arguments.defaults, *arguments.posonlyargs)
    return len(arguments.args) == 1 and not any(others) and not function.decorator_list


def _calls_check(statement: ast.stmt, names: frozenset[str]) -> bool:
    """``check(candidate)`` or ``check(entry_point)`` at the end of a script."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="check"), args=[ast.Name(id=name)], keywords=[])):
            return name in names
    return False


def _has_no_effect(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Assert(test=ast.Constant(value=True)):
            return True
        case ast.Assign(targets=[ast.Name(id="METADATA")], value=value):
            _literal(value)
            return True
    return False


def _check_of(statement: ast.stmt, source: str, names: frozenset[str]) -> LiteralCheck | None:
    if not isinstance(statement, ast.Assert):  # its message is for people, and only once it has failed
        return None
    found = _question(statement.test, names)
    if found is None:
        return None
    call, accepts = found
    args = tuple(_literal(argument) for argument in call.args)
    kwargs = {keyword.arg: _literal(keyword.value) for keyword in call.keywords if keyword.arg}
    if len(kwargs) != len(call.keywords):
        return None
    text = ast.get_source_segment(source, statement) or ""
    return LiteralCheck(pack_arguments(args, kwargs), accepts, text[:500])


def _question(test: ast.expr, names: frozenset[str]) -> tuple[ast.Call, Callable[[Any], bool]] | None:
    match test:
        case ast.Call() if _is_candidate(test, names):
            return test, bool
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call() as call) if _is_candidate(call, names):
            return call, lambda value: not value
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            if _is_candidate(left, names) and isinstance(left, ast.Call):
                return left, _equals(right)
            if _is_candidate(right, names) and isinstance(right, ast.Call):
                return right, _equals(left)
        case ast.Compare(
            left=ast.Call(
                func=ast.Name(id="abs"),
                args=[ast.BinOp(left=ast.Call() as call, op=ast.Sub(), right=wanted)],
                keywords=[],
            ),
            ops=[ast.Lt()],
            comparators=[tolerance],
        ) if _is_candidate(call, names):
            return call, _is_near(_literal(wanted), _literal(tolerance))
        case ast.Compare(
            left=ast.Call() as call, ops=[ast.Is()], comparators=[ast.Constant(value=True | False | None as only)]
        ) if _is_candidate(call, names):
            return call, lambda value: value is only
    return None


def _equals(literal: ast.expr) -> Callable[[Any], bool]:
    expected = _literal(literal)
    return lambda value: bool(value == expected)


def _is_near(wanted: Any, tolerance: Any) -> Callable[[Any], bool]:
    return lambda value: bool(abs(value - wanted) < tolerance)


def _literal(node: ast.expr) -> Any:
    """Returns a literal's value; sums, products and small powers of numbers and joined texts count as literals.

    Raises:
        ValueError: If it is anything else.
    """
    match node:
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            first, second = _literal(left), _literal(right)
            # Folding ``9**99**9`` would take this process's time.
            numbers = all(type(value) in (int, float) and abs(value) < _MAX_OPERAND for value in (first, second))
            texts = type(first) is str and type(second) is str and isinstance(sign, ast.Add)
            if not texts and not (numbers and (not isinstance(sign, ast.Pow) or 0 <= second <= _MAX_POWER)):
                raise ValueError("an expression too large to be a literal")
            return _OPERATORS[type(sign)](first, second)
        case ast.List(elts=items):
            return [_literal(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_literal(item) for item in items)
        case ast.Dict(keys=keys, values=values) if all(keys):
            return {_literal(key): _literal(value) for key, value in zip(keys, values, strict=True) if key is not None}
    return ast.literal_eval(node)


def _is_candidate(node: ast.expr, names: frozenset[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
