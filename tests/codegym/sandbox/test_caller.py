"""The caller's process in unusual states: its signals, descriptors and forks are no fault of a program's."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROLOGUE = """
import os, resource, signal, sys, threading
from codegym.sandbox.job import CallAction, Job
from codegym.sandbox.pool import Sandbox
job = Job(source="def f(x):\\n    return x + 1\\n", actions=(CallAction(args=(1,)),), entry_point="f")
out = os.fdopen(os.dup(1), "w")
def told(sandbox): print(sandbox.run(job).observations[0].value, file=out, flush=True)
"""

STATES = {
    "signals ignored": (
        "for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1): signal.signal(number, signal.SIG_IGN)\n"
        "with Sandbox(workers=1) as sandbox: told(sandbox)\n",
        ["2"],
    ),
    "signals blocked": (
        "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
        "with Sandbox(workers=1) as sandbox: told(sandbox)\n",
        ["2"],
    ),
    "streams closed": ("os.closerange(0, 3)\nwith Sandbox(workers=1) as sandbox: told(sandbox)\n", ["2"]),
    "threads in a fork": (
        "sandbox = Sandbox(workers=1)\ntold(sandbox)\n"
        "if os.fork() == 0:\n"
        "    threads = [threading.Thread(target=told, args=(sandbox,)) for _ in range(8)]\n"
        "    for thread in threads: thread.start()\n"
        "    for thread in threads: thread.join()\n"
        "    sandbox.close()\n    os._exit(0)\n"
        "os.wait()\nsandbox.close()\n",
        ["2"] * 9,
    ),
    "no descriptor left": (
        "sandbox = Sandbox(workers=1)\ntold(sandbox)\n"
        "taken = []\n"
        "try:\n    while True: taken.append(os.dup(0))\nexcept OSError: pass\n"
        "seen = sandbox.run(job).observations[0]\n"
        "for number in taken: os.close(number)\n"
        "print(seen.status, file=out, flush=True)\ntold(sandbox)\nsandbox.close()\n",
        ["2", "infra", "2"],
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_programs_are_judged_whatever_state_the_caller_is_in(state: str) -> None:
    code, expected = STATES[state]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PROLOGUE + code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.split() == expected, done.stderr[-2000:]


def test_closing_ends_what_runs() -> None:
    code = (
        "import time\nfrom codegym.sandbox.limits import Limits\n"
        "from dataclasses import replace\n"
        "hang = replace(job, source='def f(x):\\n    import time\\n    time.sleep(3600)\\n',"
        " limits=Limits(wall_seconds=3600, cpu_seconds=3600, program_cpu_seconds=3600))\n"
        "sandbox = Sandbox(workers=1)\nfuture = sandbox.submit(hang)\n"
        "while not sandbox._pool.workers[0].servers: time.sleep(0.01)\n"
        "time.sleep(0.3)\nsandbox.close()\nprint(type(future.exception()).__name__, file=out)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", _PROLOGUE + code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.split() == ["InfrastructureError"], done.stderr[-2000:]
