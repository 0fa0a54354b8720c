"""Which files of a folder are its own code."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.codedpo.data.corpus_tasks import read_corpus
from agents.codedpo.data.source_files import EXCLUDED_FOLDERS, SourceFiles

FUNCTION = 'def f(x):\n    """Return what everybody needs to know about x."""\n    x += 1\n    return x * %d\n'


def write(root: Path, *places: str) -> Path:
    for number, place in enumerate(places):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(FUNCTION % number)
    return root


OTHERS = (
    ".venv/lib/python3.11/site-packages/peer/a.py",
    ".venv/bin/tool.py",
    "venv/a.py",
    "tools/node_modules/gyp/a.py",
    ".git/hooks/a.py",
    "build/lib/own/a.py",
    "dist/a.py",
    "vendored/site-packages/a.py",
    "own/__pycache__/a.py",
    "peer.egg/a.py",
)


@pytest.mark.parametrize("place", OTHERS)
def test_other_peoples_code_and_copies_are_left_out_and_counted(tmp_path: Path, place: str) -> None:
    found = SourceFiles.below(write(tmp_path, "own/a.py", "build.py", place))
    assert [file.relative_to(tmp_path).as_posix() for file in found.files] == ["build.py", "own/a.py"]
    assert sum(found.left_out.values()) == 1


def test_the_outermost_folder_counts_for_all_below_it(tmp_path: Path) -> None:
    write(tmp_path, *OTHERS[:2], "build/b.py", "own/build/c.py")
    assert SourceFiles.below(tmp_path).left_out == {".venv": 2, "build": 2}


@pytest.mark.parametrize("place", ["site-packages/peer", ".venv", "build/.git"])
def test_a_folder_that_was_named_is_always_taken(tmp_path: Path, place: str) -> None:
    root = write(tmp_path / place, "a.py", "b/c.py")
    assert SourceFiles.below(root) == SourceFiles((root / "a.py", root / "b/c.py"), {})
    assert SourceFiles.below(root / "a.py") == SourceFiles((root / "a.py",), {})


def test_the_folders_are_the_callers_choice(tmp_path: Path) -> None:
    write(tmp_path, "a.py", ".venv/b.py", "docs/c.py", "docsite/d.py")
    assert len(SourceFiles.below(tmp_path, ()).files) == 4
    found = SourceFiles.below(tmp_path, (*EXCLUDED_FOLDERS, "docs*"))
    assert (found.files, found.left_out) == ((tmp_path / "a.py",), {".venv": 1, "docs": 1, "docsite": 1})


def test_a_harvest_reads_none_of_them(tmp_path: Path) -> None:
    write(tmp_path, "own/a.py", *OTHERS)
    found = read_corpus(tmp_path)
    assert (found.files, len(found.tasks), sum(found.left_out.values())) == (1, 1, len(OTHERS))
    everything = read_corpus(tmp_path, excluded=())
    assert (everything.files, everything.left_out) == (1 + len(OTHERS), {})
