"""The layers: named one by one, refused by name, strict or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codegym.errors import InfrastructureError, IsolationError, UnknownNameError
from codegym.sandbox.execution import Status
from codegym.sandbox.guest.isolation import Isolation as Inside
from codegym.sandbox.isolation import LAYERS, Isolation, IsolationMode, Layer, examine, warn_of_missing
from codegym.sandbox.job import CallAction, Job
from codegym.sandbox.limits import Limits
from codegym.sandbox.pool import Sandbox, _Worker
from codegym.sandbox.server import ServerSettings

LOOK = "import os\ndef f(path):\n    return os.path.exists(path)\n"


def test_every_layer_is_named(sandbox: Sandbox) -> None:
    assert [layer.name for layer in sandbox.isolation] == list(LAYERS)
    for layer in sandbox.isolation:
        assert layer.active or layer.description.startswith("not in force: ")


def test_layer_that_is_switched_off_is_told(sandbox: Sandbox) -> None:
    with Sandbox(workers=1, without=("landlock",)) as without:
        assert not without.isolation["landlock"].active
        assert without.isolation["landlock"].remedy
        assert [layer.name for layer in without.isolation.missing if layer not in sandbox.isolation.missing] == [
            "landlock"
        ]


def test_strict_refuses_by_name_with_the_remedy() -> None:
    with pytest.raises(IsolationError, match=r"seccomp: not in force: switched off.*isolation=\"auto\""):
        Sandbox(workers=1, isolation="strict", without=("seccomp",))


def test_none_runs_with_limits_only(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Sandbox(workers=1, isolation="none") as sandbox:
        assert {layer.name for layer in sandbox.isolation if layer.active} == {"environment", "descriptors", "rlimits"}
        assert sandbox.isolation.is_complete, "nothing is missing that was asked for"
        job = Job(source=LOOK, entry_point="f", actions=(CallAction(args=(__file__,)),))
        assert sandbox.run(job).observations[0].value is True


def test_host_is_out_of_sight(sandbox: Sandbox) -> None:
    if not sandbox.isolation["root"].active:
        pytest.skip("this machine grants no root of one's own")
    job = Job(source=LOOK, entry_point="f", actions=tuple(CallAction(args=(p,)) for p in (__file__, "/etc", "/proc")))
    assert [seen.value for seen in sandbox.run(job).observations] == [False, False, False]


def test_servers_with_the_same_process_number_share_no_user() -> None:
    """Two containers count from the same 1, and what a user may run is counted over both."""
    first, second = (Inside(without=frozenset(), may_fork=False, folders={}, work_bytes=0) for _ in range(2))
    assert first.private_id != second.private_id


def test_unknown_words_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'strict'"):
        Sandbox(isolation="strikt")
    with pytest.raises(UnknownNameError, match="Did you mean 'seccomp'"):
        Sandbox(without=("secomp",))


def test_forks_need_a_pid_namespace(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    source = (
        "import os\ndef f():\n    pid = os.fork()\n    if not pid: os._exit(7)\n    return os.waitpid(pid, 0)[1] >> 8\n"
    )
    job = Job(source=source, entry_point="f", actions=(CallAction(),), limits=Limits(processes=4))
    if sandbox.isolation["pid"].active:
        assert sandbox.run(job).observations[0].value == 7
    else:
        with pytest.raises(IsolationError, match="PID namespaces"):
            sandbox.run(job)


def test_a_missing_layer_is_one_with_a_remedy() -> None:
    layers = (
        Layer(name="a", active=True, description="", remedy=""),
        Layer(name="b", active=False, description="", remedy=""),
        Layer(name="c", active=False, description="", remedy="do this"),
    )
    isolation = Isolation(mode=IsolationMode.AUTO, layers=layers)
    assert [layer.name for layer in isolation.missing] == ["c"]
    assert not isolation.is_complete
    with pytest.raises(KeyError):
        isolation["d"]


def test_server_that_does_not_start_says_why() -> None:
    with pytest.raises(InfrastructureError, match="cannot be started"):
        examine(ServerSettings("/no/such/python"), IsolationMode.AUTO)
    with pytest.raises(InfrastructureError, match="did not start under '/bin/true'"):
        examine(ServerSettings("/bin/true"), IsolationMode.AUTO)


def test_strict_holds_for_servers_that_are_started_later() -> None:
    """A machine may run out of namespaces; here, layers are switched off behind the judge's back."""
    with Sandbox(workers=1, isolation="strict") as sandbox:
        job = Job(source="x = 1", actions=())
        sandbox.run(job)
        worker = _Worker(sandbox._pool.tasks, replace(sandbox.settings, without=frozenset({"uts"})), sandbox.mode)
        with pytest.raises(IsolationError, match="uts: not in force"):
            worker.run(job)
        worker.drop_servers()


def test_what_is_missing_is_logged_when_programs_begin_to_run(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody need ask: layers switched off stand for those that a kernel refuses."""
    warn_of_missing.cache_clear()
    with Sandbox(workers=1, without=("landlock",)) as sandbox:
        sandbox.run(Job(source="x = 1", actions=()))
    assert "isolated without: landlock" in caplog.text


@pytest.mark.parametrize("without", [("pid",), ("pid", "landlock", "seccomp"), ("pid", "root")])
def test_a_machine_without_pid_namespaces_judges_all_the_same(without: tuple[str, ...]) -> None:
    """The process that renews the scratch folder is a child of the server, too, and the programs' root has no /proc."""
    with Sandbox(workers=1, without=without) as sandbox:
        writes = "open('/tmp/left', 'w').write('1')\ndef f(x):\n    return x\n"
        for source in ("def f(x):\n    return x\n", writes, "def f(x):\n    return x\n"):
            (seen,) = sandbox.run(Job(source=source, actions=(CallAction(args=(1,)),), entry_point="f")).observations
            assert seen.status in (Status.OK, Status.RAISED), seen
