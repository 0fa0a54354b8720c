"""Imports run downwards only, without cycles: the picture in docs/architecture.md, held by a test."""

from __future__ import annotations

import ast
import re
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
    {"errors", "atomic_file", "json_lines", "store"},
    {"sandbox"},
    {"answers", "comparison", "output_rule"},
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

AGENT_FLOORS = (
    {"progress", "settings"},
    {"engines"},
    {"policy"},
    {"rollout"},
    {"scoring", "training"},
    {"codedpo.data"},
    {"codedpo", "evaluation", "rltf"},
    {"integrations", "report"},
    {"commands"},
    {"cli"},
)
"""The floors of agents, lowest first. Rooms of one floor are siblings: they do not import each other."""

PAGE = ROOT / "docs" / "architecture.md"

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


def agent_room(module: str) -> str:
    """The room of agents that a module belongs to; empty for the package itself."""
    parts = module.split(".")
    nested = parts[1:3]
    return ".".join(nested) if any(".".join(nested) in floor for floor in AGENT_FLOORS) else "".join(parts[1:2])


def agent_arrows() -> dict[str, set[str]]:
    """For each room of agents the other rooms of agents that it imports."""
    arrows: dict[str, set[str]] = {}
    for module, names in imports().items():
        if room(module) == "agents" and module != "agents":
            here = arrows.setdefault(agent_room(module), set())
            here |= {agent_room(name) for name in names if room(name) == "agents"} - {agent_room(module)}
    return arrows


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


def test_rooms_of_agents_import_downwards_and_no_siblings() -> None:
    floor = {name: height for height, names in enumerate(AGENT_FLOORS) for name in names}
    for name, targets in agent_arrows().items():
        assert name in floor, f"agents.{name} stands on no floor: name one in AGENT_FLOORS and in docs/architecture.md"
        for target in targets:
            assert target in floor, f"agents.{name} imports agents.{target}, which stands on no floor"
            assert floor[target] < floor[name], f"agents.{name} imports agents.{target}, which is no floor below it"


def test_the_page_shows_every_room_and_arrow() -> None:
    rows = re.findall(r"^\| `agents/([a-z_/]+)` \|[^|]*\| ([^|]*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    shown = {name.replace("/", "."): set(re.findall(r"`([a-z_/]+)`", arrows)) for name, arrows in rows}
    drawn = {name: {target.replace(".", "/") for target in targets} for name, targets in agent_arrows().items()}
    assert shown == drawn


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
