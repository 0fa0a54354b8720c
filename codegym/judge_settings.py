"""The settings of a judge, and the key under which its verdicts may be kept."""

from __future__ import annotations

import ast
import hashlib
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from codegym.feedback.kind import KINDS, KindTable
from codegym.sandbox.limits import Limits

# All that `codegym.judge` imports, except what only names errors; a test compares it with the imports.
VERDICT_SOURCES = (
    "answers.py",
    "judge.py",
    "judge_settings.py",
    "problem.py",
    "program.py",
    "extraction",
    "comparison.py",
    "output_rule.py",
    "feedback/diagnostic.py",
    "feedback/feedback.py",
    "feedback/interpretation.py",
    "feedback/kind.py",
    "feedback/location.py",
    "feedback/value_text.py",
    "feedback/verdict.py",
    "sandbox",
)
"""Files and folders of codegym whose code decides verdicts."""


@dataclass(frozen=True, kw_only=True)
class JudgeSettings:
    """How a :class:`codegym.Judge` was made: ``Judge.of(settings)`` makes another like it."""

    workers: int | None = None
    """Programs that run at the same time; None: one for each processor."""
    isolation: str = "auto"
    """``"strict"``, ``"auto"`` or ``"none"``."""
    packages: tuple[str, ...] = ()
    """Packages that programs may import beyond the standard library."""
    python: str = sys.executable
    """The interpreter that runs the programs."""
    limits: Limits = field(default_factory=Limits)
    """Limits of problems that bring none of their own."""
    kinds: KindTable = KINDS
    """The tables from exceptions to kinds and scopes."""
    strict_extraction: bool = False
    """Whether completions that are Python only in part run as they stand."""
    stop_early: bool = False
    """Whether a program's tests end with the first that it does not pass."""
    without: tuple[str, ...] = ()
    """Layers of isolation that are left out."""

    @property
    def interpreter(self) -> str:
        """The version of Python that runs the programs, or its path where it is not the one that runs this."""
        return platform.python_version() if self.python == sys.executable else self.python

    def verdict_key(self) -> str:
        """Returns a digest of all that a verdict depends on beside problem and program.

        The number of workers is not in it: it decides when a verdict comes, not which.
        """
        where = (self.isolation, self.packages, self.interpreter, self.limits, self.without)
        how = (self.kinds, self.strict_extraction, self.stop_early)
        return hashlib.sha256(repr((verdict_version(), *where, *how)).encode()).hexdigest()


@cache
def verdict_version() -> str:
    """Returns a digest of the code that decides verdicts; comments, docstrings and layout are not in it."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for path in _files(folder):
        digest.update(f"{path.relative_to(folder)}\0{_code(path.read_bytes())}\0".encode())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    # A fixed order, so that the digest is the same on every machine.
    for name in VERDICT_SOURCES:
        path = folder / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else (path,)


def _code(source: bytes) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _is_docstring(statement)]
    return ast.dump(tree)


def _is_docstring(statement: ast.stmt) -> bool:
    # Attributes are documented by a text below them as well, so a text anywhere in a body is none of the code.
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
