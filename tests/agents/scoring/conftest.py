from __future__ import annotations

from collections.abc import Iterator

import pytest

from codegym.judge import Judge


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """One judge for the room."""
    with Judge(workers=2) as made:
        yield made
