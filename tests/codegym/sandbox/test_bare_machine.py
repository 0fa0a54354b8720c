"""Machines that lack what others have: a /proc, room on the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegym.sandbox.execution import Status
from codegym.sandbox.job import Job, RunAction
from codegym.sandbox.pool import Sandbox

JUDGES = """
import os, sys
from codegym import CallTest, Judge, Problem, ScriptTest, StdioTest
from codegym.sandbox.guest import kernel

kernel.unshare(kernel.CLONE_NEWNS)
kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
kernel.mount("none", sys.argv[1], "tmpfs", 0, "size=4k,nr_inodes=2")
try:
    with open(sys.argv[1] + "/all", "wb", buffering=0) as file:
        while file.write(bytes(2**16)): pass
except OSError as error:
    print(error.strerror)
called = Problem(task_id="a", prompt="", entry_point="f", tests=(
    CallTest(args=(1,), expected=1), ScriptTest(source="once = candidate(1)\\nassert once == 1")
))
read = Problem(task_id="b", prompt="", tests=(StdioTest(stdin="x" * 10**6, expected_stdout="1000000"),))
with Judge(workers=1) as judge:
    print(judge.judge(called, "def f(x): return x").verdict, judge.judge(read, "print(len(input()))").verdict)
    for layer in judge.isolation.missing:
        print(layer.name, layer.description, layer.remedy, sep=": ")
"""


def _judged_behind(folder: str, **environment: str) -> list[str]:
    """What is said where a folder is hidden by a full one."""
    if os.geteuid() != 0:
        pytest.skip("only root may hide a folder")
    done = subprocess.run(
        [sys.executable, "-c", JUDGES, folder],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **environment},
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip("this machine grants no mount namespace")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_without_proc_its_layers_are_missed_by_name_with_the_remedy() -> None:
    _, verdicts, *missing = _judged_behind("/proc")
    assert verdicts == "pass pass"
    assert "user: not in force: needs /proc: Mount /proc (mount -t proc proc /proc)." in missing


def test_a_full_disk_is_nothing_to_the_judge(tmp_path: Path) -> None:
    said, verdicts, *_ = _judged_behind(str(tmp_path), TMPDIR=str(tmp_path), HOME=str(tmp_path))
    assert (said, verdicts) == ("No space left on device", "pass pass")


def test_a_full_folder_for_work_is_the_programs_own_failure_and_nobody_elses(sandbox: Sandbox) -> None:
    if not sandbox.isolation["root"].active:
        pytest.skip("programs have no folder to write in")
    fills = "with open('/tmp/all', 'wb') as file:\n    while True: file.write(bytes(2**20))\n"
    writes = "with open('/tmp/some', 'w') as file: file.write('x' * 10**6)\n"
    filled, written = (
        sandbox.run(Job(source=source, actions=(RunAction(),))).observations[0] for source in (fills, writes)
    )
    assert filled.status is Status.RAISED
    assert filled.failure is not None
    assert (filled.failure.exception, "No space left" in filled.failure.message) == ("OSError", True)
    assert written.status is Status.OK
