"""One judge for the room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codegym.judge import Judge


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    with Judge(workers=2) as made:
        yield made
