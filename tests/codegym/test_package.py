"""``import codegym``: everything public is there, and little is loaded."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import codegym

ROOT = Path(__file__).resolve().parent.parent.parent


def printed(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def test_the_version_is_that_of_the_package() -> None:
    assert codegym.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


@pytest.mark.parametrize("name", ["checks", "rewards", "spaces", "wrappers"])
def test_modules_are_attributes_without_an_import_of_their_own(name: str) -> None:
    assert printed(f"import codegym; print(codegym.{name}.__name__)") == f"codegym.{name}"


def test_the_environments_load_on_first_use() -> None:
    script = (
        "import sys, codegym\n"
        "before = {'codegym.env', 'codegym.vector', 'codegym.checks'} & set(sys.modules)\n"
        "from codegym import CodeSynthesisEnv, CodeSynthesisVectorEnv, Comparison, JudgeProtocol\n"
        "print(before, CodeSynthesisEnv.__module__, CodeSynthesisVectorEnv.__module__)"
    )
    assert printed(script) == "set() codegym.env codegym.vector"
    assert {"CodeSynthesisEnv", "__version__", "rewards"} <= set(dir(codegym))
