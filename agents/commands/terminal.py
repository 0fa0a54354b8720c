"""What commands print: text and facts for people, JSON for programs, and notes on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from rich.console import Console

GOOD, NEGATIVE, BAD_INPUT, MACHINE_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: all is well; the answer is no (a program failed); the input was wrong; the machine failed; Ctrl-C."""
# Wide enough for every table of ours; rich assumes 80 columns where there is no terminal, and would break rows.
_WIDTH_OF_A_FILE = 200
# So many lines are read; a file with thousands of bad rows is not.
_MOST_NOTES = 10


class _Terminal(Console):
    """A console that leaves a reader that went away (``codegym ... | head``) to the command line, as ``print`` does."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


OUT = _Terminal(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE)
"""Standard output; wide where it is no terminal, so that no row of a table is broken."""
ERR = _Terminal(stderr=True, highlight=False)
"""Standard error."""


def say(text: str) -> None:
    """Prints text as it is."""
    # Names of suites and paths hold brackets, which are markup to rich; and nobody can copy a path that was broken.
    OUT.print(text, markup=False, soft_wrap=True)


def say_json(document: object) -> None:
    """Prints the one JSON document that ``--json`` asks for."""
    # `print` of rich would break the document at the width of the terminal.
    OUT.out(json.dumps(document), highlight=False)


def note(text: str) -> None:
    """Prints what people should know beside the result, on standard error."""
    ERR.print(text, markup=False, soft_wrap=True)


def note_left_out(reasons: Sequence[str]) -> None:
    """Names what was left out of the input: the first of it, and how much more there is."""
    for reason in reasons[:_MOST_NOTES]:
        note(f"left out: {reason}")
    if len(reasons) > _MOST_NOTES:
        note(f"left out: {len(reasons) - _MOST_NOTES} more lines")


def say_facts(facts: Mapping[str, object]) -> None:
    """Prints a line for each fact: its name in words, and its value."""
    for name, value in facts.items():
        say(f"{_words(name)}: {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        parts = [
            f"{_words(name)}: {_shown(part)}" if isinstance(part, Mapping) else f"{_words(name)} {_shown(part)}"
            for name, part in value.items()
        ]
        return ("; " if any(": " in part for part in parts) else ", ").join(parts) or "none"
    if isinstance(value, bool):  # before the numbers: in Python, True is one
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _words(name: object) -> str:
    return str(name).replace("_", " ")
