from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real benchmark files; a test that needs it and has none is skipped by name."""
    folder = Path(os.environ.get("CODEGYM_DATA", "CODEGYM_DATA is not set"))
    if not folder.is_dir():
        pytest.skip("needs CODEGYM_DATA=<folder of benchmark data>")
    return folder


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any benchmark data."""
    monkeypatch.delenv("CODEGYM_DATA", raising=False)
    monkeypatch.setenv("CODEGYM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
