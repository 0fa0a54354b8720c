"""The warm-ups: every path is run to its end, or it would stay cold without anybody noticing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from codegym.sandbox.guest import program, script
from codegym.sandbox.guest.channel import STARTED, Mailbox
from codegym.sandbox.guest.codec import Codec
from codegym.sandbox.guest.warm_up import Loopback, WarmUp, warm_ups

CHANNEL = 200


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # the roles put their own there
    loopback = Loopback()
    yield loopback
    loopback.clear()


def answers_to(loopback: Loopback, warm_up: WarmUp) -> list[list[bytes]]:
    serve = {
        "calls": lambda: program.serve_calls(CHANNEL, warm_up.request),
        "program": lambda: script.serve_program(CHANNEL, CHANNEL + 1, warm_up.request),
        "script": lambda: script.serve_scripts(CHANNEL, CHANNEL + 1, warm_up.request),
    }
    said, other = (Mailbox(2**20).feed(said) for said in loopback.run(warm_up, serve[warm_up.role], CHANNEL))
    assert said.pop(0) == STARTED
    return [said, other]


def first_of(role: str) -> WarmUp:
    return next(warm_up for warm_up in warm_ups() if warm_up.role == role)


def test_calls_are_answered(loopback: Loopback) -> None:
    said, other = answers_to(loopback, first_of("calls"))
    codec = Codec()
    assert [codec.decode(message) for message in said] == [
        ["loaded"], ["ok", [[3, 1, 2]], None, ""], ["ok", [1], None, ""],
    ]  # fmt: skip
    assert other == []


def test_a_program_answers_the_other_process(loopback: Loopback) -> None:
    said, answers = answers_to(loopback, first_of("program"))
    codec = Codec()
    assert [codec.decode(message) for message in said] == [["loaded"]]
    found: list[Any] = [codec.decode(answer[1:]) for answer in answers]
    assert [answer[1] for answer in found] == [[], ["0"], ["1"], ["2"], [3], []]


def test_a_script_asks_and_is_refused_in_the_end(loopback: Loopback) -> None:
    said, questions = answers_to(loopback, first_of("script"))
    codec = Codec()
    assert [codec.decode(message) for message in said] == [
        ["refused", "assert candidate([2, 3]) == [4]  # AssertionError"]
    ]
    assert [codec.decode(question[1:])[2] for question in questions] == [
        [[[1]], {}], [[[0, "0"]], {}], [[[1, "1"]], {}], [[[2, "2"]], {}], [[[2, 3]], {}],
    ]  # fmt: skip


def test_a_stage_leaves_nothing(loopback: Loopback) -> None:
    before = set(os.listdir("/proc/self/fd"))
    second = Loopback()
    for warm_up in list(warm_ups())[:7]:
        answers_to(second, warm_up)
    second.clear()
    assert set(os.listdir("/proc/self/fd")) == before
    assert "program" not in sys.modules
