"""The hostile suite: no program forges a verdict, gets out, hangs the judge or is noticed by another.

Each mode is one run of ``hostile/runner.py`` (as root, as an ordinary user, and both where the kernel refuses
namespaces); each test looks at one property. A hostile program passes its tests exactly when its attack succeeds.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hostile import naive
from hostile.catalogue import FAKERS, HONEST_PROGRAMS, PAIRS, PROGRAMS
from hostile.leftovers import TOGETHER
from hostile.record import Target, source_for
from hostile.timing import BURN_SECONDS
from hostile.victims import SECRET

from codegym.sandbox.isolation import LAYERS

pytestmark = pytest.mark.slow

_RUNNER = Path(__file__).parent / "hostile" / "runner.py"
_UID = 54321
_IS_ROOT = os.getuid() == 0
_AS_USER = ["--uid", str(_UID)] if _IS_ROOT else []
MODES = {
    "user": _AS_USER,
    "root": ["--first"],
    "root_without_namespaces": ["--no-namespaces", "--first"],
    "user_without_namespaces": [*_AS_USER, "--no-namespaces", "--first"],
}
"""Options of the runner; ``--first`` tries each program in the first of its places only, which halves the time."""
_OF_THE_INTERPRETER = ("equality", "reading", "channel", "compiling")
"""Groups that live on what the interpreter is like inside: these are tried with other versions, too."""
CASES = [
    (mode, f"{program.name}/{target}")
    for mode, options in MODES.items()
    for program in PROGRAMS.values()
    for target in (program.targets[:1] if "--first" in options else program.targets)
    if (_IS_ROOT or not mode.startswith("root"))
    and not (program.needs_namespaces and mode.endswith("without_namespaces"))
]
"""By mode; what only a namespace can stop is not tried where there are none (each such program says why)."""
HONEST_CASES = [
    (mode, honest.name)
    for mode in MODES
    for honest in HONEST_PROGRAMS
    if (_IS_ROOT or not mode.startswith("root"))
    and not (honest.needs_namespaces and mode.endswith("without_namespaces"))
]


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    if request.param.startswith("root") and not _IS_ROOT:
        pytest.skip("the tests do not run as root")
    return str(request.param)


@pytest.fixture
def report(mode: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return _report(tmp_path_factory, mode, *MODES[mode])


def _report(factory: pytest.TempPathFactory, name: str, *options: str) -> dict[str, Any]:
    """The runner's report; every process of a parallel test run reads the same one."""
    folder = factory.getbasetemp()
    return _shared(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder, name, options)


@lru_cache
def _shared(folder: Path, name: str, options: tuple[str, ...]) -> dict[str, Any]:
    path = folder / f"hostile-{name}.json"
    with open(path.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            done = subprocess.run([sys.executable, str(_RUNNER), *options], capture_output=True, text=True, timeout=450)
            path.write_text(json.dumps({"code": done.returncode, "report": done.stdout, "errors": done.stderr[-3000:]}))
    ran = json.loads(path.read_text())
    assert ran["code"] == 0, ran["errors"]
    report: dict[str, Any] = json.loads(ran["report"])
    return report


@pytest.mark.parametrize(("mode", "case"), CASES)
def test_hostile_program_wins_nothing(mode: str, case: str, report: dict[str, Any]) -> None:
    program = PROGRAMS[case.partition("/")[0]]
    outcome = report["programs"][case]
    assert outcome["passed"] == 0, f"{program.attacks}: {outcome}"
    if case.endswith("/test"):  # a script that fails refuses the program; one that is itself at fault says nothing
        assert outcome["verdict"] in (*program.verdicts, "fail", "unjudged"), outcome
        return
    assert outcome["verdict"] in program.verdicts, outcome
    assert not program.kinds or outcome["kind"] in program.kinds, outcome


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_hostile_programs_win_nothing_under_another_python(
    version: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    installed = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python3"))
    if not installed:
        pytest.skip(f"CPython {version} is not installed under ~/.pyenv/versions")
    options = [*MODES["user"], "--first", "--python", str(installed[-1]), "--only", *_OF_THE_INTERPRETER]
    report = _report(tmp_path_factory, f"python{version}", *options)
    assert len(report["programs"]) > 50
    won = {name: seen for name, seen in report["programs"].items() if seen["passed"]}
    odd = {
        name: seen
        for name, seen in report["programs"].items()
        if seen["verdict"] not in PROGRAMS[name.partition("/")[0]].verdicts
    }
    assert not won
    assert not odd
    assert not report["neighbours"]


def test_honest_programs_between_hostile_ones_keep_their_verdicts(report: dict[str, Any]) -> None:
    assert report["neighbours"] == {}


@pytest.mark.parametrize(("mode", "name"), HONEST_CASES)
def test_honest_program_passes(name: str, mode: str, report: dict[str, Any]) -> None:
    assert report["honest"][name]["verdict"] == "pass", report["honest"][name]


@pytest.mark.parametrize("name", [pair.name for pair in PAIRS])
def test_next_program_finds_nothing(name: str, report: dict[str, Any]) -> None:
    assert report["pairs"][name]["verdict"] == "error", report["pairs"][name]


@pytest.mark.parametrize("name", [pair.name for pair in TOGETHER])
def test_program_at_the_same_time_finds_nothing(name: str, report: dict[str, Any]) -> None:
    assert report["together"][name]["verdict"] == "error", report["together"][name]


@pytest.mark.parametrize("name", [faker.name for faker in FAKERS])
def test_time_is_measured_from_outside(name: str, report: dict[str, Any]) -> None:
    outcome = report["timing"][name]
    assert outcome["verdict"] == "pass", outcome
    assert outcome["cpu_seconds"] > 0.8 * BURN_SECONDS


@pytest.mark.parametrize("what", ["processes", "mounts", "files", "shared_memory", "system_v", "dev_null", "host_name"])
def test_nothing_remains(what: str, report: dict[str, Any]) -> None:
    assert report["remains"][what] == []


def test_no_descriptor_is_kept(report: dict[str, Any]) -> None:
    assert report["descriptors_kept"] == 0


@pytest.mark.parametrize("what", ["processes", "mounts", "files", "shared_memory", "system_v"])
def test_nothing_remains_of_a_judge_that_is_killed(
    what: str, mode: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert _report(tmp_path_factory, f"{mode}-dies", *MODES[mode], "--die")["remains"][what] == []


@pytest.mark.parametrize("name", [program.name for program in PROGRAMS.values() if program.layers])
def test_attack_succeeds_without_the_layers_that_stop_it(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    if not _IS_ROOT:
        pytest.skip("layers are switched off only inside namespaces of the test's own, which takes root")
    as_root = PROGRAMS[name].opened_as_root
    options = ["--demonstrate"] if as_root else ["--demonstrate", "--uid", str(_UID)]
    opened = _report(tmp_path_factory, "opened-as-root" if as_root else "opened", *options)["opened"][name]
    assert opened["verdict"] == "pass", f"without {', '.join(PROGRAMS[name].layers)}: {opened}"


def test_every_layer_has_an_attack_that_it_stops() -> None:
    assert {layer for program in PROGRAMS.values() for layer in program.layers} == set(LAYERS)


@pytest.mark.parametrize("name", [program.name for program in PROGRAMS.values() if program.fools_naive])
def test_forgery_fools_a_naive_grader(name: str) -> None:
    program = PROGRAMS[name]
    cases = [[["secret", 0], repr(SECRET)]] if program.secret else [[["int", 3], "10"], [["text", 3], "'nnn'"]]
    script = "".join(f"assert solve(*{arguments!r}) == {expected}\n" for arguments, expected in cases)
    script += "assert True\n"
    is_stdio = program.targets == (Target.STDIO,)
    task: dict[str, Any] = {
        "source": source_for(program, program.targets[0]),
        "script": "" if is_stdio else f"def check():\n    {script.replace(chr(10), chr(10) + '    ')}\ncheck()\n",
        "cases": cases,
        "stdin": "int 3\n",
        "output": "10" if is_stdio else None,
    }
    assert any(naive.is_fooled(task, mode) for mode in naive.MODES)
