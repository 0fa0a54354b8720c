"""What the episodes of an environment share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from codegym import InvalidSettingError, Problem, UnknownNameError
from codegym.rules import Rules, completion_of


class LazySuite:
    """A suite that counts how often it builds a problem."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self._problems, self.built = problems, 0
        self.task_ids = [problem.task_id for problem in problems]

    def __len__(self) -> int:
        return len(self._problems)

    def __getitem__(self, index: int) -> Problem:
        self.built += 1
        return self._problems[index]


def test_a_large_suite_builds_a_problem_only_when_it_is_asked(problems: tuple[Problem, ...], fake_judge: Any) -> None:
    suite = LazySuite(problems)
    rules = Rules(suite, judge=fake_judge, max_turns=3)  # type: ignore[arg-type]  # as a sequence of problems
    assert suite.built == 0
    episode = rules.start(rules.choose(np.random.default_rng(0), "toy/3"))
    assert (suite.built, episode.problem.task_id, episode.max_turns) == (1, "toy/3", 3)


def test_a_problem_is_chosen_by_its_id_or_drawn_by_the_generator(problems: Any, fake_judge: Any) -> None:
    rules = Rules(problems, judge=fake_judge)
    drawn = [rules.choose(np.random.default_rng(seed), None).task_id for seed in range(20)]
    assert drawn == [rules.draw(np.random.default_rng(seed)).task_id for seed in range(20)]
    assert len(set(drawn)) > 2
    with pytest.raises(UnknownNameError, match=r"'toy/9'\. Did you mean"):
        rules.choose(np.random.default_rng(0), "toy/9")


def test_nothing_is_paid_where_nothing_is_known(problems: Any, fake_judge: Any) -> None:
    rules = Rules(problems, judge=fake_judge, reward="pass_rate")
    assert rules.pay(problems[0], fake_judge.judge(problems[0], "pass")) == {"pass_rate": 1.0}
    assert math.isnan(rules.pay(problems[0], fake_judge.judge(problems[0], "infra_error"))["pass_rate"])


def test_what_is_no_judge_is_named(problems: Any) -> None:
    with pytest.raises(InvalidSettingError, match=r"must have judge and judge_many.*'strict'"):
        Rules(problems, judge="strict")  # type: ignore[arg-type]  # a user's mistake


def test_texts_of_arrays_become_plain_texts() -> None:
    assert type(completion_of(np.array(["a"])[0])) is str
