"""Imports run downwards only, without cycles: the picture in docs/architecture.md, held by a test."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("codegym", "envs_registry", "agents")

MAY_IMPORT = {
    "codegym": {"codegym"},
    "envs_registry": {"envs_registry", "codegym"},
    "agents": {"agents", "envs_registry", "codegym"},
}
"""What each room may import of the project."""

FLOORS = (
    {"errors", "atomic_file", "json_lines"},
    {"sandbox"},
    {"comparison", "output_rule"},
    {"problem"},
    {"extraction"},
    {"program"},
    {"feedback"},
    {"judge", "judge_settings", "rewards", "rendering", "picture", "spaces"},
    {"diagnosis"},
    {"episode", "rules"},
    {"env"},
    {"vector", "checks", "wrappers"},
)
"""The floors of codegym, lowest first: a module imports from its own floor or from below."""

HEAVY = {"torch", "transformers", "stable_baselines3", "matplotlib", "tensorboard", "datasets", "scipy"}


@cache
def imports() -> dict[str, set[str]]:
    """Every module of the project and all that it imports, wherever the statement stands."""
    return {module_name(path): set(imported(path)) for package in PACKAGES for path in (ROOT / package).rglob("*.py")}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # What runs inside the sandbox is no part of the package there, so its own imports are relative.
            here = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join([*here, *([node.module] if node.module else [])])
            below = [f"{module}.{alias.name}" for alias in node.names]
            names += [name if is_module(name) else module for name in below]
    return names


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def room(module: str) -> str:
    return module.split(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_rooms_import_only_what_lies_below_them(package: str) -> None:
    for module, names in imports().items():
        if room(module) == package:
            foreign = {name for name in names if room(name) in PACKAGES and room(name) not in MAY_IMPORT[package]}
            assert not foreign, f"{module} imports {sorted(foreign)}"


def test_no_room_imports_tests_examples_or_benchmarks() -> None:
    for module, names in imports().items():
        assert not {room(name) for name in names} & {"tests", "examples", "benchmarks"}, module


def test_floors_of_codegym() -> None:
    floor = {name: height for height, names in enumerate(FLOORS) for name in names}
    for module, names in imports().items():
        parts = module.split(".")
        if parts[0] != "codegym" or len(parts) == 1:
            continue
        assert parts[1] in floor, f"{module} stands on no floor: name one in FLOORS and in docs/architecture.md"
        for name in names:
            target = name.split(".")
            if target[0] == "codegym" and len(target) > 1:
                assert floor[target[1]] <= floor[parts[1]], f"{module} imports {name}, which lies above it"


def test_no_cycles() -> None:
    graph = {module: {name for name in names if name in imports()} - {module} for module, names in imports().items()}
    # A package's __init__ gathers names from below for its users; the arrows back to it are lookups, not dependencies.
    packages = {module for module in graph if ROOT.joinpath(*module.split("."), "__init__.py").exists()}
    TopologicalSorter({module: names - packages for module, names in graph.items()}).prepare()


def test_the_environment_never_imports_torch() -> None:
    for module, names in imports().items():
        if room(module) in ("codegym", "envs_registry"):
            heavy = {name for name in names if room(name) in HEAVY - {"datasets"}}
            assert not heavy, f"{module} imports {sorted(heavy)}"


def test_the_sandbox_needs_the_standard_library_only() -> None:
    for module, names in imports().items():
        if module.startswith("codegym.sandbox"):
            for name in names:
                # The server loads its folder, ``inside``, under the name ``_codegym``.
                ours = name.startswith(("codegym.sandbox", "codegym.errors", "_codegym."))
                known = ours or room(name) in sys.stdlib_module_names
                assert known, f"{module} imports {name}"


def test_import_codegym_loads_nothing_heavy() -> None:
    script = f"import sys, codegym; print(sorted({HEAVY!r} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
