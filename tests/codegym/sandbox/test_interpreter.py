"""Interpreters that are none: named when the judge is made, not once for every program."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from codegym.errors import InfrastructureError
from codegym.sandbox.interpreter import interpreter_path
from codegym.sandbox.pool import Sandbox


def _interpreter(folder: Path, says: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return str(path)


def test_our_own_and_others_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert interpreter_path(sys.executable) == sys.executable
    path = _interpreter(tmp_path, f'exec {sys.executable} "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    interpreter_path.cache_clear()
    assert interpreter_path("python") == path


def test_one_that_is_not_there() -> None:
    with pytest.raises(InfrastructureError, match=r"no such program.*leave python out"):
        Sandbox(workers=1, python="/no/such/python")


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("exit 0", "said: nothing"),
        ("echo pypy 3 11", "said: pypy 3 11"),
        ("echo cpython 3 9", "said: cpython 3 9"),
        ("echo broken >&2; exit 3", "said: broken"),
    ],
)
def test_one_that_is_no_cpython_new_enough(tmp_path: Path, says: str, told: str) -> None:
    with pytest.raises(InfrastructureError, match=f"Programs need a CPython 3.11 or newer.*{told}"):
        Sandbox(workers=1, python=_interpreter(tmp_path, says))
