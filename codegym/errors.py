"""Every exception that codegym raises on purpose, in one tree.

    CodegymError
    ├── InvalidProblemError     a problem, test or limit that makes no sense            (also a ValueError)
    ├── InvalidRewardError      a reward that is no function, or whose parts are no numbers  (also a ValueError)
    ├── InvalidSettingError     a setting, or a combination of them, that makes no sense (also a ValueError)
    ├── UnknownNameError        an unknown suite, split, task, option or preset          (also a LookupError)
    ├── DataError               a data file or folder that is missing or malformed       (also a ValueError)
    ├── MissingExtraError       an optional library that is not installed                (also an ImportError)
    ├── IsolationError          the kernel refuses a layer that the caller insisted on   (also a RuntimeError)
    ├── InfrastructureError     the machine failed, not the program                      (also a RuntimeError)
    ├── ContractError           a user's own environment or reward breaks the contract   (also an AssertionError)
    └── DivergedError           training has come to numbers that are not finite         (also a FloatingPointError)

A failing *program* is data (a ``Feedback``), never an exception; a failing *machine* is always an exception or an
``infra_error`` verdict, never a reward of zero.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CodegymError(Exception):
    """Base class of everything that codegym raises on purpose."""


class InvalidProblemError(CodegymError, ValueError):
    """A problem, a test case or a limit contradicts itself."""


class InvalidRewardError(CodegymError, ValueError):
    """A reward is neither a name, a ``Reward`` nor a function, or it returns something else than named numbers."""


class InvalidSettingError(CodegymError, ValueError):
    """A setting makes no sense, or does not go together with another; the message names them."""


class UnknownNameError(CodegymError, LookupError):
    """A name that is in no table.

    Attributes:
        what: The noun of the table (``"suite"``, ``"split"``, ...).
        name: The name that was asked for.
        known: The names that exist.
        source: The file and line of the name (``"samples.jsonl:3"``); empty where the caller knows.
    """

    def __init__(self, what: str, name: object, known: Iterable[str], source: str = "") -> None:
        self.what, self.name, self.known, self.source = what, name, tuple(known), source
        # Names of tasks run into thousands: a long list would hide the sentence.
        close = difflib.get_close_matches(str(name), self.known, n=3, cutoff=0.5)
        if close:
            hint = "Did you mean " + " or ".join(repr(c) for c in close) + "?"
        elif len(self.known) <= 20:
            hint = "Known: " + ", ".join(self.known) + "."
        else:
            hint = f"There are {len(self.known)}, from {self.known[0]!r} to {self.known[-1]!r}."
        super().__init__(f"{source}: unknown {what} {name!r}. {hint}" if source else f"unknown {what} {name!r}. {hint}")

    # An exception pickles as its message; worker processes must hand on the parts that it was made of.
    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, object, tuple[str, ...], str]]:
        return type(self), (self.what, self.name, self.known, self.source)


class DataError(CodegymError, ValueError):
    """A data file or folder is missing, unreadable or malformed; the message names the file and line."""


class MissingExtraError(CodegymError, ImportError):
    """An optional library is not installed.

    Attributes:
        extra: The extra of the ``codegym`` package that brings it.
    """

    def __init__(self, library: str, extra: str) -> None:
        self.library, self.extra = library, extra
        super().__init__(f"{library} is not installed. Run: pip install 'codegym[{extra}]'")

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        return type(self), (self.library, self.extra)


class IsolationError(CodegymError, RuntimeError):
    """``isolation="strict"`` was asked for and the kernel refuses one of its layers; the message names the layer."""


class InfrastructureError(CodegymError, RuntimeError):
    """The machine, not the program, failed: a dead worker, a full disk, a missing interpreter."""


class ContractError(CodegymError, AssertionError):
    """``codegym.checks`` found an environment or a reward that breaks the contract; the message says where."""


class DivergedError(CodegymError, FloatingPointError):
    """Training has come to numbers that are not finite, and will not come back from there."""
