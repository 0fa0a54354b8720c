"""The command line: its table, its errors and its exit codes."""

from __future__ import annotations

import errno
import importlib
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from agents import cli
from agents.commands.terminal import NEGATIVE
from codegym import IsolationError

pytestmark = pytest.mark.slow

GOOD = "def f(x):\n    return x + 1\n"
TEST = {"type": "call", "args": [1], "expected": 2}
PROBLEM = json.dumps({"task_id": "mine/1", "prompt": "Add one.", "entry_point": "f", "tests": [TEST]}) + "\n"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_of_the_table_exists_and_explains_its_options(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*name.split(), "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert f"codegym {name}" in shown
    usage = " ".join(shown[: shown.index("\n\n")].split())
    assert not {"STR", "PATH"} & set(usage.replace("[", " ").replace("]", " ").split()), "a place is named, not typed"
    module, _, attribute = cli.COMMANDS[name].target.partition(":")
    assert callable(getattr(importlib.import_module(module), attribute).run)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["evalute"], "'evaluate'"),
        (["suites", "lst"], "'suites list'"),
        (["suites", "--jsn"], "'suites"),
        (["--josn"], "unknown"),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == cli.BAD_INPUT
    assert hint in capsys.readouterr().err


def test_an_old_command_is_answered_with_its_new_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["seeds", "folder"]) == cli.BAD_INPUT
    assert capsys.readouterr().err == "codegym: the command seeds was renamed to corpus.\n"


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == cli.GOOD
    assert capsys.readouterr().out == f"codegym {version('codegym')}\n"


def test_help_and_no_arguments_print_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == cli.GOOD
    assert cli.main([]) == cli.BAD_INPUT
    assert capsys.readouterr().out.count("codegym doctor") == 2


@pytest.mark.parametrize("group", ["suites", "train"])
def test_a_group_prints_its_commands(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([group, "--help"]) == cli.main([group, "help"]) == cli.GOOD
    assert cli.main([group]) == cli.BAD_INPUT
    out = capsys.readouterr().out
    assert out.count(f"  codegym {group} ") == 3 * len(cli.family_of(group))
    assert "codegym doctor" not in out


@pytest.fixture
def own_suite(tmp_path: Path) -> str:
    (tmp_path / "mine.jsonl").write_text(PROBLEM)
    return str(tmp_path / "mine.jsonl")


def write(folder: Path, completion: str) -> str:
    (folder / "program.py").write_text(completion)
    return str(folder / "program.py")


@pytest.mark.parametrize(
    ("completion", "code", "shown"),
    [
        (GOOD, cli.GOOD, "pass"),
        ("def f(x):\n    return y + 1\n", NEGATIVE, "           ^ NameError"),
        ("", NEGATIVE, "missing_function"),
    ],
)
def test_judge_underlines_the_place_and_answers_by_its_exit_code(
    completion: str, code: int, shown: str, own_suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["judge", own_suite, "mine/1", write(tmp_path, completion)]) == code
    assert shown in capsys.readouterr().out


def test_judge_answers_machines_with_one_json_document(
    own_suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["judge", own_suite, "mine/1", write(tmp_path, GOOD), "--json"]) == cli.GOOD
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verdict"], answer["pass_rate"]) == ("pass", 1.0)
    assert sum(answer["reward_components"].values()) == pytest.approx(2.0)


def test_judge_analyses_programs_for_a_reward_that_pays_for_that(
    own_suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    untidy = write(tmp_path, "import os\n" + GOOD)
    assert cli.main(["judge", own_suite, "mine/1", untidy, "--reward", "static", "--json"]) == cli.GOOD
    answer = json.loads(capsys.readouterr().out)
    assert answer["reward_components"]["static"] == pytest.approx(-0.02)
    assert [found["kind"] for found in answer["diagnostics"]] == ["unused_name"]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["judge", "humanevall", "HumanEval/0", "-"], "Did you mean 'humaneval'"),
        (["judge", "{suite}", "mine/2", "{program}"], "Did you mean 'mine/1'"),
        (["judge", "{suite}", "mine/1", "{program}.txt"], "Expected a file"),
        (["judge", "{suite}", "mine/1", "{program}", "--reward", "papr"], "Did you mean 'paper'"),
    ],
)
def test_bad_input_is_named_in_one_line(
    arguments: list[str], hint: str, own_suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = write(tmp_path, GOOD)
    assert cli.main([text.format(suite=own_suite, program=program) for text in arguments]) == cli.BAD_INPUT
    told = capsys.readouterr().err
    assert hint in told
    assert told.count("\n") == 1, "no trace of internals"


def test_errors_are_json_where_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["judge", "humanevall", "HumanEval/0", "-", "--json"]) == cli.BAD_INPUT
    assert json.loads(capsys.readouterr().err)["error"] == "UnknownNameError"


def test_doctor_finds_a_working_judge(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--json"]) == cli.GOOD
    findings = {finding["subject"].strip(): finding for finding in json.loads(capsys.readouterr().out)}
    assert findings["judge"]["good"]
    assert all(finding["remedy"] for finding in findings.values() if not finding["good"])


def test_doctor_says_no_where_programs_cannot_be_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise IsolationError("the kernel refuses everything")

    monkeypatch.setattr("agents.commands.doctor.Judge", broken)
    assert cli.main(["doctor", "--json"]) == NEGATIVE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileExistsError(errno.EEXIST, "File exists", "/runs/mine"), cli.BAD_INPUT),
        (PermissionError(errno.EACCES, "Permission denied", "/root"), cli.BAD_INPUT),
        (OSError(errno.ENOSPC, "No space left on device", "/full"), cli.MACHINE_FAILED),
    ],
)
def test_a_path_that_cannot_be_used_is_named_without_a_trace(
    error: OSError, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_: object) -> int:
        raise error

    monkeypatch.setattr("agents.commands.doctor.Doctor.run", fails)
    assert cli.main(["doctor"]) == code
    told = capsys.readouterr().err
    assert told.startswith(f"codegym: {error.filename}: {error.strerror}. ")
    assert told.count("\n") == 1


def test_an_interrupted_command_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("agents.commands.doctor.Doctor.run", interrupt)
    assert cli.main(["doctor"]) == cli.INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


def test_a_reader_that_went_away_is_no_error(tmp_path: Path) -> None:
    code = (
        "import sys; from agents import cli; from agents.commands.doctor import Doctor\n"
        "Doctor.run = lambda self: print('x' * 1_000_000) or 0\nsys.exit(cli.main(['doctor']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    told = process.stderr.read()
    assert (process.wait(60), b"Traceback" in told) == (cli.GOOD, False), told
    process.stderr.close()


@pytest.mark.parametrize("error", [ValueError("ours"), RuntimeError("ours")])
def test_a_defect_of_ours_is_shown_whole(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr("agents.commands.doctor.Doctor.run", fail)
    with pytest.raises(type(error), match="ours"):
        cli.main(["doctor"])


def test_help_for_what_follows_is_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["help", "evaluate"]) == cli.main(["suites", "-h", "--json"]) == cli.GOOD
    assert capsys.readouterr().out.count("codegym suites list") == 2


@pytest.mark.parametrize("where", ["python", "gpu", "processor"])
def test_memory_that_ran_out_is_the_machines_failure(
    where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> int:
        if where == "processor":
            return len(torch.empty(2**50))
        raise MemoryError if where == "python" else torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("agents.commands.doctor.Doctor.run", fail)
    assert cli.main(["doctor", "--json"]) == cli.MACHINE_FAILED
    assert "out of memory" in json.loads(capsys.readouterr().err)["message"]
