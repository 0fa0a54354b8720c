"""What is logged about pairs: sums over micro-batches, and pairs as diffs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from stable_baselines3.common.logger import KVWriter, Logger

from agents.codedpo.data.pairs import PairKind, Preference
from agents.codedpo.logprobs import RowScores
from agents.codedpo.measures import PairMeasures, log_step, pair_text
from agents.training.gradient_step import StepTaken


class Memory(KVWriter):
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
        self.rows.append(dict(key_values))


def test_a_forward_pass_by_hand() -> None:
    mask = torch.tensor([[True, True], [True, False]])
    scores = RowScores(logps=torch.tensor([[-1.0, -2.0], [-4.0, 0.0]]), mask=mask, weighted=torch.tensor([-3.0, -4.0]))
    measured = PairMeasures.of_scores(scores, torch.tensor([True, False]))
    assert measured == PairMeasures(pairs=1, nll=3.0, chosen_tokens=2, padding=1, positions=4)


def test_micro_batches_are_joined_before_anything_is_divided() -> None:
    memory = Memory()
    parts = (
        PairMeasures(pairs=1, preference_loss=0.5, nll=4.0, chosen_tokens=2, reward_chosen=1.0, right=1, positions=4),
        PairMeasures(
            pairs=3, preference_loss=1.5, nll=2.0, chosen_tokens=4, reward_rejected=2.0, padding=3, positions=8
        ),
    )
    taken = StepTaken(measures=parts, losses=(0.25, 0.5), gradient_norm=2.0)
    logger = Logger(None, [memory])
    log_step(logger, taken, learning_rate=0.1, compares=True)
    logger.dump()
    (row,) = memory.rows
    assert (row["train/loss"], row["train/nll_loss"], row["train/preference_loss"]) == (0.75, 1.0, 0.5)
    assert (row["rewards/accuracies"], row["rewards/margins"], row["train/padding"]) == (0.25, -0.25, 0.25)
    assert row["train/skipped_steps"] == 0


def test_imitation_logs_no_preferences() -> None:
    memory = Memory()
    logger = Logger(None, [memory])
    log_step(logger, StepTaken(measures=(PairMeasures(),), losses=(1.0,)), learning_rate=0.1, compares=False)
    logger.dump()
    assert "train/nll_loss" in memory.rows[0]
    assert not any(key.startswith(("rewards/", "logps/")) for key in memory.rows[0])


@pytest.mark.parametrize(("task_id", "title"), [("core/1", "**core/1**"), ("", "**pair**")])
def test_a_pair_is_shown_as_a_diff(task_id: str, title: str) -> None:
    pair = Preference(
        prompt="p",
        chosen="a\nb\n",
        rejected="a\nc\n",
        task_id=task_id,
        kind=PairKind.CORRECTNESS,
        score_chosen=2,
        score_rejected=1,
    )
    text = pair_text(pair)
    assert text.startswith(f"{title}, correctness, 2.00 against 1.00")
    assert "    -c\n    +b" in text
