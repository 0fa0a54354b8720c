"""The code in the documentation runs: every Python block of a page, one after the other, as a reader would type them.

A page may say in comments, which readers do not see, what a block needs:

    <!-- run before: CODE -->          code that runs first (what the text takes for given)
    <!-- run with: A -> B -->          the next block runs with B in place of A (a small model, a shorter training)
    <!-- run with data -->             the page needs CODEGYM_DATA, a folder of benchmark files
    <!-- not run: REASON -->           the next block does not run
"""

from __future__ import annotations

import os
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CODEGYM_DATA", "CODEGYM_DATA is not set"))
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_ORDER = r"^<!-- (?P<order>run before|run with data|run with|not run)(?::(?P<text>.*?))?\s*-->$"
_CODE = r"^```python\n(?P<code>.*?)^```$"
PART = re.compile(f"{_ORDER}|{_CODE}", re.DOTALL | re.MULTILINE)


@dataclass
class Block:
    """Code of a page that runs at one go."""

    line: int
    code: str
    with_data: bool = False


@dataclass
class Orders:
    """What the comments above a block ask for."""

    swaps: list[tuple[str, str]] = field(default_factory=list)
    not_run: bool = False


def blocks_of(text: str) -> Iterator[Block]:
    orders, with_data = Orders(), False
    for part in PART.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        given = (part["text"] or "").strip()
        if part["order"] == "run before":
            yield Block(line, "\n" + (part["text"] or "").strip("\n") + "\n", with_data)
        elif part["order"] == "run with data":
            with_data = True
        elif part["order"] == "run with":
            shown, _, run = given.partition(" -> ")
            orders.swaps.append((shown, run))
        elif part["order"] == "not run":
            assert given, f"line {line}: say why the block is not run"
            orders.not_run = True
        else:
            code = part["code"]
            for shown, run in orders.swaps:
                assert shown in code, f"line {line}: the block has no {shown!r}"
                code = code.replace(shown, run)
            if not orders.not_run:
                yield Block(line + 1, code, with_data)
            orders = Orders()


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Works in an empty folder, where the pages may write, and finds the data also from there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CODEGYM_DATA", str(DATA))


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page: Path) -> None:
    blocks = list(blocks_of(page.read_text("utf-8")))
    if any(block.with_data for block in blocks) and not DATA.is_dir():
        pytest.skip("needs CODEGYM_DATA=<folder of benchmark data>")
    module = types.ModuleType("__page__")
    sys.modules[module.__name__] = module  # dataclasses and pickle look their module up
    try:
        for block in blocks:
            source = "\n" * (block.line - 1) + block.code
            exec(compile(source, str(page), "exec"), module.__dict__)
    finally:
        for value in list(vars(module).values()):
            close = getattr(value, "close", None)
            if callable(close) and not isinstance(value, type | types.ModuleType):
                close()
        del sys.modules[module.__name__]


def test_a_page_that_is_wrong_is_noticed() -> None:
    text = "<!-- run before:\nx = 1\n-->\n\n```python\nassert x == 2\n```\n"
    before, block = blocks_of(text)
    assert (block.line, block.code) == (6, "assert x == 2\n")
    assert before.code.strip() == "x = 1"
    swapped, *_ = blocks_of(
        "<!-- run with: 9 -> 2 -->\n\n```python\ny = 9\n```\n<!-- not run: no hub -->\n```python\n1/0\n```\n"
    )
    assert swapped.code == "y = 2\n"
    assert _ == []
