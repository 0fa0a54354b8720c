"""One server and its processes: what is read of a process that has ended before anybody looked."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterator

import pytest

from codegym.sandbox.conversation import end_of, next_message
from codegym.sandbox.execution import Observation, Status
from codegym.sandbox.guest.arguments import pack_arguments
from codegym.sandbox.job import Job
from codegym.sandbox.limits import Limits
from codegym.sandbox.process import Process, ServerGone
from codegym.sandbox.run import Clock, Run
from codegym.sandbox.scripts import run_scripts
from codegym.sandbox.server import Server, ServerSettings

BURN_SECONDS = 0.1
BURNS = f"import time\ndef f():\n    while time.process_time() < {BURN_SECONDS}: pass\n    return 1\n"
SLEEPS = "import time\ndef f():\n    time.sleep(600)\n"


def _server() -> Server:
    server = Server(ServerSettings(sys.executable))
    server.await_ready()
    return server


@pytest.fixture
def server() -> Iterator[Server]:
    server = _server()
    yield server
    server.close()


def _run(server: Server, source: str, **limits: float) -> Run:
    job = Job(source=source, actions=(), entry_point="f", limits=Limits(**limits))  # type: ignore[arg-type]
    return Run(job, lambda role: server)


def _started(run: Run, server: Server, **rlimits: int) -> Process:
    request = run.request(calls=[pack_arguments((), {})], more=0)
    return server.start("calls", request, {**run.rlimits(), **{int(k[1:]): v for k, v in rlimits.items()}})


def _begun(run: Run, server: Server) -> Process:
    process = _started(run, server)
    while not process.started:
        process.receive()
    return process


def _await_that_it_is_gone(process: Process) -> None:
    """Waits until nothing is left of the process; the server's report of it stays unread."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        process.receive()
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
    other = _server()
    servers = {"program": server, "script": other}
    monkeypatch.setattr(Process, "seconds_kept_waiting", lambda self: {"1": 60.0 * (self.server is servers[starved])})
    run = _run(server, "import time\ndef f():\n    time.sleep(0.5)\n    return 1\n", wall_seconds=0.3)
    run.server = servers.__getitem__
    run_scripts(run, {0: "for once in [0]:\n    assert f() == 1"})
    other.close()
    assert run.observed[0].status is Status.OK


@pytest.mark.parametrize(
    ("processes", "waited", "slept", "status"),
    [
        (1, [60.0], 0.3, None),
        (1, [0.0, 60.0], 0.3, None),
        (2, [60.0], 0.5, Status.WALL_TIMEOUT),
        (1, [0.001] * 600, 0.5, Status.WALL_TIMEOUT),
        (1, [60.0], 0.7, Status.WALL_TIMEOUT),
    ],
    ids=["waiting", "one thread", "forks", "many threads", "for ever"],
)
def test_a_program_cannot_stretch_its_time_without_end(
    server: Server,
    processes: int,
    waited: list[float],
    slept: float,
    status: Status | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = _run(server, SLEEPS, wall_seconds=0.2, processes=processes)
    process = _begun(run, server)
    clock = Clock(run, process)
    monkeypatch.setattr(
        Process, "seconds_kept_waiting", lambda self: dict(zip(map(str, range(600)), waited, strict=False))
    )
    while process.is_ready():  # until it sleeps
        time.sleep(0.01)
    clock.wall_start = time.monotonic() - slept
    assert clock.exceeded() is status
    process.finish()


def test_time_does_not_run_before_the_program_does(server: Server) -> None:
    run = _run(server, "def f():\n    return 1\n", wall_seconds=0.01)
    process = _started(run, server)
    clock = Clock(run, process)
    time.sleep(0.1)
    assert clock.exceeded() is None
    clock.made -= 1e6
    with pytest.raises(ServerGone):
        clock.exceeded()
    process.finish()


@pytest.mark.parametrize(("is_ready", "status"), [(True, None), (False, Status.WALL_TIMEOUT)])
def test_a_wait_that_the_kernel_has_not_counted_yet_is_no_sleep(
    server: Server, is_ready: bool, status: Status | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(server, SLEEPS, wall_seconds=10)
    process = _begun(run, server)
    clock = Clock(run, process)
    assert clock.exceeded() is None
    clock.wall_start -= 15
    monkeypatch.setattr(Process, "is_ready", lambda self: is_ready)
    monkeypatch.setattr(Process, "seconds_kept_waiting", lambda self: {})
    monkeypatch.setattr(Process, "cpu_seconds", lambda self: 0.01)  # it does not get on
    assert [clock.exceeded() for _ in range(2)] == [status] * 2
    monkeypatch.setattr(Process, "cpu_seconds", lambda self: 0.02)  # it runs: nothing is left uncounted
    assert clock.exceeded() is Status.WALL_TIMEOUT
    process.finish()


def test_a_process_that_the_kernel_kills_for_its_cpu_time_has_run_out_of_time(server: Server) -> None:
    run = _run(server, "def f():\n    while True: pass\n", cpu_seconds=0.5, program_cpu_seconds=0.5)
    process = _started(run, server, **{f"r{int(resource.RLIMIT_CPU)}": 1})
    while not process.wait(60):
        pass
    assert end_of(process).status is Status.CPU_TIMEOUT
    process.finish()


def test_a_process_that_ends_before_its_program_begins_is_the_machines_failure(server: Server) -> None:
    """And is asked for its report once: it comes only once."""
    run = _run(server, BURNS)
    process = _started(run, server, r999=1)
    with pytest.raises(ServerGone, match="before its program began"):
        process.kill()
    assert process.finish().status != 0


def test_a_process_that_somebody_kills_is_the_machines_failure(server: Server) -> None:
    run = _run(server, SLEEPS)
    process = _begun(run, server)
    os.kill(process.pid, 9)
    assert process.wait(60)
    with pytest.raises(ServerGone, match="killed from outside"):
        end_of(process)
    process.finish()


def test_a_process_that_writes_byte_by_byte_costs_its_own_time_only(server: Server) -> None:
    source = "import os\nos.write(3, bytes([0, 1, 0, 0]))\nwhile True: os.write(3, b'x')\ndef f(): pass\n"
    run = _run(server, source, cpu_seconds=0.5)
    process = _started(run, server)
    began = time.thread_time()
    seen = next_message(run, process, Clock(run, process))
    assert isinstance(seen, Observation)
    assert seen.status in (Status.CPU_TIMEOUT, Status.TAMPERED)
    assert time.thread_time() - began < 0.25
    process.finish()


def test_a_process_that_does_not_read_blocks_nobody(server: Server) -> None:
    run = _run(server, SLEEPS, cpu_seconds=0.5)
    process = _begun(run, server)
    sent = 0
    for _ in range(5):
        sent = process.send(bytes(2**22), sent)
    assert 0 < sent < 2**22
    process.finish()


def test_waiting_is_counted_over_all_threads(server: Server) -> None:
    source = (
        "import threading, time\ndef f():\n    thread = threading.Thread(target=burn)\n    thread.start()\n"
        "    thread.join()\ndef burn():\n    while True: pass\n"
    )
    run = _run(server, source)
    process = _begun(run, server)
    deadline = time.monotonic() + 60
    while len(process.seconds_kept_waiting()) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(process.seconds_kept_waiting()) == 2
    assert process.is_ready(), "the main thread sleeps, the other runs"
    process.finish()


def test_a_server_that_is_abandoned_ends_itself_and_its_programs(server: Server) -> None:
    run = _run(server, SLEEPS)
    process = _begun(run, server)
    server.abandon()
    assert server.process.wait(60) is not None
    while os.path.exists(f"/proc/{process.pid}"):
        time.sleep(0.01)
    with pytest.raises(ServerGone):
        process.finish()


def test_its_sockets_are_no_standard_streams() -> None:
    """Where the caller has closed these, their numbers are the first that are free."""
    kept = [os.dup(number) for number in range(3)]
    try:
        for number in range(3):
            os.close(number)
        server = _server()
        run = _run(server, "def f():\n    return 1\n")
        process = _begun(run, server)
        numbers = [end.fileno() for end in (server.control, server.jobs, process.channel)]
        process.finish()
        server.close()
    finally:
        for number, copy in enumerate(kept):
            os.dup2(copy, number)
            os.close(copy)
    assert min(numbers) > 2
