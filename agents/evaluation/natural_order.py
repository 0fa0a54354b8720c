"""The order in which people count: ``2.py`` before ``10.py``."""

from __future__ import annotations

import re


def natural_order(name: str) -> list[tuple[int, str]]:
    """Returns a key to sort names by, in which digits stand for their number."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name) if part]
