"""Every suite whose data is at hand: loading time, reference solutions, wrong programs; and CodeT's measured labels.

python benchmarks/suites.py [--data DIR] [--suites NAME:SPLIT ...] [--out FILE]

Reads the benchmarks' files from ``--data`` or ``CODEGYM_DATA``. The embedded suite has ``core_suite.py``. The last part
holds the verdicts of 8,200 programs that CodeGen-16B wrote for HumanEval (``codet/``) against labels measured with the
original harness.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from codegym.judge import Judge
from envs_registry.catalogue import ALL, CATALOGUE
from envs_registry.checking import check_suite
from envs_registry.loading import is_at_hand, load_suite

RESULTS = Path(__file__).parent / "results"
WHOLE = ("mbpp", "mbpp_sanitized")
"""Suites whose splits lie in one file."""
LOAD = """
import time
import envs_registry.suites.{module}
from envs_registry import load_suite
start = time.perf_counter()
load_suite({name!r}, {split!r})
print(time.perf_counter() - start)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the tables; returns 1 where something new is at fault."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=os.environ.get("CODEGYM_DATA"))
    parser.add_argument("--suites", nargs="*", help="NAME:SPLIT; all that are at hand without it")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--out", type=Path, default=RESULTS / "suites.json")
    options = parser.parse_args(argv)
    if options.data is None:
        parser.error("name the folder of the benchmarks' files by --data or CODEGYM_DATA")
    if options.out.is_dir():
        parser.error(f"--out takes the name of a file ({options.out / 'suites.json'}, say); {options.out} is a folder")
    os.environ["CODEGYM_DATA"] = str(options.data)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, split in _chosen(options.suites):
        rows.append(_row(name, split, options.workers))
        print(rows[-1]["line"], flush=True)
    codet = None if options.suites else _codet(options.data, options.workers)
    text = json.dumps({"suites": rows, "codet": codet}, indent=1) + "\n"
    options.out.write_text(text.replace(f"{options.data}/", ""))  # a machine's folders are nobody's business
    options.out.with_suffix(".md").write_text(_table(rows, codet))
    print(_table(rows, codet))
    return int(any(row["new_faults"] for row in rows))


def _chosen(named: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    if named:
        for text in named:
            name, _, split = text.partition(":")
            yield name, split or CATALOGUE[name].default_split
        return
    for name, entry in CATALOGUE.items():
        splits = [ALL] if name in WHOLE else [split for split in entry.splits if split != ALL]
        yield from ((name, split) for split in splits if not entry.embedded and is_at_hand(name, split))


def _row(name: str, split: str, workers: int | None) -> dict[str, Any]:
    suite = load_suite(name, split)
    packages = [package for package in suite.packages if find_spec(package)]
    with Judge(workers=workers, packages=packages) as judge:
        report = check_suite(suite, judge)
    return {
        "suite": f"{name}:{split}",
        "problems": report.problems,
        "source": Path(report.origin).name,
        "load_seconds": round(_load_seconds(name, split), 3),
        "references": report.references,
        "references_passed": report.references_passed,
        "wrong": report.wrong,
        "wrong_refused": report.wrong_refused,
        "check_seconds": round(report.seconds, 1),
        "faults": [vars(fault) for fault in report.faults],
        "new_faults": [vars(fault) for fault in report.news],
        "line": f"{name}:{split} {report.references_passed}/{report.references} in {report.seconds:.1f} s",
    }


def _load_seconds(name: str, split: str) -> float:
    """In an interpreter of its own, where nothing of the suite is in memory yet; the best of three."""
    module = CATALOGUE[name].loader.split(":")[0].rsplit(".", 1)[-1]
    command = [sys.executable, "-c", LOAD.format(module=module, name=name, split=split)]
    return min(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(3))


def _codet(data: Path, workers: int | None) -> dict[str, Any] | None:
    path = data / "codet" / "humaneval_codegen16b.jsonl.gz"
    if not path.exists():
        return None
    suite = load_suite("humaneval", examples="none")
    pairs, labels = [], []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            pairs += [(suite.by_id(row["task_id"]), program) for program in row["solutions"]]
            labels += [(row["task_id"], place, label) for place, label in enumerate(row["labels"])]
    start = time.perf_counter()
    with Judge(workers=workers, strict_extraction=True) as judge:
        feedbacks = judge.judge_many(pairs)
    differences = [
        {"task_id": task_id, "program": place, "label": label, "verdict": str(found.verdict), "kind": str(found.kind)}
        for (task_id, place, label), found in zip(labels, feedbacks, strict=True)
        if found.is_success != (label == "pass")
    ]
    return {"programs": len(pairs), "seconds": round(time.perf_counter() - start, 1), "differences": differences}


def _table(rows: Sequence[dict[str, Any]], codet: dict[str, Any] | None) -> str:
    lines = [
        "# Suites",
        "",
        "| suite | problems | source | references that pass | wrong programs refused | loads in s | checked in s |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        passed = f"{row['references_passed']:,} of {row['references']:,}" if row["references"] else "has none"
        refused = f"{row['wrong_refused']:,} of {row['wrong']:,}"
        columns = (f"`{row['suite']}`", f"{row['problems']:,}", row["source"], passed, refused)
        lines.append("| " + " | ".join((*columns, f"{row['load_seconds']:.2f}", f"{row['check_seconds']:.1f}")) + " |")
    faults = [fault for row in rows for fault in row["faults"]]
    lines += ["", "At fault in the published data:" if faults else "Nothing is at fault in the published data.", ""]
    lines += [
        f"- `{fault['task_id']}`: {fault['what']}: {fault['known'] or 'NEW: ' + fault['message']}" for fault in faults
    ]
    if codet is not None:
        agree = codet["programs"] - len(codet["differences"])
        lines += ["", f"CodeGen-16B's programs: {agree:,} of {codet['programs']:,} verdicts agree with the labels", ""]
        lines += [
            f"- {each['task_id']}, program {each['program']}: labelled {each['label']}, judged {each['verdict']}"
            for each in codet["differences"]
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
