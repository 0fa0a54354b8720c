"""The rehearsals: every path is gone to its end, or it would stay cold without anybody noticing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from codegym.sandbox.guest import program, script
from codegym.sandbox.guest.channel import STARTED, Mailbox
from codegym.sandbox.guest.codec import Codec
from codegym.sandbox.guest.rehearsal import Rehearsal, Stage, rehearsals

CHANNEL = 200


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # the roles put their own there
    stage = Stage()
    yield stage
    stage.clear()


def played(stage: Stage, rehearsal: Rehearsal) -> list[list[bytes]]:
    serve = {
        "calls": lambda: program.serve_calls(CHANNEL, rehearsal.request),
        "program": lambda: script.serve_program(CHANNEL, CHANNEL + 1, rehearsal.request),
        "script": lambda: script.serve_scripts(CHANNEL, CHANNEL + 1, rehearsal.request),
    }
    said, other = (Mailbox(2**20).feed(said) for said in stage.play(rehearsal, serve[rehearsal.role], CHANNEL))
    assert said.pop(0) == STARTED
    return [said, other]


def the_first(role: str) -> Rehearsal:
    return next(rehearsal for rehearsal in rehearsals() if rehearsal.role == role)


def test_calls_are_answered(stage: Stage) -> None:
    said, other = played(stage, the_first("calls"))
    codec = Codec()
    assert [codec.decode(message) for message in said] == [
        ["loaded"], ["ok", [[3, 1, 2]], None, ""], ["ok", [1], None, ""],
    ]  # fmt: skip
    assert other == []


def test_a_program_answers_the_other_process(stage: Stage) -> None:
    said, answers = played(stage, the_first("program"))
    codec = Codec()
    assert [codec.decode(message) for message in said] == [["loaded"]]
    found: list[Any] = [codec.decode(answer[1:]) for answer in answers]
    assert [answer[1] for answer in found] == [[], ["0"], ["1"], ["2"], [3], []]


def test_a_script_asks_and_is_refused_in_the_end(stage: Stage) -> None:
    said, questions = played(stage, the_first("script"))
    codec = Codec()
    assert [codec.decode(message) for message in said] == [
        ["refused", "assert candidate([2, 3]) == [4]  # AssertionError"]
    ]
    assert [codec.decode(question[1:])[2] for question in questions] == [
        [[[1]], {}], [[[0, "0"]], {}], [[[1, "1"]], {}], [[[2, "2"]], {}], [[[2, 3]], {}],
    ]  # fmt: skip


def test_a_stage_leaves_nothing(stage: Stage) -> None:
    before = set(os.listdir("/proc/self/fd"))
    second = Stage()
    for rehearsal in list(rehearsals())[:7]:
        played(second, rehearsal)
    second.clear()
    assert set(os.listdir("/proc/self/fd")) == before
    assert "program" not in sys.modules
