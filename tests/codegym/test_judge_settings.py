"""What a judge is made of, and when its verdicts may be taken for those of another."""

from __future__ import annotations

import ast
import shutil
import sys
from pathlib import Path

import pytest

import codegym
from codegym import Judge, Kind, Limits, Scope
from codegym import judge_settings as module
from codegym.feedback.kind import KINDS, Meaning
from codegym.judge_settings import VERDICT_SOURCES, JudgeSettings, verdict_version

FOLDER = Path(codegym.__file__).parent


def test_a_judge_says_how_it_was_made_and_another_is_made_like_it() -> None:
    settings = JudgeSettings(workers=1, limits=Limits(cpu_seconds=1.5), without=("landlock",))
    with Judge.of(settings) as judge:
        assert judge.settings == settings
        assert "landlock" not in {layer.name for layer in judge.isolation if layer.active}
    with Judge(workers=1, limits=Limits(cpu_seconds=1.5), stop_early=True, strict_extraction=True) as judge:
        assert judge.settings == JudgeSettings(
            workers=1, limits=Limits(cpu_seconds=1.5), stop_early=True, strict_extraction=True
        )
        with Judge.of(judge.settings) as twin:
            assert twin.settings == judge.settings


@pytest.mark.parametrize(
    "other",
    [
        {"isolation": "none"},
        {"packages": ("numpy",)},
        {"python": "/usr/bin/python3.12"},
        {"limits": Limits(cpu_seconds=1)},
        {"kinds": KINDS.with_entries({"KeyError": Meaning(Kind.INDEX_ERROR, Scope.LINE)})},
        {"without": ("landlock",)},
        {"strict_extraction": True},
        {"stop_early": True},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_a_verdict_depends_on_is_in_the_key(other: dict[str, object]) -> None:
    assert JudgeSettings(**other).verdict_key() != JudgeSettings().verdict_key()  # type: ignore[arg-type]  # by name


def test_the_number_of_workers_is_not_in_the_key() -> None:
    assert JudgeSettings(workers=1).verdict_key() == JudgeSettings(workers=7).verdict_key()
    assert JudgeSettings(python=sys.executable).interpreter == ".".join(map(str, sys.version_info[:3]))


def imported_by(path: Path, seen: set[Path]) -> set[Path]:
    """All modules of codegym that a module imports, directly or not."""
    if path in seen:
        return seen
    seen.add(path)
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("codegym."):
            path = FOLDER.parent.joinpath(*(node.module or "").split("."))
            imported_by(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"), seen)
    return seen


def test_the_version_covers_all_that_the_judge_imports() -> None:
    imported = {str(path.relative_to(FOLDER)) for path in imported_by(FOLDER / "judge.py", set())}
    folders = {name.partition("/")[0] for name in imported if name.startswith(("sandbox/", "extraction/"))}
    deciding = {name for name in imported if name.partition("/")[0] not in folders} | folders
    assert deciding - {"errors.py"} == set(VERDICT_SOURCES)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package, of which ``verdict_version`` takes the digest."""
    folder = tmp_path / "codegym"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "__file__", str(folder / "judge_settings.py"))
    return folder


def version() -> str:
    return verdict_version.__wrapped__()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_words_and_other_rooms_do_not_change_the_version(copied: Path) -> None:
    before = version()
    assert before == verdict_version()
    edit(copied / "rendering.py", '"""', '"""Words. ')
    edit(copied / "rewards.py", "return", "return  ")
    edit(copied / "comparison.py", "\nimport math\n", "\n# Words.\nimport math\n")
    edit(copied / "judge.py", '"""The judge: ', '"""Other words: ')
    assert version() == before


@pytest.mark.parametrize(
    "name", ["comparison.py", "extraction/extraction.py", "sandbox/guest/codec.py", "feedback/kind.py"]
)
def test_changed_code_changes_the_version(copied: Path, name: str) -> None:
    before = version()
    path = copied / name
    path.write_text(path.read_text("utf-8") + "\n_more = 1\n", "utf-8")
    assert version() != before
