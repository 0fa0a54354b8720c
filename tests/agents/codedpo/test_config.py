"""CodeDPO's settings: the paper's, their explanations, and what is refused."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict, fields
from typing import Any

import pytest

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.focus import Focus
from codegym.errors import InvalidSettingError, UnknownNameError


def test_the_paper_s_numbers() -> None:
    paper = CodeDPOConfig.paper()
    assert (paper.learning_rate, paper.epochs, paper.schedule, paper.method) == (5e-6, 10, "linear", "dpo")
    assert (paper.beta, paper.nll_weight, paper.focus) == (0.1, 1.0, Focus.WHOLE)
    assert CodeDPOConfig.paper(method="kto").method == "kto"
    assert CodeDPOConfig.of(json.loads(json.dumps(asdict(paper)))) == paper


@pytest.mark.parametrize(
    "change",
    [{"beta": 0.0}, {"epochs": 0}, {"warmup": 1.0}, {"nll_weight": -1}, {"batch_size": 0}, {"emphasis": 0}],
)
def test_numbers_are_checked(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError, match=f"CodeDPOConfig.{next(iter(change))} must be"):
        CodeDPOConfig.of(change)


@pytest.mark.parametrize(
    ("change", "meant"),
    [
        ({"method": "kot"}, "kto"),
        ({"focus": "focussed"}, "focused"),
        ({"schedule": "liner"}, "linear"),
        ({"normalization": "tokens"}, "token"),
        ({"reference": "bas"}, "base"),
        ({"nll_wight": 1}, "nll_weight"),
    ],
)
def test_unknown_names_get_a_suggestion(change: dict[str, Any], meant: str) -> None:
    with pytest.raises(UnknownNameError, match=f"Did you mean '{meant}'"):
        CodeDPOConfig.of(change)


def test_every_setting_is_explained() -> None:
    source = inspect.getsource(CodeDPOConfig)
    for name in (field.name for field in fields(CodeDPOConfig) if f"    {field.name}: " in source):
        after = source.split(f"    {name}: ")[1].splitlines()[1]
        assert after.strip().startswith('"""'), f"{name} is not explained"
