from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents import cli
from agents.codedpo.data.pairs import Preference
from agents.evaluation.evaluation import Evaluation, ProblemResult
from agents.evaluation.folder import EvaluationFolder, write_program
from agents.evaluation.judged_program import JudgedProgram
from agents.report.page import notes, report_data, write_report
from agents.report.run import ReportRun, find_runs
from agents.report.sample import learned_sample
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.verdict import Verdict

MakeRun = Callable[..., Path]
MakeSample = Callable[..., dict[str, Any]]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


PAIR = Preference(
    prompt="Add <i>two</i>.",
    chosen="def f(x):\n    return x + 1\n",
    rejected="def f(x):\n    return é + 1\n",
    score_rejected=0.25,
    task_id="core/2",
    tests_chosen="assert f(1) == 2",
    seconds_rejected=0.5,
    error="NameError",
    error_start=21,
    error_end=22,
)


def data_of(page: str) -> Any:
    found = re.search(r'id="data">([^<]*)<', page)
    assert found is not None
    return json.loads(gzip.decompress(base64.b64decode(found.group(1))))


def test_tokens_become_pieces_of_the_text(make_sample: MakeSample) -> None:
    shown = learned_sample(make_sample())
    assert sum(shown.lengths) == 26
    assert shown.lengths == (3, 6, 12, 5)  # the second token of the é adds nothing, nor does the end
    assert shown.credit == (-50, -50, -100, 25)
    assert shown.tests == "E."


def test_the_page_holds_everything_and_asks_nobody(make_run: MakeRun, tmp_path: Path) -> None:
    runs = find_runs(make_run("mine"))
    size = write_report(tmp_path / "out" / "report.html", runs, "A <title>", most_samples=5000)
    page = (tmp_path / "out" / "report.html").read_text()
    assert size == len(page.encode())
    assert "A &lt;title&gt;" in page
    assert not re.search(r"""(src|href)\s*=\s*["']?(?!#|data:)[a-z/]""", page.split("<body>")[0])
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    data = data_of(page)
    assert data["samples"][0]["completion"].startswith("def f(x)")
    assert [data["prompts"][one["prompt"]] for one in data["samples"]] == ["Add <i>one</i>."] * 2
    assert data["groups"][0]["curves"]["rollout/success_rate"]["mean"] == [0.25, 0.5]
    assert data["flows"][0]["verdict"] == {"error": [0.75, 0.5], "pass": [0.25, 0.5]}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.html"]


def test_five_thousand_programs_stay_below_five_megabytes(
    make_run: MakeRun, make_sample: MakeSample, tmp_path: Path
) -> None:
    from random import Random

    chance = Random(0)
    rows = []
    for number in range(6000):
        lines = [
            f"    value_{chance.randrange(999)} = {chance.random()} + argument_{chance.randrange(99)}" for _ in range(4)
        ]
        text = "def f(x):\n" + "\n".join(lines)
        offsets = [[i, min(i + 4, len(text))] for i in range(0, len(text), 4)]
        credit = [round(chance.uniform(-1, 1), 4) for _ in offsets]
        rows.append(make_sample(number, f"core/{number % 500}", completion=text, offsets=offsets, credit=credit))
    runs = find_runs(make_run("many", samples=rows))
    assert write_report(tmp_path / "report.html", runs, "many") < 5_000_000
    assert len(data_of((tmp_path / "report.html").read_text())["samples"]) == 5000


def test_five_thousand_pairs_stay_below_five_megabytes(make_run: MakeRun, tmp_path: Path) -> None:
    from random import Random

    chance = Random(0)

    def text() -> str:
        lines = [f"    value_{chance.randrange(999)} = {chance.random()} + x" for _ in range(8)]
        return "def f(x):\n" + "\n".join(lines)

    pairs = [
        Preference(prompt=f"Task {number % 500}.", chosen=text(), rejected=text(), tests_chosen=f"assert f({number})")
        for number in range(6000)
    ]
    runs = find_runs(make_run("many", pairs=pairs))
    assert write_report(tmp_path / "report.html", runs, "many") < 5_000_000
    data = data_of((tmp_path / "report.html").read_text())
    assert len(data["pairs"]) == 5000
    assert len(data["prompts"]) == 501  # each once


def test_prompts_are_those_of_their_own_run(tmp_path: Path, make_run: MakeRun) -> None:
    problem = ProblemResult(task_id="core/1", difficulty="", judged=1, passed=0, kinds={"name_error": 1})
    folder = EvaluationFolder(tmp_path / "evaluated")
    program = JudgedProgram(
        task_id="core/1", completion="x", source="x", verdict=Verdict.ERROR, kind=Kind.NAME_ERROR, scope=Scope.LINE
    )
    with folder.writing("core") as file:
        write_program(file, replace(program, prompt="Add one, in other words."))
        write_program(file, program)
    folder.write_summary([Evaluation(suite="core", problems=(problem,), k=(1,))])
    data = report_data(find_runs(make_run("learned")) + find_runs(tmp_path / "evaluated"), "both")
    asked = [(one["run"], data["prompts"][one["prompt"]]) for one in data["samples"]]
    other = "Add one, in other words."
    assert asked == [(0, "Add <i>one</i>."), (0, "Add <i>one</i>."), (1, other), (1, other)]


def test_what_a_run_learned_from_has_its_name(make_run: MakeRun) -> None:
    folder = make_run("a", pairs=[PAIR])
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "timestep_unit": "pairs"}))
    [row] = report_data(find_runs(folder), "a")["runs"]
    assert (row["timesteps"], row["timestep_unit"], row["success_is"]) == (16, "pairs", "passed")


def test_runs_on_different_suites_are_said_to_be_so(make_run: MakeRun) -> None:
    runs = find_runs(make_run("a")) + find_runs(make_run("b", suite="mbpp"))
    assert notes(runs) == ["These runs learned on different suites (core, mbpp): do not compare their curves."]
    assert notes(runs[:1]) == []


def test_numbers_that_json_does_not_know_are_left_out(
    make_run: MakeRun, make_sample: MakeSample, tmp_path: Path
) -> None:
    runs = find_runs(make_run("a", samples=[make_sample(advantage=float("nan"))]))
    write_report(tmp_path / "r.html", runs, "nan")
    assert data_of((tmp_path / "r.html").read_text())["samples"][0]["advantage"] is None


def test_the_command(make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = make_run("a", status="running"), make_run("b", suite="mbpp")
    assert cli.main(["report", str(first), str(second), "--out", str(tmp_path / "r.html"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["runs"] == ["a", "b"]
    assert said["bytes"] == (tmp_path / "r.html").stat().st_size
    assert len(said["notes"]) == 2
    assert cli.main(["report", str(first)]) == 0
    captured = capsys.readouterr()
    assert "report.html" in captured.out
    assert "note: a did not come to its end" in captured.err
    assert (first / "report.html").is_file()
    assert cli.main(["report", str(tmp_path / "nothing")]) == cli.BAD_INPUT


def test_a_sweep_keeps_its_temperatures_apart(tmp_path: Path) -> None:
    def evaluation(temperature: float) -> Evaluation:
        problems = (ProblemResult(task_id="p", difficulty="", judged=2, passed=1, kinds={"none": 1}),)
        return Evaluation(suite="s", problems=problems, k=(1,), setting={"temperature": temperature, "n": 2})

    for name in ("a", "b"):
        EvaluationFolder(tmp_path / name).write_summary([evaluation(0.5), evaluation(1.0)])
    runs = [run for name in ("a", "b") for run in find_runs(tmp_path / name)]
    data = report_data(runs, "sweeps")
    assert data["runs"][0]["settings"]["s, temperature 0.5: n"] == "2"
    compared = [(one["before_run"], one["after_run"], one["suite"]) for one in data["comparisons"]]
    assert compared == [(0, 1, "s, temperature 0.5"), (0, 1, "s, temperature 1.0")]


def test_bad_input_to_the_command_is_named(make_run: MakeRun, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_run("a")
    for arguments, complaint in (([], "at least one folder"), ([folder, "--out", folder], "got the folder")):
        assert cli.main(["report", *map(str, arguments)]) == cli.BAD_INPUT
        assert complaint in " ".join(capsys.readouterr().err.split())
    (folder / "run.json").write_text("{")
    assert cli.main(["report", str(folder)]) == cli.BAD_INPUT
    assert "run.json is damaged" in " ".join(capsys.readouterr().err.split())


def test_a_run_that_was_stopped_says_so(make_run: MakeRun) -> None:
    assert "it was stopped at timestep" in notes(find_runs(make_run("a", status="stopped")))[0]


def test_evaluations_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, passed in (("before", 0), ("after", 2)):
        problem = ProblemResult(task_id="p", difficulty="", judged=2, passed=passed, kinds={"none": passed})
        EvaluationFolder(tmp_path / name).write_summary([Evaluation(suite="s", problems=(problem,), k=(1,))])
    runs = find_runs(tmp_path / "before") + find_runs(tmp_path / "after")
    data = report_data(runs, "both")
    assert [one["won"] for one in data["comparisons"]] == [["p"]]
    assert data["notes"] == []


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_draws_it(make_run: MakeRun, tmp_path: Path) -> None:
    drawn = drawn_by_a_browser(find_runs(make_run("a")), tmp_path)
    assert 'data-ready="yes"' in drawn
    assert drawn.count('class="row"') == 2
    assert '<span class="token wrong"' in drawn
    assert "NameError: &lt;b&gt;é&lt;/b&gt;" in drawn  # text stays text
    assert "Add &lt;i&gt;one&lt;/i&gt;." in drawn
    assert 'id="pairs"' not in drawn


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_draws_pairs(make_run: MakeRun, tmp_path: Path) -> None:
    drawn = drawn_by_a_browser(find_runs(make_run("a", samples=[], pairs=[PAIR, PAIR])), tmp_path)
    assert 'data-ready="yes"' in drawn
    assert drawn.count('class="row"') == 2
    assert "2 of 2 pairs" in drawn
    assert re.search(r'<span class="apart wrong" style="[^"]*--bad[^"]*" title="NameError"[^>]*>é</span>', drawn)
    assert re.search(r'<span class="apart" style="[^"]*--good[^"]*">x</span>', drawn)
    assert re.search(r"score 0.25, 0.5 s of CPU time", drawn)
    assert "assert f(1) == 2</td>" in drawn
    assert "Add &lt;i&gt;two&lt;/i&gt;." in drawn


def drawn_by_a_browser(runs: Sequence[ReportRun], tmp_path: Path) -> str:
    assert CHROMIUM is not None
    write_report(tmp_path / "r.html", runs, "drawn")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [CHROMIUM, *flags, "--virtual-time-budget=20000", "--dump-dom", f"file://{tmp_path / 'r.html'}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
