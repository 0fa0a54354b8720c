"""The settings that every learner has."""

from __future__ import annotations

import pytest

from agents.codedpo.config import CodeDPOConfig
from agents.rltf.config import RLTFConfig
from agents.training.settings import LearnerConfig
from codegym.errors import InvalidSettingError


@pytest.mark.parametrize("name", ["learning_rate", "norm_lr_multiplier", "max_grad_norm", "micro_batch_size"])
@pytest.mark.parametrize("kind", [LearnerConfig, RLTFConfig, CodeDPOConfig])
def test_numbers_are_checked(kind: type[LearnerConfig], name: str) -> None:
    with pytest.raises(InvalidSettingError, match=f"{kind.__name__}.{name} must be"):
        kind.of({name: 0})


def test_a_batch_is_a_number_above_zero() -> None:
    assert LearnerConfig(batch_size=5).batch == 5
    assert RLTFConfig(problems_per_step=2, samples_per_problem=3).batch == 6  # batch_size is 0: a whole collection
