"""Which names a piece of code defines, and which it needs."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from functools import lru_cache

from codegym.sandbox.syntax_tree import syntax_tree

# Characters above which no text is parsed: this bounds the work on a text that was made to be slow.
MOST_PARSED = 50_000

_BUILTINS = frozenset(dir(builtins))


def parsed(code: str, longest: float = MOST_PARSED) -> ast.Module | None:
    """Returns the syntax tree; None if it is no Python, or has more than ``longest`` characters."""
    if len(code) > longest:
        return None
    try:
        # "\d" in a plain string, or 1or 2: what others wrote is not for this program's users to be warned about.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return syntax_tree(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def root_name(entry_point: str | None) -> str:
    """Returns the name that must be defined: ``Solution`` of ``Solution().solve``; empty without an entry point."""
    found = re.match(r"\w+", entry_point or "")
    return found.group() if found else ""


@lru_cache(maxsize=4096)
def definition(name: str) -> re.Pattern[str]:
    """Matches a definition of the name (a function, a class, an assignment) where its line begins."""
    named = re.escape(name)
    return re.compile(rf"[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+{named}\b|{named}[ \t]*(?::[^=\r\n]*)?=(?!=)")


@lru_cache(maxsize=4096)
def definition_anywhere(name: str) -> re.Pattern[str]:
    """Finds a definition of the name at the beginning of any line."""
    return re.compile(rf"(?:(?<=[\r\n])|\A)(?:{definition(name).pattern})")


def defined_names(tree: ast.Module | None) -> frozenset[str]:
    """Returns the names that code defines at its top level; none if it is no Python."""
    return frozenset(name for node in tree.body for name in names_of(node)) if tree else frozenset()


def names_of(node: ast.stmt) -> frozenset[str]:
    """Returns the names that a statement defines."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return frozenset({node.name})
        case ast.Import() | ast.ImportFrom():
            # "import a.b" binds a.
            return frozenset((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        case ast.Assign():
            return frozenset(
                part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)
            )
        case ast.AnnAssign(target=ast.Name(id=name)):
            return frozenset({name})
        case _:
            return frozenset()


def missing_names(tree: ast.Module) -> frozenset[str]:
    """Returns the names that code reads and nowhere binds, builtins left out."""
    read: set[str] = set()
    bound: set[str] = set(defined_names(tree))
    for node in ast.walk(tree):
        match node:
            case ast.Name(ctx=ast.Load()):
                read.add(node.id)
            case ast.Name():
                bound.add(node.id)
            case ast.arg():
                bound.add(node.arg)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Import() | ast.ImportFrom():
                bound |= names_of(node)
            case ast.ExceptHandler(name=str(name)):
                bound.add(name)
    return frozenset(read - bound - _BUILTINS)
