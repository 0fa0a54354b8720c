"""``codegym doctor``: what this machine offers, what is missing, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from codegym import CallTest, Judge, Problem
from codegym.errors import CodegymError

OPTIONAL = {
    "torch": "agents",
    "transformers": "agents",
    "stable_baselines3": "agents",
    "tensorboard": "agents",
    "matplotlib": "agents",
    "peft": "lora",
    "huggingface_hub": "hub",
    "datasets": "hub",
}
"""Optional libraries by import name, and the extra that brings each."""


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
    """Look at this machine: interpreter, libraries, the sandbox's layers, data, device."""

    json: bool = False
    """Print one JSON document instead of a table."""

    def run(self) -> int:
        """Prints the findings; returns 1 when programs cannot be judged here, else 0."""
        findings = [*examine_python(), *examine_libraries(), *examine_judge(), *examine_data(), *examine_device()]
        if self.json:
            print(json.dumps([asdict(finding) for finding in findings], indent=2))
        else:
            show(findings)
        return 0 if all(finding.good for finding in findings if finding.subject == "judge") else 1


def show(findings: list[Finding]) -> None:
    """Prints the findings as a table with the remedies below their rows."""
    table = Table(box=None, show_header=False)
    for finding in findings:
        mark = "[green]ok[/]" if finding.good else "[yellow]--[/]"
        remedy = f"\n[dim]{finding.remedy}[/]" if finding.remedy else ""
        table.add_row(mark, finding.subject, finding.found + remedy)
    Console(soft_wrap=True).print(table)


def examine_python() -> Iterator[Finding]:
    """Looks at the interpreter and the kernel."""
    good = sys.version_info >= (3, 11)
    remedy = "" if good else "codegym needs Python 3.11 or newer."
    yield Finding("python", good, f"{platform.python_version()} on {platform.system()} {platform.release()}", remedy)
    cores = len(os.sched_getaffinity(0))
    yield Finding("cores", True, f"{cores}: a Judge starts as many workers unless told otherwise")


def examine_libraries() -> Iterator[Finding]:
    """Looks at the optional libraries, and at a namesake of ours."""
    for name in ("codegym", "gymnasium", "numpy", "ruff"):
        yield Finding(name, True, importlib.metadata.version(name))
    for name, extra in OPTIONAL.items():
        if importlib.util.find_spec(name):
            yield Finding(name, True, importlib.metadata.version(name.replace("_", "-")))
        else:
            yield Finding(name, False, "not installed", f"pip install 'codegym[{extra}]'")
    try:
        version = importlib.metadata.version("openai-agents")
    except importlib.metadata.PackageNotFoundError:
        return
    remedy = "It is imported as `agents`, too: use one environment for each, or the one installed last wins."
    yield Finding("openai-agents", False, version, remedy)


def examine_judge() -> Iterator[Finding]:
    """Judges one right and one wrong program and names the layers of isolation that are in force."""
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
    """Looks at the folder with the benchmarks' files."""
    folder = os.environ.get("CODEGYM_DATA")
    if not folder:
        yield Finding("CODEGYM_DATA", True, "not set; `core` works without it, other suites take data_dir= or the hub")
    elif Path(folder).is_dir():
        yield Finding("CODEGYM_DATA", True, f"{folder}: {len(list(Path(folder).iterdir()))} entries")
    else:
        yield Finding("CODEGYM_DATA", False, f"{folder} is no folder", "Set it to a folder that holds benchmark files.")


def examine_device() -> Iterator[Finding]:
    """Looks for an accelerator."""
    if importlib.util.find_spec("torch") is None:
        return
    import torch

    if torch.cuda.is_available():
        yield Finding("device", True, f"cuda: {torch.cuda.get_device_name()}")
    else:
        yield Finding("device", True, f"cpu ({torch.get_num_threads()} threads); models above some 100 M want a GPU")
