"""The module from which a test script imports what it tests, where published tests expect one beside them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

SOLUTION = "solution"
"""What most published tests call it."""


class SolutionModule(ModuleType):
    """What a test imports explicitly from the program is what it tests: any name, as data or as a handle."""

    def __init__(self, name: str, given: dict[str, Any], find: Callable[[str], Any]) -> None:
        super().__init__(name)
        self.__dict__.update(given, __all__=list(given))
        self.__find = find

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self.__find(name)
        except KeyError:
            raise AttributeError(f"the program does not define {name!r}") from None


@dataclass(frozen=True)
class SolutionImports:
    """Makes such modules for one script.

    Attributes:
        entry: The name that the entry point begins with.
        given: What the script gets without asking: the candidate, under its names.
        find: Returns any other name of the program; raises KeyError if there is none.
    """

    entry: str
    given: dict[str, Any]
    find: Callable[[str], Any]

    def are_likely_in(self, script: str) -> bool:
        """Whether it is worth parsing a script for them."""
        return SOLUTION in script or ("import" in script and bool(self.entry) and self.entry in script)

    def provide(self, node: ast.Import | ast.ImportFrom) -> None:
        """Gives a script's import the module that it means, if that is the program's."""
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name == SOLUTION]
        else:
            asks_for_it = self.entry in [alias.name for alias in node.names] and not _exists(node.module or "")
            # A relative import means the folder of the test: there is only the program.
            is_its = node.module == SOLUTION or node.level or asks_for_it
            node.module, node.level = node.module or SOLUTION, 0
            names = [node.module] if is_its else []
        for name in names:
            parts = name.split(".")
            # ``import pkg.solution`` looks for the package first.
            for count in range(1, len(parts) + 1):
                sys.modules[".".join(parts[:count])] = SolutionModule(name, self.given, self.find)


def _exists(module: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):
        return False
