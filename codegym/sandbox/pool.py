"""The sandbox: a pool of workers, each with its own warm fork servers."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sys
import threading
import weakref
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from enum import IntEnum, auto
from functools import partial
from itertools import groupby
from typing import Any

from codegym.errors import CodegymError, InfrastructureError, InvalidSettingError, IsolationError, UnknownNameError
from codegym.sandbox.calls import Call, observe_loading, run_calls
from codegym.sandbox.execution import Execution, Observation, Status, Trust
from codegym.sandbox.futures import results, results_as_they_end
from codegym.sandbox.interpreter import interpreter_path
from codegym.sandbox.isolation import LAYERS, Isolation, IsolationMode, examine, isolation_of, switched_off
from codegym.sandbox.job import Action, CallAction, Job, RunAction, ScriptAction
from codegym.sandbox.literal import LiteralCheck, literal_checks
from codegym.sandbox.packages import find_packages, package_names
from codegym.sandbox.process import ServerGone, UnreadyError
from codegym.sandbox.run import Run
from codegym.sandbox.scripts import run_scripts, run_together
from codegym.sandbox.server import Server, ServerSettings
from codegym.sandbox.streams import run_streams

_log = logging.getLogger("codegym.sandbox")
_TRIES = 3
_CLOSED = "The sandbox is closed. Make a new one, or keep it open for as long as you judge."


class Sandbox:
    """Runs untrusted programs and says what they did.

    Args:
        workers: How many programs may run at the same time; None takes one for each processor.
        isolation: ``"strict"`` refuses to run where the kernel refuses a layer, ``"auto"`` takes what there is and
            names it, ``"none"`` runs with resource limits only.
        packages: Names of packages that programs may import beyond the standard library.
        python: The interpreter that runs the programs.
        without: Layers to leave out, by name: to show that each of them is needed.

    Raises:
        UnknownNameError: If there is no such isolation mode or layer.
        InvalidSettingError: If ``workers`` or ``packages`` make no sense.
        IsolationError: With ``isolation="strict"``, if a layer is missing.
        InfrastructureError: If that is no CPython that runs, or a package is not installed for it.
    """

    def __init__(
        self,
        workers: int | None = None,
        isolation: str = "auto",
        packages: Iterable[str] = (),
        python: str = sys.executable,
        without: Iterable[str] = (),
    ) -> None:
        if isolation not in tuple(IsolationMode):
            raise UnknownNameError("isolation", isolation, [mode.value for mode in IsolationMode])
        for name in without:
            if name not in LAYERS:
                raise UnknownNameError("layer of isolation", name, LAYERS)
        if workers is not None and (not isinstance(workers, int) or workers < 1):
            raise InvalidSettingError(f"workers must be a whole number, at least 1, or None, got {workers!r}.")
        self.mode = IsolationMode(isolation)
        self.workers = workers or len(os.sched_getaffinity(0))
        names, python = package_names(packages), interpreter_path(python)
        self.settings = ServerSettings(
            python=python,
            without=switched_off(self.mode) | frozenset(without),
            packages=find_packages(names, python),
            preload=names,
        )
        if self.mode is IsolationMode.STRICT:
            examine(self.settings, self.mode)
        self._lock = threading.Lock()
        self._open()
        _SANDBOXES.add(self)

    @property
    def isolation(self) -> Isolation:
        """What is in force on this machine, layer by layer."""
        return examine(self.settings, self.mode)

    def _open(self) -> None:
        self._pool = _Pool(self.workers, self.settings, self.mode)
        self._finalizer = weakref.finalize(self, self._pool.close)
        self._process = os.getpid()  # last: threads that look at it find the pool that belongs to it

    def submit(self, job: Job) -> Future[Execution]:
        """Runs a job on the next free worker; until then it may be cancelled."""
        if self._process != os.getpid():
            with self._lock:  # of all threads of a fork one makes the pool
                if self._process != os.getpid() and not self._pool.closed:
                    self._open()  # a fork has none of the threads, and the servers are its parent's
        return self._pool.submit(job)

    def run(self, job: Job) -> Execution:
        """Runs one job and returns what was seen; a machine's failure shows as ``Status.INFRA``."""
        return self.submit(job).result()

    def run_many(self, jobs: Iterable[Job]) -> list[Execution]:
        """Runs jobs on all workers and returns what was seen, in order."""
        return results(self.submit(job) for job in jobs)

    def run_as_they_end(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Execution]]:
        """Runs jobs on all workers and yields each one's index and execution as it ends."""
        return results_as_they_end(self.submit(job) for job in jobs)

    def close(self) -> None:
        """Ends every process; nothing remains. Closing twice is fine."""
        self._finalizer()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_SANDBOXES: weakref.WeakSet[Sandbox] = weakref.WeakSet()


def _renew_locks() -> None:
    """A lock that another thread held at the time of a fork is held for ever in the child."""
    for sandbox in _SANDBOXES:
        sandbox._lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_locks)


class _Pool:
    """Worker threads around a queue; they hold no reference to the sandbox, so that it can be collected."""

    def __init__(self, workers: int, settings: ServerSettings, mode: IsolationMode) -> None:
        self.closed = False
        self._door = threading.Lock()
        """Nothing is put into the queue once it is closed: it would wait there for ever."""
        self.tasks: queue.SimpleQueue[tuple[Job, Future[Execution]] | None] = queue.SimpleQueue()
        self.workers = [_Worker(self.tasks, settings, mode) for _ in range(workers)]
        self.threads = [
            threading.Thread(target=worker.work, name=f"codegym-worker-{number}", daemon=True)
            for number, worker in enumerate(self.workers)
        ]
        for thread in self.threads:
            thread.start()

    def submit(self, job: Job) -> Future[Execution]:
        future: Future[Execution] = Future()
        with self._door:
            if self.closed:
                raise InfrastructureError(_CLOSED)
            self.tasks.put((job, future))
        return future

    def close(self) -> None:
        """Ends the programs at work; those that wait for a worker are not begun."""
        with self._door:
            self.closed = True
            with contextlib.suppress(queue.Empty):
                while True:
                    task = self.tasks.get_nowait()
                    if task is not None and task[1].set_running_or_notify_cancel():
                        task[1].set_exception(InfrastructureError(_CLOSED))
            for _ in self.threads:
                self.tasks.put(None)
        for worker in self.workers:
            worker.stop()
        for thread in self.threads:
            if thread is not threading.current_thread():
                thread.join()


class _Worker:
    """One thread's servers, by role."""

    def __init__(self, tasks: queue.SimpleQueue[Any], settings: ServerSettings, mode: IsolationMode) -> None:
        self.tasks, self.settings, self.mode = tasks, settings, mode
        self.servers: dict[tuple[str, bool], Server] = {}
        self.stopped = False
        self._lock = threading.Lock()
        """Guards ``servers`` and ``stopped``: another thread may stop this one's work at any time."""

    def work(self) -> None:
        """Runs jobs until it is told to stop."""
        while (task := self.tasks.get()) is not None:
            job, future = task
            if future.set_running_or_notify_cancel():
                self.settle(job, future)
            del task, job, future
        self.drop_servers()

    def stop(self) -> None:
        """Makes the job at work end at once; called by another thread."""
        with self._lock:
            self.stopped = True
            for server in self.servers.values():
                server.abandon()

    def settle(self, job: Job, future: Future[Execution]) -> None:
        """Gives a future what it is waited for."""
        try:
            future.set_result(self.run(job))
        except BaseException as error:
            self.drop_servers()
            future.set_exception(error)

    def run(self, job: Job) -> Execution:
        """Runs a job, again on fresh servers when the machine fails under it."""
        for _ in range(_TRIES):
            try:
                return execute(Run(job, partial(self.server, may_fork=job.limits.processes > 1)))
            except UnreadyError as error:
                return _alike(job, Status.FAULTY, str(error))
            except IsolationError:
                raise
            except (ServerGone, InfrastructureError, OSError, MemoryError) as error:
                self.drop_servers()
                reason = str(error) or type(error).__name__
                if self.stopped:
                    raise InfrastructureError(_CLOSED) from None
            except CodegymError:
                raise  # bad input of the caller's
            except Exception as error:
                self.drop_servers()  # nothing that a program writes may stop the judge
                _log.exception("A program's answers could not be read.")
                return _alike(job, Status.TAMPERED, f"{type(error).__name__}: {error}")
        return _alike(job, Status.INFRA, reason)

    def server(self, role: str, may_fork: bool) -> Server:
        """Returns the server of a role, starting it if need be.

        Args:
            role: ``"program"`` or ``"script"``.
            may_fork: Programs may fork: such a server has a wider filter.

        Raises:
            ServerGone: If the worker is to stop.
        """
        key = (role, may_fork)
        if key in self.servers and not self.servers[key].fit:
            self._drop(key)
        if key not in self.servers:
            with self._lock:
                if self.stopped:
                    raise ServerGone(_CLOSED)
                server = self.servers[key] = Server(replace(self.settings, may_fork=may_fork))
            server.await_ready()
            check_forks(server, self.settings, may_fork)
            isolation_of(server, self.mode)
        return self.servers[key]

    def drop_servers(self) -> None:
        """Ends this worker's servers; new ones start when they are needed."""
        for key in tuple(self.servers):
            self._drop(key)

    def _drop(self, key: tuple[str, bool]) -> None:
        with self._lock:
            server = self.servers.pop(key)
        server.close()


def _alike(job: Job, status: Status, detail: str) -> Execution:
    """Returns an execution of which all observations are the same."""
    run = Run(job, _no_server)
    for index in range(max(1, len(job.actions))):
        run.observe(index, Observation(status=status, detail=detail[:2000]))
    return Execution(observations=tuple(run.observed.values()))


def _no_server(role: str) -> Server:
    raise ServerGone(role)


def check_forks(server: Server, settings: ServerSettings, may_fork: bool) -> None:
    """Checks that whatever forks leave can be ended.

    Raises:
        IsolationError: If programs may fork, and there is no PID namespace with which to end what they leave.
    """
    if may_fork and "pid" in server.layers["refused"] and "pid" not in settings.without:
        reason = server.layers["refused"]["pid"]
        raise IsolationError(
            f"Limits(processes=...) above 1 needs PID namespaces, to end whatever a program leaves; "
            f"this machine refuses: {reason}. Leave processes at 1, or see `codegym doctor` for the remedy."
        )


class _Way(IntEnum):
    """How an action is tried, in the order in which the ways are gone."""

    CALLS = auto()
    STREAMS = auto()
    SCRIPTS = auto()


def execute(run: Run) -> Execution:
    """Tries every action of a job: those that may be shown first; calls first, then streams, then scripts."""
    job = run.job
    if not job.actions:
        return Execution(observations=(observe_loading(run),))
    ways = [_way(job, index) for index in range(len(job.actions))]
    # A private action that comes first could use up the budget of one that may be shown, or stop the job before it.
    order = sorted(range(len(ways)), key=lambda index: (index >= job.shown_actions, ways[index]))
    for way, indices in groupby(order, key=ways.__getitem__):
        if not run.stopped:
            _try(run, way, tuple(indices))
    observations = tuple(run.observed[index] for index in range(len(job.actions)))
    trust = Trust.IN_PROCESS if job.one_process else Trust.HANDLES if run.used_handles else Trust.ISOLATED
    return Execution(observations=observations, trust=trust)


def _way(job: Job, index: int) -> _Way:
    action = job.actions[index]
    if isinstance(action, RunAction):
        return _Way.STREAMS
    return _Way.SCRIPTS if isinstance(action, ScriptAction) and _checks(job, action) is None else _Way.CALLS


def _try(run: Run, way: _Way, indices: tuple[int, ...]) -> None:
    job = run.job
    actions = {index: job.actions[index] for index in indices}
    if way is _Way.CALLS:
        run_calls(run, [call for index, action in actions.items() for call in _calls(job, index, action)])
    elif way is _Way.STREAMS:
        run_streams(run, {index: action for index, action in actions.items() if isinstance(action, RunAction)})
    else:
        scripts = {index: action.source for index, action in actions.items() if isinstance(action, ScriptAction)}
        (run_together if job.one_process else run_scripts)(run, scripts)


def _calls(job: Job, index: int, action: Action) -> Iterator[Call]:
    if isinstance(action, CallAction):
        yield Call(index, action.payload)
    elif isinstance(action, ScriptAction):
        yield from (Call(index, c.payload, c.accepts, c.text) for c in _checks(job, action) or ())


def _checks(job: Job, action: ScriptAction) -> tuple[LiteralCheck, ...] | None:
    return None if job.one_process else literal_checks(action.source, job.entry_point)
