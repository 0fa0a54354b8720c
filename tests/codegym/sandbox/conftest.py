"""One sandbox for all tests of this folder: what they look at is what it says of programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from codegym.sandbox.execution import Observation
from codegym.sandbox.job import Action, CallAction, Job, RunAction, ScriptAction
from codegym.sandbox.limits import Limits
from codegym.sandbox.pool import Sandbox

Observe = Callable[..., tuple[Observation, ...]]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture
def calls(sandbox: Sandbox) -> Observe:
    """``calls(source, (args...), (args...), **job)``: what calling ``f`` with each of these brings."""

    def observe(source: str, *arguments: tuple[object, ...], **more: object) -> tuple[Observation, ...]:
        actions: tuple[Action, ...] = tuple(CallAction(args=args) for args in arguments)
        job = Job(source=source, actions=actions, **{"entry_point": "f", "limits": _LIMITS, **more})  # type: ignore[arg-type]
        return sandbox.run(job).observations

    return observe


@pytest.fixture
def runs(sandbox: Sandbox) -> Observe:
    """``runs(source, stdin, ...)``: what running the program on each of these inputs brings."""

    def observe(source: str, *inputs: str, **more: object) -> tuple[Observation, ...]:
        actions: tuple[Action, ...] = tuple(RunAction(stdin=text) for text in inputs)
        return sandbox.run(Job(source=source, actions=actions, **{"limits": _LIMITS, **more})).observations  # type: ignore[arg-type]

    return observe


@pytest.fixture
def scripts(sandbox: Sandbox) -> Observe:
    """``scripts(source, script, ...)``: what each test script makes of the program."""

    def observe(source: str, *texts: str, **more: object) -> tuple[Observation, ...]:
        actions: tuple[Action, ...] = tuple(ScriptAction(source=text) for text in texts)
        job = Job(source=source, actions=actions, **{"entry_point": "f", "limits": _LIMITS, **more})  # type: ignore[arg-type]
        return sandbox.run(job).observations

    return observe


_LIMITS = Limits(cpu_seconds=2, wall_seconds=10)
