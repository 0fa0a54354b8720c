"""Which libraries the installed package names, and the extra that brings each: as its own metadata says."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import requires

from codegym.errors import MissingExtraError

# Extras that a user of commands never needs.
_FOR_DEVELOPERS = ("dev", "docs")
_REQUIREMENT = re.compile(r"(?P<library>[\w.-]+)[^;]*(?:;.*extra == ['\"](?P<extra>\w+)['\"])?")


@cache
def extra_of_library() -> dict[str, str]:
    """Returns the extra that brings each library, by the name it is imported by; the base installation is ``""``."""
    extras: dict[str, str] = {}
    for line in requires("codegym") or ():
        found = _REQUIREMENT.match(line)
        if found is not None and found["extra"] not in _FOR_DEVELOPERS:
            # The name of a distribution has hyphens where the name of its module has underscores.
            extras.setdefault(found["library"].replace("-", "_"), found["extra"] or "")
    return extras


def missing_extra(error: Exception) -> MissingExtraError | None:
    """Returns the error as a user can act on it, where it says that an optional library is not installed."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    # A submodule may be missing from an old version; the extra is that of the library.
    library = error.name.partition(".")[0]
    extra = extra_of_library().get(library)
    return MissingExtraError(library, extra) if extra else None
