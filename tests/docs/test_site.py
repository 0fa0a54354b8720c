"""The documentation site: every page is reached, every link leads somewhere, every module it documents exists."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
HANG_SECONDS = 600


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("nav:")[2]
    assert sorted(re.findall(r"[\w/]+\.md", navigation)) == PAGES


@pytest.mark.parametrize("page", [*PAGES, "../README.md", "../CONTRIBUTING.md", "../CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    path = (DOCS / page).resolve()
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        other = (path.parent / file).resolve() if file else path
        assert other.exists(), f"{page} links to {target}"
        assert path.parent == ROOT or DOCS in other.parents, f"{page} links to {target}, which is not part of the site"
        if anchor:
            titles = re.findall(r"^#+ (.*)$", other.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}, target


@pytest.mark.parametrize("page", [*PAGES, "../README.md", "../CONTRIBUTING.md", "../CHANGELOG.md"])
def test_no_page_is_half_merged(page: str) -> None:
    assert re.findall(r"^(?:<{7}|={7}|>{7})(?: .*)?$", (DOCS / page).read_text("utf-8"), re.MULTILINE) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("api/")])
def test_documented_modules_exist(page: str) -> None:
    modules = re.findall(r"^::: (\S+)$", (DOCS / page).read_text("utf-8"), re.MULTILINE)
    assert modules
    for module in modules:
        assert importlib.util.find_spec(module) is not None, module


NOT_PUBLIC = {
    "agents.cli": "a command line, described by its help",
    "agents.commands": "a command line, described by its help",
    "agents.report": "its page is the interface",
    "codegym.sandbox": "the judge is its interface; limits and isolation are listed",
    "codegym.extraction": "`codegym.program` is its interface",
    "codegym.feedback": "tables and parts of records that are listed",
    "codegym.picture": "`codegym.rendering` is its interface",
    "agents.progress": "drawn by commands",
    "agents.engines.out_of_memory": "a part of engines",
    "agents.policy.pretrained": "`LMPolicy.load` is its interface",
    "agents.training": "what agents are made of; what users call is listed",
    "agents.rltf": "what the agent is made of; settings and pure functions are listed",
    "agents.codedpo": "what the agent is made of; settings and pure functions are listed",
    "agents.evaluation": "what `evaluate` is made of; what users call is listed",
    "agents.scoring.problem_key": "a part of keys of the store",
    "envs_registry.evalplus": "shared by two loaders",
    "envs_registry.examples": "shared by loaders",
    "envs_registry.strengthen": "parts of `strengthening`, which is listed",
}
"""Modules that the API pages may leave out, or rooms of such modules, and why."""


def test_the_api_pages_list_every_public_module() -> None:
    listed = {
        module
        for page in (DOCS / "api").glob("*.md")
        for module in re.findall(r"^::: (\S+)$", page.read_text("utf-8"), re.MULTILINE)
    }
    files = [file for room in ("codegym", "envs_registry", "agents") for file in (ROOT / room).rglob("*.py")]
    modules = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files if file.stem != "__init__"}
    assert {module for module in modules - listed if not module.startswith(tuple(NOT_PUBLIC))} == set()
    unneeded = {name for name in NOT_PUBLIC if not any(module.startswith(name) for module in modules - listed)}
    assert unneeded == set()


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="needs the extra docs: make docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CodeSynthesisEnv" in (tmp_path / "site" / "api" / "codegym" / "index.html").read_text("utf-8")
