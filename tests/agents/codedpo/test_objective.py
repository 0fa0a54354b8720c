"""CodeDPO's objective: parts that add up, and a loss that is the sum of its two terms."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairs import Preference
from agents.codedpo.objective import Objective
from agents.codedpo.reference import ask_reference
from agents.codedpo.token_pairs import make_token_pairs
from agents.policy.policy import LMPolicy

PAIRS = [
    Preference(prompt=f"Add {i % 2}.\n", chosen=f"x + {i}\n" * (1 + i), rejected=f"x - {i}\ny\n") for i in range(4)
]


@pytest.fixture
def policy(model_folder: Callable[[str], Path]) -> LMPolicy:
    return LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=8)


def objective(policy: LMPolicy, **settings: Any) -> Objective:
    config = CodeDPOConfig.of(settings)
    pairs = make_token_pairs(PAIRS, policy, config).pairs
    return Objective(policy=policy, pairs=pairs, reference=ask_reference(policy, pairs, config), config=config)


def loss(objective: Objective, size: int) -> float:
    return sum(float(part.detach()) for part, _ in objective.parts(range(len(PAIRS)), size))


@pytest.mark.parametrize("settings", [{}, {"method": "kto"}, {"method": "sft"}, {"normalization": "token"}], ids=str)
def test_parts_add_up_to_the_loss_of_the_batch(policy: LMPolicy, settings: dict[str, Any]) -> None:
    made = objective(policy, **settings)
    assert loss(made, 1) == pytest.approx(loss(made, 4), rel=1e-4)
    assert loss(made, 3) == pytest.approx(loss(made, 4), rel=1e-4)


def test_at_the_reference_dpo_is_log_two_and_kto_a_half(policy: LMPolicy) -> None:
    assert loss(objective(policy, nll_weight=0.0), 4) == pytest.approx(math.log(2), abs=1e-4)
    assert loss(objective(policy, nll_weight=0.0, method="kto"), 4) == pytest.approx(0.5, abs=1e-4)


def test_the_second_term_is_the_imitation_loss_times_its_weight(policy: LMPolicy) -> None:
    imitation = loss(objective(policy, method="sft"), 4)
    both = loss(objective(policy, nll_weight=0.25), 4)
    assert both == pytest.approx(math.log(2) + 0.25 * imitation, rel=1e-4)


def test_every_pair_is_measured_once(policy: LMPolicy) -> None:
    made = objective(policy)
    assert made.compares
    assert not objective(policy, method="sft").compares
    measured = [measures for _, measures in made.parts([2, 0, 3], 2)]
    assert sum(measures.pairs for measures in measured) == 3
    tokens = sum(len(made.pairs[index].chosen.ids) for index in (2, 0, 3))
    assert sum(measures.chosen_tokens for measures in measured) == tokens


def test_a_better_policy_has_a_smaller_preference_loss(policy: LMPolicy) -> None:
    made = objective(policy, nll_weight=0.0)
    before = loss(made, 4)
    optimizer = torch.optim.SGD(policy.model.parameters(), lr=0.1)
    for part, _ in made.parts(range(4), 4):
        part.backward()
    optimizer.step()
    assert loss(made, 4) < before
