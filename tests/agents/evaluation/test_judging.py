from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agents.evaluation.judged_program import JudgedProgram
from agents.evaluation.judging import JudgingLine
from agents.evaluation.samples import ProgramSample
from codegym import CallTest, Judge, Problem
from codegym.feedback.feedback import Feedback
from codegym.feedback.verdict import Verdict
from codegym.store import Store

TESTS = (
    CallTest(args=(1,), expected=2, public=True),
    CallTest(args=(5,), expected=6),
    CallTest(args=("a",), expected=""),
)
PROBLEM = Problem(task_id="p", prompt="", entry_point="f", tests=TESTS)
GOOD = "def f(x):\n    return '' if x == 'a' else x + 1\n"
PARTLY = "def f(x):\n    return x + 1\n"


class Counting:
    """A judge that counts what it is asked."""

    def __init__(self, inner: Judge) -> None:
        self.inner, self.settings = inner, inner.settings
        self.asked: list[str] = []

    def judge_many(self, pairs: Sequence[tuple[Problem, str]]) -> list[Feedback]:
        self.asked += [completion for _, completion in pairs]
        return self.inner.judge_many(pairs)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=1) as judge:
        yield judge


def line(judge: object, store: Store | None) -> JudgingLine:
    return JudgingLine({"p": PROBLEM}, judge, store)  # type: ignore[arg-type]


def test_each_distinct_program_is_judged_once_and_in_order(judge: Judge, tmp_path: Path) -> None:
    texts = [GOOD, PARTLY, GOOD, "raise SystemExit", PARTLY] * 40
    samples = [ProgramSample("p", text, turn=i, is_final=i % 2 == 0) for i, text in enumerate(texts)]
    counting = Counting(judge)
    with Store(tmp_path / "s") as store:
        first = list(line(counting, store).judged(samples))
        assert sorted(counting.asked) == sorted({*texts})
        assert [program.completion for program in first] == texts
        assert [program.turn for program in first] == list(range(200))
        assert [program.is_success for program in first] == [text == GOOD for text in texts]
        again = line(counting, store)
        assert list(again.judged(samples)) == first
        assert len(counting.asked) == again.reused == 3


def test_what_is_kept_of_a_feedback(judge: Judge) -> None:
    [program] = line(judge, None).judged([ProgramSample("p", PARTLY)])
    assert program.tests == "..E"
    assert (program.public, program.public_passed) == ((0,), 1)
    assert (program.verdict, program.result) == (Verdict.ERROR, "failed: type_error")
    assert program.diagnostics[0]["start_line"] == 2
    assert program.failed_tests[0]["index"] == 2
    assert program.cpu_seconds > 0
    assert JudgedProgram.from_row(program.to_row()) == program


def test_machine_failures_are_not_kept(judge: Judge, tmp_path: Path) -> None:
    class Failing(Counting):
        def judge_many(self, pairs: Sequence[tuple[Problem, str]]) -> list[Feedback]:
            found = super().judge_many(pairs)
            return [Feedback(**{**vars(feedback), "verdict": Verdict.INFRA_ERROR}) for feedback in found]

    with Store(tmp_path / "s") as store:
        [failed] = line(Failing(judge), store).judged([ProgramSample("p", GOOD)])
        assert not failed.has_verdict
        counting = Counting(judge)
        [judged] = line(counting, store).judged([ProgramSample("p", GOOD)])
        assert judged.is_success
        assert counting.asked == [GOOD]


def test_verdicts_of_a_judge_that_names_no_settings_are_not_kept(judge: Judge) -> None:
    class Nameless(Counting):
        settings = property(lambda self: None, lambda self, value: None)  # type: ignore[assignment]  # names none

    with Store() as store:
        assert list(line(Nameless(judge), store).judged([ProgramSample("p", GOOD)]))
        assert len(store) == 0
