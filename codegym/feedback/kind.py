"""The tables of kinds: from what the sandbox observed to what it is called, and which part of the program it speaks of.

Classes come from exception *types* and statuses, never from message text, so that the tables hold on every CPython.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from codegym.errors import UnknownNameError
from codegym.sandbox.execution import Status


class Scope(StrEnum):
    """Which part of a completion an error speaks of (RLTF's U_line, U_global and U_ignore)."""

    NONE = "none"
    """Nothing is wrong, or the program is not to blame."""
    LINE = "line"
    """A line caused it."""
    GLOBAL = "global"
    """The whole program caused it."""
    IGNORE = "ignore"
    """It has no usable place; the fine-grained reward leaves it out."""


class Kind(StrEnum):
    """What went wrong; equal to its own text."""

    NONE = "none"
    WRONG_ANSWER = "wrong_answer"
    OPAQUE_VALUE = "opaque_value"
    """The function returned something that is not data: a function, a generator, an object of its own class."""
    SYNTAX_ERROR = "syntax_error"
    INDENTATION_ERROR = "indentation_error"
    TRUNCATED = "truncated"
    """The completion ended at the length limit and the program is not whole."""
    MISSING_FUNCTION = "missing_function"
    WRONG_SIGNATURE = "wrong_signature"
    """The function does not take the arguments that the tests give."""
    NAME_ERROR = "name_error"
    UNBOUND_LOCAL_ERROR = "unbound_local_error"
    TYPE_ERROR = "type_error"
    ATTRIBUTE_ERROR = "attribute_error"
    VALUE_ERROR = "value_error"
    UNICODE_ERROR = "unicode_error"
    INDEX_ERROR = "index_error"
    KEY_ERROR = "key_error"
    LOOKUP_ERROR = "lookup_error"
    ZERO_DIVISION_ERROR = "zero_division_error"
    OVERFLOW_ERROR = "overflow_error"
    ARITHMETIC_ERROR = "arithmetic_error"
    IMPORT_ERROR = "import_error"
    MODULE_NOT_FOUND_ERROR = "module_not_found_error"
    EOF_ERROR = "eof_error"
    OS_ERROR = "os_error"
    FILE_NOT_FOUND_ERROR = "file_not_found_error"
    PERMISSION_ERROR = "permission_error"
    ASSERTION_ERROR = "assertion_error"
    STOP_ITERATION = "stop_iteration"
    NOT_IMPLEMENTED_ERROR = "not_implemented_error"
    DYNAMIC_SYNTAX_ERROR = "dynamic_syntax_error"
    """The program itself parses; what it handed to ``eval``, ``exec`` or ``compile`` did not."""
    RUNTIME_ERROR = "runtime_error"
    SYSTEM_ERROR = "system_error"
    EXCEPTION = "exception"
    """Any other exception, mostly of the program's own class."""
    RECURSION_ERROR = "recursion_error"
    SYSTEM_EXIT = "system_exit"
    """It ended the interpreter before it answered."""
    KEYBOARD_INTERRUPT = "keyboard_interrupt"
    CRASH = "crash"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    UNDEFINED_NAME = "undefined_name"
    """This and the next six come from static analysis; the program need not have failed."""
    UNUSED_NAME = "unused_name"
    UNREACHABLE_CODE = "unreachable_code"
    SHADOWED_BUILTIN = "shadowed_builtin"
    MUTABLE_DEFAULT = "mutable_default"
    COMPLEXITY = "complexity"
    SUSPICIOUS_CODE = "suspicious_code"
    """Legal, but hardly meant: a comparison without effect, ``is`` with a literal, a variable that a closure shares."""
    SUSPICIOUS_LINE = "suspicious_line"
    """A line that failing tests run or that parts from a reference solution: a guess with a score."""
    TAMPERING = "tampering"
    """It wrote to the channel on which results travel."""
    FAULTY_TEST = "faulty_test"
    """The test is at fault, not the program: it does not parse, names what is missing, or asserts nothing."""
    INFRA_ERROR = "infra_error"
    """The machine failed; nothing is known about the program."""

    @property
    def is_syntax(self) -> bool:
        """Whether the program could not even be compiled (the coarse reward's -1.0)."""
        return self in _SYNTAX


_SYNTAX = frozenset({Kind.SYNTAX_ERROR, Kind.INDENTATION_ERROR, Kind.TRUNCATED})


@dataclass(frozen=True)
class Meaning:
    """An entry of the tables."""

    kind: Kind
    scope: Scope


EXCEPTIONS: Mapping[str, Meaning] = MappingProxyType(
    {
        "SyntaxError": Meaning(Kind.SYNTAX_ERROR, Scope.LINE),
        "IndentationError": Meaning(Kind.INDENTATION_ERROR, Scope.IGNORE),
        "TabError": Meaning(Kind.INDENTATION_ERROR, Scope.IGNORE),
        "NameError": Meaning(Kind.NAME_ERROR, Scope.LINE),
        "UnboundLocalError": Meaning(Kind.UNBOUND_LOCAL_ERROR, Scope.LINE),
        "TypeError": Meaning(Kind.TYPE_ERROR, Scope.LINE),
        "AttributeError": Meaning(Kind.ATTRIBUTE_ERROR, Scope.LINE),
        "ValueError": Meaning(Kind.VALUE_ERROR, Scope.LINE),
        "UnicodeError": Meaning(Kind.UNICODE_ERROR, Scope.LINE),
        "IndexError": Meaning(Kind.INDEX_ERROR, Scope.LINE),
        "KeyError": Meaning(Kind.KEY_ERROR, Scope.LINE),
        "LookupError": Meaning(Kind.LOOKUP_ERROR, Scope.LINE),
        "ZeroDivisionError": Meaning(Kind.ZERO_DIVISION_ERROR, Scope.LINE),
        "OverflowError": Meaning(Kind.OVERFLOW_ERROR, Scope.LINE),
        "ArithmeticError": Meaning(Kind.ARITHMETIC_ERROR, Scope.LINE),
        "ImportError": Meaning(Kind.IMPORT_ERROR, Scope.LINE),
        "ModuleNotFoundError": Meaning(Kind.MODULE_NOT_FOUND_ERROR, Scope.LINE),
        "EOFError": Meaning(Kind.EOF_ERROR, Scope.LINE),
        "OSError": Meaning(Kind.OS_ERROR, Scope.LINE),
        "FileNotFoundError": Meaning(Kind.FILE_NOT_FOUND_ERROR, Scope.LINE),
        "PermissionError": Meaning(Kind.PERMISSION_ERROR, Scope.LINE),
        "AssertionError": Meaning(Kind.ASSERTION_ERROR, Scope.LINE),
        "StopIteration": Meaning(Kind.STOP_ITERATION, Scope.LINE),
        "StopAsyncIteration": Meaning(Kind.STOP_ITERATION, Scope.LINE),
        "NotImplementedError": Meaning(Kind.NOT_IMPLEMENTED_ERROR, Scope.LINE),
        "RecursionError": Meaning(Kind.RECURSION_ERROR, Scope.GLOBAL),  # raised wherever the stack happens to end
        "RuntimeError": Meaning(Kind.RUNTIME_ERROR, Scope.IGNORE),
        "SystemError": Meaning(Kind.SYSTEM_ERROR, Scope.IGNORE),
        "MemoryError": Meaning(Kind.MEMORY_LIMIT, Scope.GLOBAL),  # raised for who asks last, not for who took the most
        "SystemExit": Meaning(Kind.SYSTEM_EXIT, Scope.LINE),
        "KeyboardInterrupt": Meaning(Kind.KEYBOARD_INTERRUPT, Scope.LINE),
        "BaseException": Meaning(Kind.EXCEPTION, Scope.LINE),
    }
)
"""From a built-in exception type to its meaning; a type that is not here has the meaning of its nearest base."""

STATUSES: Mapping[Status, Meaning] = MappingProxyType(
    {
        Status.OK: Meaning(Kind.WRONG_ANSWER, Scope.GLOBAL),
        Status.REFUSED: Meaning(Kind.WRONG_ANSWER, Scope.GLOBAL),
        Status.RAISED: Meaning(Kind.EXCEPTION, Scope.LINE),
        Status.MISSING: Meaning(Kind.MISSING_FUNCTION, Scope.GLOBAL),
        Status.EXITED: Meaning(Kind.SYSTEM_EXIT, Scope.LINE),
        Status.CRASHED: Meaning(Kind.CRASH, Scope.GLOBAL),
        Status.CPU_TIMEOUT: Meaning(Kind.TIME_LIMIT, Scope.GLOBAL),
        Status.WALL_TIMEOUT: Meaning(Kind.TIME_LIMIT, Scope.GLOBAL),
        Status.BUDGET: Meaning(Kind.TIME_LIMIT, Scope.GLOBAL),
        Status.MEMORY: Meaning(Kind.MEMORY_LIMIT, Scope.GLOBAL),
        Status.OUTPUT: Meaning(Kind.OUTPUT_LIMIT, Scope.GLOBAL),
        Status.OPAQUE: Meaning(Kind.OPAQUE_VALUE, Scope.GLOBAL),
        Status.TAMPERED: Meaning(Kind.TAMPERING, Scope.GLOBAL),
        Status.FAULTY: Meaning(Kind.FAULTY_TEST, Scope.NONE),  # here and below nothing speaks against the program
        Status.NOT_RUN: Meaning(Kind.NONE, Scope.NONE),
        Status.INFRA: Meaning(Kind.INFRA_ERROR, Scope.NONE),
    }
)
"""From how an action ended to its meaning, where no exception says more; OK: a value that was not accepted."""

_RULES_OF = {
    Kind.UNDEFINED_NAME: ("F821", "F822", "F823"),
    Kind.UNUSED_NAME: ("F401", "F811", "F841"),
    Kind.SHADOWED_BUILTIN: ("A001", "A002"),
    Kind.MUTABLE_DEFAULT: ("B006", "B008"),
    Kind.COMPLEXITY: ("C901",),
    Kind.SUSPICIOUS_CODE: (
        *("B015", "B018", "B023", "F502", "F601", "F631", "F632", "F634"),
        *("PLE0604", "PLE0704", "PLR0124", "PLR0133", "PLW0120", "PLW0127"),
    ),
}
RULES: Mapping[str, Meaning] = MappingProxyType(
    {code: Meaning(kind, Scope.LINE) for kind, codes in _RULES_OF.items() for code in codes}
)
"""From ruff's rules to their meaning: mistakes, not matters of style."""


_EXCEPTIONS = tuple(
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
)


@dataclass(frozen=True)
class KindTable:
    """The tables in force; :meth:`with_entries` replaces some entries by a user's own.

    Attributes:
        exceptions: From built-in exception type names.
        statuses: From statuses of the sandbox.
    """

    exceptions: Mapping[str, Meaning] = field(default_factory=lambda: EXCEPTIONS)
    statuses: Mapping[Status, Meaning] = field(default_factory=lambda: STATUSES)

    # Read-only views cannot be pickled, and judges travel between processes.
    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (dict(self.exceptions), dict(self.statuses))

    def with_entries(
        self, exceptions: Mapping[str, Meaning] | None = None, statuses: Mapping[Status, Meaning] | None = None
    ) -> KindTable:
        """Returns a table in which these entries replace or join the present ones.

        Args:
            exceptions: From names of built-in exception types, ``{"IndentationError": Meaning(...)}``.
            statuses: Entries by status.

        Raises:
            UnknownNameError: If a name is no built-in exception type, or a status does not exist.
            TypeError: If an entry is no ``Meaning`` of a ``Kind`` and a ``Scope``.
        """
        for entry in (*(exceptions or {}).values(), *(statuses or {}).values()):
            if not (isinstance(entry, Meaning) and isinstance(entry.kind, Kind) and isinstance(entry.scope, Scope)):
                raise TypeError(f"an entry is a Meaning(Kind...., Scope....), got {entry!r}.")
        # A misspelt name would never match anything, and stay unseen.
        for name in exceptions or {}:
            if name not in _EXCEPTIONS:
                raise UnknownNameError("built-in exception type", name, _EXCEPTIONS)
        for status in statuses or {}:
            if status not in STATUSES:
                raise UnknownNameError("status", status, STATUSES)
        return replace(
            self,
            exceptions=MappingProxyType({**self.exceptions, **(exceptions or {})}),
            statuses=MappingProxyType({**self.statuses, **(statuses or {})}),
        )

    def of_exception(self, bases: Iterable[str]) -> Meaning:
        """Looks up the first of these type names that the table knows.

        Args:
            bases: Names of built-in types, most specific first (``Failure.bases``).

        Returns:
            Its meaning; the one of ``Status.RAISED`` if none is known.
        """
        return next((self.exceptions[name] for name in bases if name in self.exceptions), self.statuses[Status.RAISED])


def _rebuilt(exceptions: dict[str, Meaning], statuses: dict[Status, Meaning]) -> KindTable:
    return KindTable(MappingProxyType(exceptions), MappingProxyType(statuses))


KINDS = KindTable()
"""The tables as they come."""
