"""Every way of being wrong: kind, scope and the exact place, held against what CPython itself reports.

``broken_programs.txt`` holds programs with typical mistakes, their kinds and scopes written by hand; the places in
``broken_programs.jsonl`` are CPython's own, collected by ``regenerate_places.py`` from plain processes.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codegym.judge import Judge
from codegym.problem import CallTest, Problem, ScriptTest

HERE = Path(__file__).parent
DATA = Path(os.environ.get("CODEGYM_DATA", "CODEGYM_DATA is not set"))
ROWS = [json.loads(line) for line in (HERE / "broken_programs.jsonl").read_text().splitlines()]
WRITTEN = [row for row in ROWS if "codet" not in row]
SAMPLED = [row for row in ROWS if "codet" in row]
needs_data = pytest.mark.skipif(not (DATA / "codet").is_dir(), reason="needs CODEGYM_DATA with codet/ and humaneval/")


def written_tasks():
    tasks = {}
    for block in (HERE / "broken_programs.txt").read_text().split("### ")[1:]:
        head, _, source = block.partition("\n")
        name, _, _, *call = (part.strip() for part in head.split(" | "))
        args = eval(call[0]) if call else (1,)
        tests = (CallTest(args=args, expected=None),)
        tasks[name] = Problem(task_id=name, prompt="", tests=tests, entry_point="f"), source
    return tasks


def sampled_tasks():
    with gzip.open(DATA / "humaneval" / "HumanEval.jsonl.gz", "rt") as lines:
        problems = {row["task_id"]: row for row in map(json.loads, lines)}
    with gzip.open(DATA / "codet" / "humaneval_codegen16b.jsonl.gz", "rt") as lines:
        samples = {row["task_id"]: row for row in map(json.loads, lines)}
    tasks = {}
    for row in SAMPLED:
        task_id, index = row["codet"]
        prompt, problem = samples[task_id]["prompt"], problems[task_id]
        tests = (ScriptTest(source=problem["test"]),)
        task = Problem(
            task_id=task_id, prompt=prompt, starter_code=prompt, tests=tests, entry_point=problem["entry_point"]
        )
        tasks[row["name"]] = task, samples[task_id]["solutions"][index]
    return tasks


def expected(row, version, feedback):
    """CPython's carets may stand behind the line's end; a place lies inside. Where it prints none, the line counts."""
    start_line, start_col, end_line, end_col = row["elsewhere"].get(version, row["place"])
    program, found = feedback.program, feedback.diagnostics[0]
    if start_col is None:
        return [start_line, found.start_col, end_line, found.end_col]
    start_length = program.line_end(start_line) - program.line_starts[start_line - 1]
    end_length = program.line_end(end_line) - program.line_starts[end_line - 1]
    return [start_line, min(start_col, start_length), end_line, min(end_col, end_length)]


def mismatches(rows, tasks, judge, version):
    judged = judge.judge_many([tasks[row["name"]] for row in rows])
    for row, feedback in zip(rows, judged, strict=True):
        if not feedback.diagnostics:
            yield row["name"], feedback.verdict.value, feedback.tests[0].actual
            continue
        found = feedback.diagnostics[0]
        place = [found.start_line, found.start_col, found.end_line, found.end_col]
        seen = (feedback.kind.value, feedback.scope.value, place)
        if seen != (row["kind"], row["scope"], expected(row, version, feedback)):
            yield row["name"], seen, (row["kind"], row["scope"], expected(row, version, feedback))
        start = feedback.program.offset_of(found.start_line, found.start_col)
        end = feedback.program.offset_of(found.end_line, found.end_col)
        text = feedback.program.source[start:end]
        if found.start >= 0 and feedback.program.completion[found.start : found.end] not in text:
            yield row["name"], "the span in the completion is another text"


@pytest.fixture(scope="module")
def judge():
    with Judge(workers=2, strict_extraction=True) as judge:
        yield judge


VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_there_are_enough_of_them():
    assert len(WRITTEN) >= 255
    assert len(ROWS) >= 450
    assert len({row["kind"] for row in ROWS}) >= 23


def test_typical_mistakes(judge):
    assert list(mismatches(WRITTEN, written_tasks(), judge, VERSION)) == []


@needs_data
def test_what_a_model_really_wrote(judge):
    assert list(mismatches(SAMPLED, sampled_tasks(), judge, VERSION)) == []


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_same_under_other_pythons(version):
    installed = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python3"))
    python = str(installed[-1]) if installed else shutil.which(f"python{version}")
    works = python and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    if not python or not works or version == VERSION:
        pytest.skip(f"needs a second interpreter, python{version}")
    with Judge(workers=1, python=python, strict_extraction=True) as judge:
        assert list(mismatches(WRITTEN, written_tasks(), judge, version)) == []
