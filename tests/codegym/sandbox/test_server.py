"""One server and its processes: what is read of a process that has ended before anybody looked."""

from __future__ import annotations

import os
import resource
import select
import sys
import time
from collections.abc import Iterator

import pytest

from codegym.sandbox.calls import Call, run_calls
from codegym.sandbox.execution import Status
from codegym.sandbox.exit_status import ended
from codegym.sandbox.guest.arguments import pack_arguments
from codegym.sandbox.job import Job
from codegym.sandbox.limits import Limits
from codegym.sandbox.run import Clock, Run
from codegym.sandbox.scripts import run_scripts
from codegym.sandbox.server import Process, Server, ServerGone, ServerSettings

BURN_SECONDS = 0.1
BURNS = f"import time\ndef f():\n    while time.process_time() < {BURN_SECONDS}: pass\n    return 1\n"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(ServerSettings(sys.executable))
    yield server
    server.close()


def _run(server: Server, source: str, **limits: float) -> Run:
    job = Job(source=source, actions=(), entry_point="f", limits=Limits(**limits))  # type: ignore[arg-type]
    return Run(job, lambda role: server)


def _started(run: Run, server: Server) -> Process:
    return server.start("calls", run.request(calls=[pack_arguments((), {})]), run.rlimits())


def _await_that_it_is_gone(process: Process) -> None:
    """Waits until nothing is left of the process; the server's report of it stays unread."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        process.drain()
        if process.pid and not os.path.exists(f"/proc/{process.pid}"):
            return
        time.sleep(0.01)
    pytest.fail("the process did not end")


def test_cpu_time_of_a_process_that_nobody_watched_ending(server: Server) -> None:
    run = _run(server, BURNS)
    process = _started(run, server)
    clock = Clock(run, process)
    _await_that_it_is_gone(process)
    assert clock.elapsed()[0] > 0.8 * BURN_SECONDS
    process.finish()


def test_a_process_that_has_ended_exceeds_nothing(server: Server) -> None:
    run = _run(server, BURNS, cpu_seconds=0.001, wall_seconds=0.001)
    process = _started(run, server)
    clock = Clock(run, process)
    _await_that_it_is_gone(process)
    assert clock.exceeded() is None
    assert process.wait(60)
    process.finish()


@pytest.mark.parametrize("starved", ["program", "script"])
def test_a_script_may_wait_as_long_as_the_machine_keeps_either_process_waiting(
    server: Server, starved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Server(ServerSettings(sys.executable))
    servers = {"program": server, "script": other}
    monkeypatch.setattr(Process, "seconds_kept_waiting", lambda self: {"1": 60.0 * (self.server is servers[starved])})
    run = _run(server, "import time\ndef f():\n    time.sleep(0.5)\n    return 1\n", wall_seconds=0.1)
    run.server = servers.__getitem__
    run_scripts(run, {0: "for once in [0]:\n    assert f() == 1"})
    other.close()
    assert run.observed[0].status is Status.OK


@pytest.mark.parametrize(
    ("processes", "waited", "status"),
    [
        (1, [60.0], None),
        (1, [0.0, 60.0], None),
        (2, [60.0], Status.WALL_TIMEOUT),
        (1, [0.1] * 600, Status.WALL_TIMEOUT),
    ],
)
def test_a_program_cannot_stretch_its_time_by_forks_or_threads_that_keep_it_waiting(
    server: Server, processes: int, waited: list[float], status: Status | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(server, "import time\ndef f():\n    time.sleep(60)\n", wall_seconds=0.1, processes=processes)
    process = _started(run, server)
    clock = Clock(run, process)
    monkeypatch.setattr(
        Process, "seconds_kept_waiting", lambda self: dict(zip(map(str, range(600)), waited, strict=False))
    )
    time.sleep(0.3)
    assert clock.exceeded() is status
    process.finish()


def test_time_does_not_run_before_the_program_does(server: Server) -> None:
    run = _run(server, "def f():\n    return 1\n", wall_seconds=0.01)
    process = _started(run, server)
    clock = Clock(run, process)
    late = Process(server, 2, process.channel, 1000)
    clock.process = late
    late.drain = lambda: None  # type: ignore[method-assign]
    time.sleep(0.1)
    assert clock.exceeded() is None
    clock.made -= 1e6
    with pytest.raises(ServerGone):
        clock.exceeded()
    process.finish()


def test_an_answer_that_came_while_we_slept_counts(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process answers between the look at its channel and the look at the clock."""
    run = _run(server, "import time\ndef f(x):\n    time.sleep(x)\n", wall_seconds=0.5)
    drain = Process.drain
    slept: list[Process] = []

    def sleepy(process: Process) -> None:
        drain(process)
        if process.started and not slept:
            slept.append(process)
            select.select([process.channel], [], [], 60)
            time.sleep(0.6)

    monkeypatch.setattr(Process, "drain", sleepy)
    run_calls(run, [Call(index, pack_arguments((seconds,), {})) for index, seconds in enumerate((0.2, 600))])
    assert slept
    assert [run.observed[index].status for index in range(2)] == [Status.OK, Status.WALL_TIMEOUT]


@pytest.mark.parametrize(("is_ready", "status"), [(True, None), (False, Status.WALL_TIMEOUT)])
def test_a_wait_that_the_kernel_has_not_counted_yet_is_no_sleep(
    server: Server, is_ready: bool, status: Status | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(server, "import time\ndef f():\n    time.sleep(600)\n", wall_seconds=0.05)
    process = _started(run, server)
    process.wait(60, [process.channel.fileno()])
    clock = Clock(run, process)
    assert clock.exceeded() is None
    time.sleep(0.1)
    monkeypatch.setattr(Process, "is_ready", lambda self: is_ready)
    monkeypatch.setattr(Process, "seconds_kept_waiting", lambda self: {})
    monkeypatch.setattr(Process, "cpu_seconds", lambda self: 0.01)  # it does not get on
    assert [clock.exceeded() for _ in range(2)] == [status] * 2
    monkeypatch.setattr(Process, "cpu_seconds", lambda self: 0.02)  # it runs: nothing is left uncounted
    assert clock.exceeded() is Status.WALL_TIMEOUT
    process.finish()


def test_what_a_look_at_the_clock_took_in_is_not_waited_for(server: Server) -> None:
    """A process that waits for us sends nothing more: the wait would last until the next look."""
    run = _run(server, "import time\ndef f(x):\n    time.sleep(x)\n")
    process = server.start("calls", run.request(calls=[pack_arguments((600,), {})]), run.rlimits())
    deadline = time.monotonic() + 60
    while not process.messages and time.monotonic() < deadline:
        process.cpu_seconds()
        process.drain()
    began = time.monotonic()
    assert not process.wait(30, [process.channel.fileno()])
    assert time.monotonic() - began < 15
    assert process.take() == [["loaded"]]
    process.finish()


def test_a_process_that_the_kernel_kills_for_its_cpu_time_has_run_out_of_time(server: Server) -> None:
    run = _run(server, "def f():\n    while True: pass\n", cpu_seconds=0.5, program_cpu_seconds=0.5)
    request = run.request(calls=[pack_arguments((), {})])
    process = server.start("calls", request, {**run.rlimits(), resource.RLIMIT_CPU: 1})
    while not process.wait(60):
        pass
    assert ended(process.finish(), run.job.limits).status is Status.CPU_TIMEOUT


def test_a_process_that_ends_before_its_program_begins_is_the_machines_failure(server: Server) -> None:
    """And is asked for its report once: it comes only once."""
    run = _run(server, BURNS)
    process = server.start("calls", run.request(calls=[]), {**run.rlimits(), 999: 1})
    with pytest.raises(ServerGone, match="before its program began"):
        process.kill()
    assert process.finish().status != 0


def test_a_running_process_is_read_so_much_at_a_time(server: Server) -> None:
    run = _run(server, "import os\ndef f():\n    while True: os.write(3, bytes(200_000))\n")
    process = _started(run, server)
    deadline = time.monotonic() + 60
    while len(process.messages) < 1000 and time.monotonic() < deadline:
        process.wait(1, [process.channel.fileno()])
        process.drain()
    for _ in range(100):
        process.drain()  # comes back, whatever arrives
    assert 1000 <= len(process.messages) < 2**18, "empty ones have a length, too"
    process.finish()


def test_waiting_is_counted_over_all_threads(server: Server) -> None:
    source = (
        "import threading, time\ndef f():\n    thread = threading.Thread(target=burn)\n    thread.start()\n"
        "    thread.join()\ndef burn():\n    while True: pass\n"
    )
    run = _run(server, source)
    process = _started(run, server)
    deadline = time.monotonic() + 60
    while not process.is_ready() and time.monotonic() < deadline:  # the main thread sleeps, the other runs
        process.drain()
        time.sleep(0.01)
    assert len(process.seconds_kept_waiting()) == 2
    process.finish()
