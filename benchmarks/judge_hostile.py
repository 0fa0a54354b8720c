"""The hostile suite as a table: how many programs of each group attack, and how many of them won, in each mode.

    python benchmarks/judge_hostile.py

As root, as an ordinary user, and both where the kernel refuses namespaces. The programs and what they attack are in
``tests/codegym/sandbox/hostile``; every one of them passes its tests exactly when its attack succeeds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from judging.machine import Machine
from judging.report import RESULTS, Report, Sheet
from rich.console import Console

_SUITE = Path(__file__).resolve().parents[1] / "tests" / "codegym" / "sandbox"
sys.path.append(str(_SUITE))
_UID = "54321"
_console = Console(stderr=True)


def modes() -> dict[str, list[str]]:
    """What can be tried by whoever runs this."""
    if os.getuid() != 0:
        return {"ordinary user": [], "ordinary user, no namespaces": ["--no-namespaces"]}
    return {
        "root": [],
        "ordinary user": ["--uid", _UID],
        "root, no namespaces": ["--no-namespaces"],
        "ordinary user, no namespaces": ["--uid", _UID, "--no-namespaces"],
    }


def run(options: list[str]) -> dict[str, Any]:
    """One run of the suite."""
    command = [sys.executable, str(_SUITE / "hostile" / "runner.py"), *options]
    report: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return report


def verdict_table(reports: dict[str, dict[str, Any]]) -> Sheet:
    """Groups against modes."""
    from hostile.catalogue import PROGRAMS

    groups = dict.fromkeys(program.group for program in PROGRAMS.values())
    rows = []
    for group in groups:
        names = [
            name for name in reports[next(iter(reports))]["programs"] if PROGRAMS[name.partition("/")[0]].group == group
        ]
        cells = [str(sum(_won(report, name) for name in names)) for report in reports.values()]
        rows.append((group, str(len(names)), *cells))
    for group, key in (("leftovers", "pairs"), ("neighbours", "together")):
        cells = [str(sum(o["verdict"] == "pass" for o in report[key].values())) for report in reports.values()]
        rows.append((group, str(len(_first(reports)[key])), *cells))
    remarks = (
        "Cells: programs that won. An attack that only a namespace can stop is not counted where there are none: "
        + "; ".join(sorted({f"{p.name} ({p.needs_namespaces})" for p in PROGRAMS.values() if p.needs_namespaces}))
        + ".",
    )
    return Sheet(title="Attacks", columns=("group", "programs", *reports), rows=tuple(rows), remarks=remarks)


def _won(report: dict[str, Any], name: str) -> bool:
    from hostile.catalogue import PROGRAMS

    excused = PROGRAMS[name.partition("/")[0]].needs_namespaces and not report["layers"]["pid"]
    return bool(report["programs"][name]["passed"]) and not excused


def other_table(reports: dict[str, dict[str, Any]]) -> Sheet:
    """What else a run shows."""
    rows = [
        ("layers in force", *(", ".join(name for name, on in r["layers"].items() if on) for r in reports.values())),
        (
            "honest programs between hostile ones that lost their verdict",
            *(str(len(r["neighbours"])) for r in reports.values()),
        ),
        (
            "honest programs of odd styles that did not pass",
            *(", ".join(n for n, o in r["honest"].items() if o["verdict"] != "pass") or "0" for r in reports.values()),
        ),
        ("infra_error or exception", *(str(sum(map(_is_lost, r["programs"].values()))) for r in reports.values())),
        *(
            (f"left behind: {what}", *(str(len(r["remains"][what])) for r in reports.values()))
            for what in _first(reports)["remains"]
        ),
        ("descriptors kept", *(str(r["descriptors_kept"]) for r in reports.values())),
    ]
    return Sheet(title="The rest", columns=("what", *reports), rows=tuple(rows))


def _is_lost(outcome: dict[str, Any]) -> bool:
    return str(outcome["verdict"]).startswith(("infra_error", "raised"))


def _first(reports: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return next(iter(reports.values()))


def layer_table(opened: dict[str, Any]) -> Sheet:
    """Which attack succeeds when its layers are switched off."""
    from hostile.catalogue import PROGRAMS

    rows = tuple((name, ", ".join(PROGRAMS[name].layers), outcome["verdict"]) for name, outcome in opened.items())
    return Sheet(
        title="Each layer is worth something: attacks with the layers that stop them switched off",
        columns=("attack", "without", "verdict (pass: it got through)"),
        rows=rows,
    )


def main(argv: Sequence[str]) -> int:
    """Runs all modes and writes the tables; 1 if an attack won."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report")
    options = parser.parse_args(argv)
    machine = Machine()
    reports = {}
    for name, words in modes().items():
        _console.print(f"the suite as {name} ...")
        reports[name] = run(words)
    tables = [verdict_table(reports), other_table(reports)]
    if os.getuid() == 0:
        tables.append(layer_table(run(["--uid", _UID, "--demonstrate"])["opened"]))
    for table in tables:
        table.show(Console(width=160))
    command = ("python benchmarks/judge_hostile.py " + " ".join(argv)).strip()
    page = Report(name="judge_hostile", command=command, machine=machine, sheets=tables, data={})
    _console.print(f"written: {page.write(options.out)}")
    return 1 if any(_won(report, name) for report in reports.values() for name in report["programs"]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
