from __future__ import annotations

from enum import StrEnum

import pytest

from agents.commands.terminal import say_facts


class Why(StrEnum):
    NO_TEST = "no_test"
    TIED = "tied"


def test_facts_are_lines_that_people_read(capsys: pytest.CaptureFixture[str]) -> None:
    say_facts(
        {
            "run_dir": "runs/codedpo",
            "cells": 50835,
            "finished": True,
            "asserts_refused": {},
            "lines": {"left_out": 1200, "kept": 3},
            "tasks_without_pairs": {"correctness": {Why.TIED: 78, Why.NO_TEST: 28}, "efficiency": {}},
        }
    )
    assert capsys.readouterr().out.splitlines() == [
        "run dir: runs/codedpo",
        "cells: 50,835",
        "finished: yes",
        "asserts refused: none",
        "lines: left out 1,200, kept 3",
        "tasks without pairs: correctness: tied 78, no test 28; efficiency: none",
    ]
