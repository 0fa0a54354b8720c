"""A suite that a user names, and what of its packages this machine has."""

from __future__ import annotations

from importlib.util import find_spec

from agents.commands.terminal import ERR
from envs_registry import Suite
from envs_registry.catalogue import CATALOGUE


def name_and_split(text: str) -> tuple[str, str | None]:
    """Splits ``NAME:SPLIT``; there is no split in a name alone, nor in the path of a file."""
    name, colon, split = text.partition(":")
    return (name, split or None) if colon and name in CATALOGUE else (text, None)


def installed_packages(suite: Suite) -> tuple[str, ...]:
    """Returns the suite's packages that are here; the others are named, since programs that need them will fail."""
    missing = [package for package in suite.packages if find_spec(package) is None]
    if missing:
        ERR.print(f"{suite!r}: not installed: {', '.join(missing)}; programs that need them will fail.", markup=False)
    return tuple(package for package in suite.packages if package not in missing)
