from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.evaluation.efficiency import CostRatios, SideBySide, solved_by_both
from agents.scoring.costs import CostMeter, Costs, CostSettings, NoCosts
from codegym import CallTest, Judge, Problem
from codegym.errors import InvalidSettingError
from codegym.store import Store

ONE, TWO, THREE = (f"def f(x):\n    return x + {text}\n" for text in ("1", "2 - 1", "3 - 2"))
SECONDS = {ONE: (1.0, 2.0), TWO: (3.0, 6.0), THREE: (4.0, 4.0)}


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=1) as judge:
        yield judge


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Costs by the table above instead of the machine's; the list says what was measured."""
    asked: list[list[str]] = []

    def measure(meter: CostMeter, inputs: Any) -> Costs | NoCosts:
        sources = [load.source for load in meter.loads]
        asked.append(sources)
        if meter.problem.task_id == "no":
            return NoCosts.UNSTABLE
        return Costs(
            programs=tuple(range(len(sources))),
            seconds=np.array([SECONDS[source] for source in sources]),
        )

    monkeypatch.setattr(CostMeter, "measure", measure)
    return asked


def problem(task_id: str) -> Problem:
    return Problem(task_id=task_id, prompt="", entry_point="f", tests=(CallTest(args=(1,), expected=2),))


def beside(judge: Judge, store: Store | None = None) -> SideBySide:
    return SideBySide(judge=judge, store=store or Store())


def test_only_problems_that_both_solved() -> None:
    problems = [problem(name) for name in "abc"]
    assert solved_by_both(problems, {"a": [ONE], "b": [ONE]}, {"b": [TWO], "c": [TWO], "a": []}) == problems[1:2]


def test_the_programs_of_a_run_count_as_one(judge: Judge, measured: list[list[str]]) -> None:
    ((task_id, costs),) = beside(judge).measure([problem("a")], {"a": [ONE, ONE, TWO, THREE]}, {"a": [THREE, ONE]})
    assert task_id == "a"
    assert isinstance(costs, CostRatios)
    assert measured == [[ONE, TWO, THREE]], "each once, and the first two of either run"
    assert costs.rounds.tolist() == [2.0 / 2.5, 4.0 / 3.0]


def test_equal_programs_are_equally_fast_and_not_run(judge: Judge, measured: list[list[str]]) -> None:
    ((_, costs),) = beside(judge).measure([problem("a")], {"a": [ONE, TWO]}, {"a": [TWO, ONE, THREE]})
    assert isinstance(costs, CostRatios)
    assert (costs.speed_up, costs.is_cheaper, measured) == (1.0, False, [])


def test_too_few_rounds_are_refused(judge: Judge) -> None:
    with pytest.raises(InvalidSettingError, match="at least 7 repetitions, got 6"):
        SideBySide(judge=judge, settings=CostSettings(repetitions=6))


def test_costs_are_kept_but_for_those_of_a_failing_machine(
    judge: Judge, measured: list[list[str]], tmp_path: Path
) -> None:
    problems, before, after = [problem("a"), problem("no")], {"a": [ONE], "no": [ONE]}, {"a": [THREE], "no": [TWO]}
    with Store(tmp_path / "s") as store:
        first = dict(beside(judge, store).measure(problems, before, after))
        again = dict(beside(judge, store).measure(problems, before, after))
        assert [sources for sources in measured if sources != [ONE, TWO]] == [[ONE, THREE]]
        assert first["no"] is again["no"] is NoCosts.UNSTABLE
        assert isinstance(first["a"], CostRatios)
        assert isinstance(again["a"], CostRatios)
        assert first["a"].rounds.tolist() == again["a"].rounds.tolist() == [0.25, 0.5]
        dict(beside(judge, store).measure(problems[:1], before, {"a": [TWO]}))
        assert measured[-1] == [ONE, TWO], "costs that were not measured together are no costs of both"
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("agents.scoring.costs._METHOD", "another way to measure")
            dict(beside(judge, store).measure(problems[:1], before, after))
        assert measured[-1] == [ONE, THREE]
