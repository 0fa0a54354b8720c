from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

from agents.scoring.problem_key import problem_key
from codegym import CallTest, Problem
from codegym.comparison import Comparison

PROBLEM = Problem(task_id="p", prompt="", entry_point="f", tests=(CallTest(args=(1,), expected=2),))


def test_keys_are_the_same_in_every_process() -> None:
    code = (
        "from agents.scoring.problem_key import problem_key; from codegym import CallTest, Problem\n"
        "words = {str(n) for n in range(50)}; test = CallTest(args=([words],), expected={'a': frozenset(words)})\n"
        "print(problem_key(Problem(task_id='p', prompt='', entry_point='f', tests=(test,))))"
    )
    keys = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(keys) == 1


def test_keys_tell_problems_apart() -> None:
    same = replace(PROBLEM, prompt="other words")
    assert problem_key(same) == problem_key(PROBLEM)
    changes = [
        replace(PROBLEM, tests=(CallTest(args=(1,), expected=3),)),
        replace(PROBLEM, tests=(CallTest(args=(1,), expected=2, public=True),)),
        replace(PROBLEM, context="import math"),
        replace(PROBLEM, comparison=Comparison(unordered=True)),
        replace(PROBLEM, comparison=Comparison(checker=lambda args, expected, actual: actual > 1)),
        replace(PROBLEM, comparison=Comparison(checker=lambda args, expected, actual: actual > 2)),
    ]
    assert len({problem_key(problem) for problem in [PROBLEM, *changes]}) == 1 + len(changes)
