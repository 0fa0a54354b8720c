"""Writes ``broken_programs.jsonl``: what CPython 3.11, 3.12 and 3.13 themselves report of broken programs.

    python tests/codegym/feedback/regenerate_places.py python3.11 python3.12 python3.13

The programs are those of ``broken_programs.txt`` and a choice of the distinct failing programs of codet (their text
stays in the data folder, CODEGYM_DATA; the file keeps where to find it). Kind and scope are written by hand in
``broken_programs.txt`` or follow from the exception's type; the places are CPython's own, from plain processes without
codegym.
"""

import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
DATA = Path(os.environ.get("CODEGYM_DATA", "CODEGYM_DATA is not set"))
MOST = {"NameError": 40, "SyntaxError": 60, "IndentationError": 25, "ModuleNotFoundError": 0, "ImportError": 0}
OTHERS = 25
IGNORE = {"IndentationError", "TabError", "RuntimeError"}


def written_by_hand():
    for block in (HERE / "broken_programs.txt").read_text().split("### ")[1:]:
        head, _, source = block.partition("\n")
        name, kind, scope, *call = (part.strip() for part in head.split(" | "))
        yield {"name": name, "kind": kind, "scope": scope, "source": source, "entry": "f", "calls": call}


def from_codet():
    with gzip.open(DATA / "humaneval" / "HumanEval.jsonl.gz", "rt") as lines:
        problems = {row["task_id"]: row for row in map(json.loads, lines)}
    with gzip.open(DATA / "codet" / "humaneval_codegen16b.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    seen, counts = set(), Counter()
    for index in range(100):
        for row in rows:
            solution, label = row["solutions"][index], row["labels"][index]
            plain = not any(line[:1].strip() for line in solution.split("\n")) and "```" not in solution
            if (
                label in ("pass", "AssertionError", "timeout", "error", "RecursionError")
                or solution in seen
                or not plain
            ):
                continue
            if counts[label] >= MOST.get(label, OTHERS):
                continue
            seen.add(solution)
            counts[label] += 1
            problem = problems[row["task_id"]]
            yield {
                "name": f"codet {row['task_id']} {index}",
                "codet": [row["task_id"], index],
                "source": row["prompt"] + solution,
                "entry": problem["entry_point"],
                "script": problem["test"],
            }


def main(pythons):
    programs = [*written_by_hand(), *from_codet()]
    reports = {}
    for python in pythons:
        version = subprocess.run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], text=True,
                                 capture_output=True, check=True).stdout.strip()  # fmt: skip
        asked = "\n".join(json.dumps(program) for program in programs)
        command = [python, "-I", "-S", ROOT / "benchmarks" / "cpython_report.py"]
        answered = subprocess.run(command, input=asked, text=True, capture_output=True, check=True).stdout
        reports[version] = [json.loads(line) for line in answered.splitlines()]
    target = HERE / "broken_programs.jsonl"
    with target.with_suffix(".new").open("w") as out:
        for index, program in enumerate(programs):
            by_version = {version: report[index] for version, report in reports.items()}
            row = record(program, by_version)
            if row is not None:
                print(json.dumps(row), file=out)
    target.with_suffix(".new").replace(target)


def record(program, by_version):
    first = next(iter(by_version.values()))
    if first["type"] in ("ok", "died", "timeout") or first.get("place") is None:
        print("left out:", program["name"], by_version)
        return None
    row = {key: program[key] for key in ("name", "codet", "kind", "scope") if key in program}
    if "kind" not in row:
        dynamic = first["type"] == "SyntaxError" and first["phase"] == "run"
        row["kind"] = "dynamic_syntax_error" if dynamic else re.sub("(?<=[a-z])(?=[A-Z])", "_", first["type"]).lower()
        endless = "unterminated triple-quoted" in first.get("message", "")
        row["scope"] = "ignore" if endless or first["type"] in IGNORE else "line"
    row["type"], row["phase"] = first["type"], first["phase"]
    places = {version: report.get("place") for version, report in by_version.items()}
    row["place"] = places.pop(next(iter(places)))
    row["elsewhere"] = {version: place for version, place in places.items() if place != row["place"]}
    if row["elsewhere"]:
        print("differs:", row["name"], row["place"], row["elsewhere"])
    if {report["type"] for report in by_version.values()} != {row["type"]}:
        print("types differ:", row["name"], by_version)
        return None
    return row


if __name__ == "__main__":
    main(sys.argv[1:] or [sys.executable])
