"""Charts of TensorBoard's page of custom scalars."""

from __future__ import annotations

import re

import pytest

from agents.training.tensorboard_layout import ONLINE, PREFERENCES, Layout


@pytest.mark.parametrize("layout", [ONLINE, PREFERENCES])
def test_charts_are_lines_of_keys(layout: Layout) -> None:
    for charts in layout.values():
        for kind, keys in charts.values():
            assert kind == "Multiline"
            assert all(re.fullmatch(r"[a-z_]+/(\.\*|\.\*_)?[a-z_]*", key) for key in keys)
