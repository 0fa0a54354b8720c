"""Facts about what a command did, for people."""

from __future__ import annotations

from collections.abc import Mapping


def print_facts(facts: Mapping[str, object]) -> None:
    """Prints a line for each: its name in words, and its value."""
    for name, value in facts.items():
        print(f"{_words(name)}: {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        parts = [
            f"{_words(name)}: {_shown(part)}" if isinstance(part, Mapping) else f"{_words(name)} {_shown(part)}"
            for name, part in value.items()
        ]
        return ("; " if any(": " in part for part in parts) else ", ").join(parts) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _words(name: object) -> str:
    return str(name).replace("_", " ")
