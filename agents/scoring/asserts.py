"""Tests that a model wrote, cut into single assert statements: parsed, filtered, each once."""

from __future__ import annotations

import ast
import builtins
import collections
import datetime
import decimal
import fractions
import importlib
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from types import ModuleType

from codegym.extraction import answer, parsed

_LONGEST = 2000  # characters of an assert; longer ones are a model's loop
_MOST_LINES = 40
_ASSERT = re.compile(r"\s*assert\b")
_END = re.compile(r"\s*(assert\b|```|def\s|class\s|if __name__)")
_UNSAFE = frozenset(
    """breakpoint compile delattr dir eval exec exit getattr globals hasattr help id input locals memoryview object open
    print quit setattr super vars __import__""".split()  # noqa: SIM905  # a list of texts would take a line for each word
)
_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_")) - _UNSAFE
_MODULES = frozenset({"bisect", "collections", "datetime", "decimal", "fractions", "functools", "itertools", "math"})
_MODULES |= {"re", "string"}
_DATA = (str, bytes, bytearray, int, float, complex, list, tuple, dict, set, frozenset, range, collections.deque,
         collections.Counter, collections.OrderedDict, collections.defaultdict, datetime.date, datetime.datetime,
         datetime.time, datetime.timedelta, decimal.Decimal, fractions.Fraction, re.Match, re.Pattern)  # fmt: skip
_ATTRIBUTES = frozenset(name for kind in _DATA for name in dir(kind) if not name.startswith("_"))
_ATTRIBUTES -= {"format", "format_map"}  # their texts reach attributes of their own
# A module's own names; through those of modules that it imports (``fractions.sys``) one reaches ``eval``.
_OF_MODULES = {
    name: frozenset(
        attribute
        for attribute, value in vars(importlib.import_module(name)).items()
        if not attribute.startswith("_") and not isinstance(value, ModuleType)
    )
    for name in _MODULES
}


class AssertRejectReason(StrEnum):
    """Why an assert is no test."""

    SYNTAX = "syntax"
    """No Python; mostly cut off by the length limit."""
    LENGTH = "length"
    """Too long."""
    UNRELATED = "unrelated"
    """Does not call the entry point."""
    UNKNOWN_NAME = "unknown_name"
    """Names something that neither Python nor the task defines."""
    UNSAFE = "unsafe"
    """Reaches for files, code or the inside of objects."""
    VACUOUS = "vacuous"
    """Holds whatever the program does."""
    ENDLESS = "endless"
    """Does not end by itself."""
    DUPLICATE = "duplicate"
    """Another assert is the same."""


@dataclass(frozen=True)
class Assertions:
    """What was cut out of a model's texts."""

    sources: tuple[str, ...]
    """Single ``assert`` statements in one spelling, without messages, in order of appearance."""
    refused: Counter[AssertRejectReason] = field(default_factory=Counter)
    """How many were left out, and why."""


def cut_asserts(
    texts: Iterable[str], entry_point: str, *, opening: str = "", known_names: Iterable[str] = ()
) -> Assertions:
    """Cuts texts into asserts that call the entry point.

    Conjunctions are split, messages dropped, ``candidate`` stands for the entry point. Asserts inside reasoning
    (``<think>``) are drafts, and count for nothing.

    Args:
        texts: What the model wrote: bare asserts, a code block, a test function, with or without prose.
        entry_point: The name, or expression, that tests call.
        opening: What the prompt ended with, so that each text continues it: ``"assert "`` in CodeT's samples.
        known_names: Further names that the task defines.
    """
    root = entry_point.partition("(")[0].partition(".")[0]
    rule = _Rule(root, frozenset(known_names) | _BUILTINS | _MODULES | {root})
    refused: Counter[AssertRejectReason] = Counter()
    found: dict[str, None] = {}
    for text in texts:
        start, end = answer(text)
        for statement in _statements(opening + text[start:end]):
            if isinstance(statement, AssertRejectReason):
                refused[statement] += 1
                continue
            # Each part is a test of its own: a program that gets one of three right earns a third.
            for condition in _conjuncts(statement.test):
                source, refusal = rule.examine(condition)
                if refusal is None and source in found:
                    refusal = AssertRejectReason.DUPLICATE
                if refusal is None:
                    found[source] = None
                else:
                    refused[refusal] += 1
    return Assertions(tuple(found), refused)


def opening_of(prompt: str) -> str:
    """Returns the ``assert`` with which a prompt ends, if it does: the model then writes on behind it."""
    return "assert " if re.search(r"(^|\n)[ \t]*assert\s*\Z", prompt) else ""


def _statements(text: str) -> Iterator[ast.Assert | AssertRejectReason]:
    """Each statement that begins with ``assert``, over as many lines as it takes."""
    lines = text.replace("\r\n", "\n").split("\n")
    for start, line in enumerate(lines):
        if not _ASSERT.match(line):
            continue
        end = start + 1
        # Where a statement ends is known when it parses: one more line is tried until it does.
        while end < min(len(lines), start + _MOST_LINES) and not _END.match(lines[end]):
            end += 1
        yield _statement(lines[start:end])


def _statement(lines: list[str]) -> ast.Assert | AssertRejectReason:
    if len(lines[0]) > _LONGEST:
        return AssertRejectReason.LENGTH
    if lines[0].strip() == "assert" and len(lines) > 1:  # the condition was written on the next line
        lines = [f"{lines[0].rstrip()} {lines[1].lstrip()}", *lines[2:]]
    for stop in range(1, len(lines) + 1):
        tree = parsed(textwrap.dedent("\n".join(lines[:stop])))
        if tree is not None and len(tree.body) == 1 and isinstance(tree.body[0], ast.Assert):
            return tree.body[0]
    return AssertRejectReason.SYNTAX


def _conjuncts(condition: ast.expr) -> Iterator[ast.expr]:
    if isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.And):
        for part in condition.values:
            yield from _conjuncts(part)
    else:
        yield condition


@dataclass(frozen=True)
class _Rule:
    root: str
    """The entry point's own name."""
    names: frozenset[str]

    def examine(self, condition: ast.expr) -> tuple[str, AssertRejectReason | None]:
        """Returns the assert in one spelling, and why it is no test, if so."""
        for node in ast.walk(condition):
            if isinstance(node, ast.Name) and node.id == "candidate":
                node.id = self.root
        try:
            source = ast.unparse(ast.Assert(test=condition, msg=None))
        except (ValueError, RecursionError):  # a number of too many digits, too deep an expression
            return "", AssertRejectReason.LENGTH
        if len(source) > _LONGEST:
            return source, AssertRejectReason.LENGTH
        return source, self._refusal(condition)

    def _refusal(self, condition: ast.expr) -> AssertRejectReason | None:
        nodes = list(ast.walk(condition))
        if any(isinstance(node, ast.Await | ast.Yield | ast.YieldFrom) for node in nodes):
            return AssertRejectReason.SYNTAX
        # Before the test runs: the sandbox would hold, but a test that reaches outside says nothing about a program.
        read = _names(nodes, ast.Load)
        attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
        if read & _UNSAFE or any(name.startswith("_") for name in read) or not all(map(self._is_known, attributes)):
            return AssertRejectReason.UNSAFE
        bound = _names(nodes, ast.Store) | {node.arg for node in nodes if isinstance(node, ast.arg)}
        if not any(isinstance(node, ast.Call) and _root(node.func) == self.root for node in nodes):
            return AssertRejectReason.UNRELATED
        if read - bound - self.names:
            return AssertRejectReason.UNKNOWN_NAME
        return AssertRejectReason.VACUOUS if _is_same_on_both_sides(condition) else None

    def _is_known(self, node: ast.Attribute) -> bool:
        """Whether an attribute is one of plain data, of a module, or of what the test is about."""
        if node.attr.startswith("_"):
            return False
        if isinstance(node.value, ast.Name) and node.value.id in _OF_MODULES:
            return node.attr in _OF_MODULES[node.value.id]
        return node.attr in _ATTRIBUTES or _root(node) in self.names - _BUILTINS - _MODULES


def _names(nodes: Iterable[ast.AST], context: type[ast.expr_context]) -> set[str]:
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return node.id if isinstance(node, ast.Name) else ""


def _is_same_on_both_sides(condition: ast.expr) -> bool:
    match condition:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            return ast.dump(left) == ast.dump(right)
    return False
