from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import pytest

from agents.commands.doctor import Finding, examine_attacks, examine_data, examine_libraries
from agents.commands.extras import extra_of_library


def by_subject(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.subject.strip(): finding for finding in findings}


@pytest.mark.parametrize(("name", "remedy"), [("peft", "codegym[lora]"), ("numpy", "pip install codegym")])
def test_a_library_that_is_missing_comes_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, remedy: str
) -> None:
    version = importlib.metadata.version

    def missing(asked: str) -> str:
        if asked == name:
            raise importlib.metadata.PackageNotFoundError(asked)
        return "1.0" if asked == "openai-agents" else version(asked)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    found = by_subject(list(examine_libraries()))
    assert not found[name].good
    assert remedy in found[name].remedy
    assert found["gymnasium"].good
    assert "imported as `agents`" in found["openai-agents"].remedy


def test_every_library_is_looked_at_with_the_extra_that_brings_it() -> None:
    extras = extra_of_library()
    assert (extras["numpy"], extras["torch"], extras["peft"], extras["pyarrow"]) == ("", "agents", "lora", "hub")
    assert not {"codegym[agents,lora,hub]", "pytest", "mkdocs_material"} & set(extras)


def test_data_and_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CODEGYM_DATA", str(tmp_path / "absent"))
    (tmp_path / "file").touch()
    monkeypatch.setenv("CODEGYM_CACHE", str(tmp_path / "file" / "below"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    found = by_subject(list(examine_data()))
    assert "no folder" in found["CODEGYM_DATA"].found
    assert found["suites"].found == "core"
    assert "humaneval" in found["suites not here"].found
    assert not found["cache"].good
    assert "CODEGYM_CACHE" in found["cache"].remedy
    monkeypatch.setenv("CODEGYM_CACHE", str(tmp_path / "new" / "folder"))
    assert by_subject(list(examine_data()))["cache"].good


def test_attacks_are_told_by_group_and_by_what_held_them() -> None:
    def outcome(name: str, passed: int, applies: bool = True) -> dict[str, Any]:
        about = {"name": name, "group": name.partition("_")[0], "layers": ["seccomp", "mount"], "applies": applies}
        return {**about, "passed": passed, "seconds": 1.0}

    tried = [outcome("kernel_a", 0), outcome("kernel_b", 1, applies=False), outcome("files_a", 1)]
    report = {
        "layers": {"seccomp": True, "mount": False},
        "programs": {seen["name"]: seen for seen in tried},
        "neighbours": {},
        "remains": {"processes": [], "files": ["/tmp/left"]},
    }
    found = by_subject(list(examine_attacks(report)))
    assert (found["kernel"].good, found["kernel"].found) == (True, "2 attacks, held by seccomp")
    assert (found["files"].good, found["files"].found) == (False, "SUCCEEDED: files_a")
    assert found["neighbours"].good
    assert not found["remains"].good
