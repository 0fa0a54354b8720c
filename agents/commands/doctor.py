"""``codegym doctor``: what this machine offers, what is missing, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

import codegym
from agents.commands.extras import extra_of_library
from agents.commands.options import Json
from agents.commands.terminal import OUT, say_json
from codegym import CallTest, Judge, Problem
from codegym.errors import CodegymError, InfrastructureError
from envs_registry.catalogue import CATALOGUE
from envs_registry.loading import is_at_hand
from envs_registry.sources import CACHE_VARIABLE, DATA_VARIABLE, cache_folder


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What it is.
        good: Whether it is as it should be.
        found: What was found.
        remedy: What to do, where something is to be done.
    """

    subject: str
    good: bool
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Doctor:
    """Look at this machine: interpreter, libraries, the sandbox's layers, data and device."""

    json: Json = False
    attack: bool = False
    """Run the hostile programs on this machine and installation (a minute or two), and say which layer stops what."""

    def run(self) -> int:
        """Prints the findings; returns 1 when programs cannot be judged here or an attack succeeds, else 0."""
        # Attacks are asked for: they take minutes, and load the machine.
        if self.attack:
            findings = list(examine_attacks(attack_report()))
        else:
            findings = [*examine_python(), *examine_libraries(), *examine_judge(), *examine_data(), *examine_device()]
        if self.json:
            say_json([asdict(finding) for finding in findings])
        else:
            show(findings)
        # Missing extras are no failure: only a machine that cannot judge is of no use.
        return 0 if all(finding.good for finding in findings if self.attack or finding.subject == "judge") else 1


_RUNNER = Path("tests", "codegym", "sandbox", "hostile", "runner.py")
_ATTACK_SECONDS = 170


def attack_report() -> dict[str, Any]:
    """Runs every hostile program of the source tree once, in the first of its places, as the user that we are.

    Raises:
        CodegymError: If the programs are not there, or the run fails.
    """
    runner = Path(codegym.__file__).parents[1] / _RUNNER
    if not runner.is_file():
        raise InfrastructureError(
            "The hostile programs are no part of the installed package, only of its source. Get the source, and run "
            "in its folder: python -m agents.cli doctor --attack"
        )
    command = [sys.executable, str(runner), "--first", "--patience", str(_ATTACK_SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise InfrastructureError(f"The hostile programs could not be run: {done.stderr.strip()[-2000:]}")
    return dict(json.loads(done.stdout))


def examine_attacks(report: Mapping[str, Any]) -> Iterator[Finding]:
    """Says, group by group, how many attacks were tried and what stopped them; names each that succeeded."""
    active = {name for name, is_active in report["layers"].items() if is_active}
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for outcome in report["programs"].values():
        groups.setdefault(outcome["group"], []).append(outcome)
    for group, outcomes in groups.items():
        won = [outcome["name"] for outcome in outcomes if outcome["passed"] and outcome["applies"]]
        layers = sorted({layer for outcome in outcomes for layer in outcome["layers"]} & active)
        held = f"held by {', '.join(layers)}" if layers else "held by the protocol"
        found = f"{len(outcomes)} attacks, {held}" if not won else f"SUCCEEDED: {', '.join(won)}"
        yield Finding(group, not won, found, "" if not won else "Please report this; see SECURITY.md.")
    slowest = max(report["programs"].values(), key=lambda outcome: float(outcome["seconds"]))
    yield Finding("slowest", True, f"{slowest['name']}: {slowest['seconds']:.1f} s")
    harmed = ", ".join(report["neighbours"])
    yield Finding("neighbours", not harmed, harmed or "no honest program was harmed")
    remains = [f"{what}: {left}" for what, left in report["remains"].items() if left]
    yield Finding("remains", not remains, "; ".join(remains) or "nothing was left behind")


def show(findings: list[Finding]) -> None:
    """Prints the findings as a table with the remedies below their rows."""
    table = Table(box=None, show_header=False)
    for finding in findings:
        mark = "[green]ok[/]" if finding.good else "[yellow]--[/]"
        remedy = f"\n[dim]{finding.remedy}[/]" if finding.remedy else ""
        table.add_row(mark, finding.subject, finding.found + remedy)
    OUT.print(table, soft_wrap=True)


def examine_python() -> Iterator[Finding]:
    """Looks at the interpreter and the kernel."""
    good = sys.version_info >= (3, 11)
    remedy = "" if good else "codegym needs Python 3.11 or newer."
    yield Finding("python", good, f"{platform.python_version()} on {platform.system()} {platform.release()}", remedy)
    cores = len(os.sched_getaffinity(0))
    yield Finding("cores", True, f"{cores}: a Judge starts as many workers by default")


def examine_libraries() -> Iterator[Finding]:
    """Looks at the libraries that codegym uses, and for one that is imported by the same name."""
    for name, extra in {"codegym": "", **extra_of_library()}.items():
        version = version_of(name)
        package = f"'codegym[{extra}]'" if extra else "codegym"
        yield Finding(name, bool(version), version or "not installed", "" if version else f"pip install {package}")
    # Two distributions with one import name: whichever was installed last is imported, without a word.
    if version_of("openai-agents"):
        remedy = "It is imported as `agents`, too: use one environment for each, or the one installed last wins."
        yield Finding("openai-agents", False, version_of("openai-agents"), remedy)


def version_of(name: str) -> str:
    """Returns the version of a library by its import name, empty where it is not installed."""
    try:
        # Import names have underscores where distributions have hyphens.
        return importlib.metadata.version(name.replace("_", "-"))
    except importlib.metadata.PackageNotFoundError:
        return ""


def examine_judge() -> Iterator[Finding]:
    """Judges one right and one wrong program and names the layers of isolation that are in force."""
    # A right and a wrong program: a judge that calls everything right would pass with one of them.
    problem = Problem(task_id="doctor", prompt="", entry_point="f", tests=(CallTest(args=(1,), expected=2),))
    try:
        with Judge(workers=1) as judge:
            layers = judge.isolation
            right, wrong = judge.judge_many([(problem, "def f(x): return x + 1"), (problem, "def f(x): return x")])
    except CodegymError as error:
        yield Finding("judge", False, str(error), "No program can be judged on this machine until this is mended.")
        return
    good = right.verdict == "pass" and wrong.verdict == "fail"
    yield Finding("judge", good, f"a right program: {right.verdict}; a wrong one: {wrong.verdict}")
    for layer in layers:
        yield Finding(f"  {layer.name}", layer.active, layer.description, layer.remedy)


def examine_data() -> Iterator[Finding]:
    """Looks at the benchmarks' files, at the suites that are here, and at the folder for downloads and models."""
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        yield Finding(DATA_VARIABLE, True, "not set; `core` works without it, other suites take data_dir= or the hub")
    elif Path(folder).is_dir():
        yield Finding(DATA_VARIABLE, True, folder)
    else:
        yield Finding(DATA_VARIABLE, False, f"{folder} is no folder", "Set it to a folder that holds benchmark files.")
    at_hand = {name: [s for s in entry.splits if is_at_hand(name, s)] for name, entry in CATALOGUE.items()}
    missing = [name for name, splits in at_hand.items() if not splits and CATALOGUE[name].splits]
    yield Finding("suites", True, ", ".join(name for name, splits in at_hand.items() if splits))
    if missing:
        remedy = (
            "docs/suites.md says which files they look for; with the extra hub they are fetched when first asked for."
        )
        yield Finding("suites not here", True, ", ".join(missing), remedy)
    yield _cache()


def _cache() -> Finding:
    folder = cache_folder()
    # The folder is made at first use: what counts is whether its nearest parent may be written.
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK)):
        remedy = (
            f"Set {CACHE_VARIABLE} to a folder that you may write to: downloads and built-in models are kept there."
        )
        return Finding("cache", False, f"{folder} cannot be written", remedy)
    return Finding("cache", True, f"{folder}, {shutil.disk_usage(existing).free / 2**30:.0f} GiB free")


def examine_device() -> Iterator[Finding]:
    """Looks for an accelerator."""
    # Importing torch takes seconds, and it may be missing altogether; that was said above.
    if importlib.util.find_spec("torch") is None:
        return
    import torch

    if torch.cuda.is_available():
        yield Finding("device", True, f"cuda: {torch.cuda.get_device_name()}")
    else:
        yield Finding("device", True, f"cpu ({torch.get_num_threads()} threads); models above some 100 M want a GPU")
