from __future__ import annotations

import numpy as np

from agents.policy.completion import Completion
from agents.rollout.unexecuted import unreached_ranges, unreached_tokens
from codegym import CallTest, Judge, Problem
from codegym.diagnosis import DiagnosingJudge
from codegym.program import Program, Segment

SOURCE = '''import math
def f(x):
    """Text."""
    if x > 100:
        y = math.sqrt(
            x)
        return y
    else:
        y = 1
    for _ in []:
        y += 1
    return (y +
            1)
'''
PROBLEM = Problem(task_id="p", prompt="", entry_point="f", tests=(CallTest(args=(1,), expected=2),))


def written(text: str) -> Completion:
    """One token a character."""
    ids = np.arange(len(text))
    return Completion(
        prompt="",
        text=text,
        prompt_ids=ids[:1],
        token_ids=ids,
        offsets=np.stack([ids, ids + 1], axis=1),
        logprobs=np.zeros(len(text), np.float32),
        finished=True,
    )


def lines(source: str, executed: set[int]) -> list[str]:
    program = Program(
        source=source, completion=source, segments=(Segment(source_start=0, completion_start=0, length=len(source)),)
    )
    return sorted(source[start:end].strip() for start, end in unreached_ranges(program, frozenset(executed)))


def test_statements_without_a_line_that_ran() -> None:
    assert lines(SOURCE, {4, 9, 10, 12}) == ["return y", "y += 1", "y = math.sqrt(\n            x)"]
    assert lines(SOURCE, {4, 5, 7}) == sorted(
        ["for _ in []:\n        y += 1", "return (y +\n            1)", "y += 1", "y = 1"]
    )


def test_where_nothing_is_known_everything_may_have_run() -> None:
    assert lines(SOURCE, set()) == []
    assert lines("def f(:\n", {1}) == []


def test_a_judge_that_traces_says_what_no_test_ran() -> None:
    completion = written("```python\n" + SOURCE + "```\n")
    with Judge(workers=1) as judge:
        traced = DiagnosingJudge(judge, static_analysis=False, suspects=False, coverage=True)
        found = unreached_tokens(traced.judge(PROBLEM, completion.text), completion)
        plain = unreached_tokens(judge.judge(PROBLEM, completion.text), completion)
    masked = "".join(character for character, out in zip(completion.text, found, strict=True) if out)
    assert masked.split() == ["y", "=", "math.sqrt(", "x)", "return", "y", "y", "+=", "1"]
    assert not plain.any()
