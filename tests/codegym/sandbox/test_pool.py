"""The pool: order, replacement, and nothing left behind whatever ends it."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest

from codegym.errors import InfrastructureError, InvalidProblemError, InvalidSettingError
from codegym.sandbox import pool
from codegym.sandbox.execution import Execution, Status
from codegym.sandbox.futures import results
from codegym.sandbox.job import CallAction, Job, RunAction
from codegym.sandbox.limits import Limits
from codegym.sandbox.packages import find_packages
from codegym.sandbox.pool import Sandbox
from codegym.sandbox.run import Run

ONE = Job(source="def f():\n    return 1\n", entry_point="f", actions=(CallAction(),))


def _children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def _servers() -> list[int]:
    return [pid for pid in _children_of(os.getpid()) if b"guest/server.py" in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 60
    while any(_command(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_results_keep_their_order_and_a_hang_delays_nobody() -> None:
    slow = Job(source="while True: pass\n", actions=(RunAction(),), limits=Limits(cpu_seconds=1.5))
    quick = [Job(source=f"def f():\n    return {n}\n", entry_point="f", actions=(CallAction(),)) for n in range(8)]
    with Sandbox(workers=2) as sandbox:
        ended = [index for index, _ in sandbox.run_as_they_end([slow, *quick])]
        assert ended[-1] == 0
        executions = sandbox.run_many([slow, *quick])
    assert executions[0].observations[0].status is Status.CPU_TIMEOUT
    assert [e.observations[0].value for e in executions[1:]] == list(range(8))


def test_server_that_is_killed_is_replaced_and_the_job_tried_again() -> None:
    before = set(_servers())
    with Sandbox(workers=1) as sandbox:
        assert sandbox.run(ONE).observations[0].value == 1
        for pid in set(_servers()) - before:
            os.kill(pid, signal.SIGKILL)
        assert sandbox.run(ONE).observations[0].value == 1


def test_server_is_replaced_when_something_is_left_in_its_folder() -> None:
    leave = Job(source="import os\ndef f():\n    os.makedirs('a/b')\n", entry_point="f", actions=(CallAction(),))
    look = Job(source="import os\ndef f():\n    return os.path.exists('a')\n", entry_point="f", actions=(CallAction(),))
    with Sandbox(workers=1) as sandbox:
        if not sandbox.isolation["root"].active:
            pytest.skip("without a root of its own there is no folder to write in")
        assert sandbox.run(leave).observations[0].status is Status.OK
        assert sandbox.run(look).observations[0].value is False


@pytest.mark.parametrize("how", ["close", "collect"])
def test_nothing_remains(how: str) -> None:
    before = set(_servers())
    sandbox = Sandbox(workers=2)
    sandbox.run_many([ONE] * 8)
    mine = [*set(_servers()) - before]
    mine += [child for pid in mine for child in _children_of(pid)]
    assert mine
    if how == "close":
        sandbox.close()
        sandbox.close()
        with pytest.raises(InfrastructureError, match="closed"):
            sandbox.run(ONE)
    else:
        del sandbox
        gc.collect()
    assert _gone(mine)


def test_nothing_remains_of_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys\nfrom codegym.sandbox.job import *\nfrom codegym.sandbox.pool import Sandbox\n"
        "job = Job(source='def f(n):\\n    while n: pass', entry_point='f', actions=(CallAction(args=(0,)),))\n"
        "hang = Job(source='def f(n):\\n    while n: pass', entry_point='f', actions=(CallAction(args=(1,)),))\n"
        "sandbox = Sandbox(workers=1)\nsandbox.run(job)\nprint('ready', flush=True)\nsandbox.run(hang)\n"
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    time.sleep(0.1)
    family = _children_of(parent.pid)
    for pid in family:
        family += _children_of(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert len(family) >= 2
    assert _gone(family)


def test_arguments_that_are_no_data_are_the_callers_mistake(sandbox: Sandbox) -> None:
    job = Job(source="", entry_point="f", actions=(CallAction(args=(object(),)),))
    with pytest.raises(InvalidProblemError, match=r"must be data .* got a object"):
        sandbox.run(job)
    assert sandbox.run(ONE).observations[0].value == 1


def test_arguments_nested_too_deep_are_the_callers_mistake(sandbox: Sandbox) -> None:
    deep: list[object] = []
    for _ in range(2000):
        deep = [deep]
    with pytest.raises(InvalidProblemError, match="nested deeper"):
        sandbox.run(Job(source="def f(x): return 1\n", entry_point="f", actions=(CallAction(args=(deep,)),)))


@pytest.mark.parametrize("workers", [0, -1, 2.5, "two"])
def test_a_number_of_workers_that_is_none(workers: object) -> None:
    with pytest.raises(InvalidSettingError, match="workers must be a whole number"):
        Sandbox(workers=workers)  # type: ignore[arg-type]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Nothing ends before it is set."""
    gate = threading.Event()
    monkeypatch.setattr(pool, "execute", partial(_after, gate, pool.execute))
    return gate


def _after(gate: threading.Event, execute: Callable[[Run], Execution], run: Run) -> Execution:
    gate.wait(60)
    return execute(run)


def test_closing_begins_nothing_more(gate: threading.Event) -> None:
    """What waits for a worker is refused, also where it is handed in at that moment."""
    sandbox = Sandbox(workers=1)
    first, *others = [sandbox.submit(ONE) for _ in range(20)]
    while not first.running():
        time.sleep(0.01)
    closing = threading.Thread(target=sandbox.close)
    closing.start()
    assert all(isinstance(future.exception(60), InfrastructureError) for future in others)
    with pytest.raises(InfrastructureError, match="closed"):
        sandbox.run(ONE)
    gate.set()
    closing.join(60)
    assert isinstance(first.exception(60), InfrastructureError)


def _interrupted(futures: list[Future[Execution]]) -> Iterator[Future[Execution]]:
    yield from futures
    raise KeyboardInterrupt


def test_nothing_more_is_begun_where_nobody_waits_any_more(gate: threading.Event) -> None:
    with Sandbox(workers=1) as sandbox:
        first, *others = [sandbox.submit(ONE) for _ in range(20)]
        with pytest.raises(KeyboardInterrupt):
            results(_interrupted(others))
        gate.set()
        assert sandbox.run(ONE).observations[0].value == 1
        assert first.result(60).observations[0].value == 1
        assert all(future.cancelled() for future in others)


@pytest.mark.parametrize("limit", ["-t 20", "-f 100000", "-n 40", "-u 50"])
def test_limits_of_the_judges_own_process_are_kept(limit: str) -> None:
    script = (
        "from codegym.sandbox.pool import Sandbox\nfrom codegym.sandbox.job import *\n"
        "job = Job(source='def f(): return 1', entry_point='f', actions=(CallAction(),))\n"
        "with Sandbox(workers=1) as sandbox: print(sandbox.run(job).observations[0].value)\n"
    )
    command = ["bash", "-c", f'ulimit {limit} && exec "$0" -c "$1"', sys.executable, script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.returncode) == ("1\n", 0), done.stderr


def test_packages_are_found_or_named() -> None:
    with pytest.raises(InvalidSettingError, match=r"try \['numpy'\]"):
        Sandbox(packages="numpy")
    with pytest.raises(InfrastructureError, match=r"Not installed for .*no_such_package.*pip install no_such_package"):
        Sandbox(packages=("no_such_package",))
    assert any(path.endswith("/numpy") for path, _ in find_packages(("numpy",), sys.executable))


def test_packages_can_be_imported_and_no_others() -> None:
    source = "def f():\n    import numpy\n    return float(numpy.eye(3).sum())\n"
    job = Job(source=source, entry_point="f", actions=(CallAction(),))
    with Sandbox(workers=1, packages=("numpy",)) as sandbox:
        assert sandbox.run(job).observations[0].value == 3.0
        other = Job(source="import gymnasium\n", actions=())
        (seen,) = sandbox.run(other).observations
    assert seen.failure is not None
    assert seen.failure.exception == "ModuleNotFoundError"
