from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from agents.policy.completion import Completion
from agents.rltf.config import LossSettings, RLTFConfig
from agents.rltf.credit import (
    fine_reward,
    has_no_credit,
    sequence_reward,
    teaches,
    token_credit,
    with_advantages,
)
from agents.rollout.experience import Experience

PASS = {"coarse": 1.0, "fine": 0.0, "adaptive": 1.0}
CRASH = {"coarse": -0.6, "fine": -0.3, "adaptive": -0.3}


def completion(length: int = 4, finished: bool = True) -> Completion:
    ids = np.arange(length, dtype=np.int64)
    return Completion(
        prompt="p",
        text="x" * length,
        prompt_ids=ids,
        token_ids=ids,
        offsets=np.stack([ids, ids + 1], axis=1),
        logprobs=np.zeros(length, np.float32),
        finished=finished,
    )


def experience(
    rewards: dict[str, float], *, finished: bool = True, span: Any = (0, 0, 0, 0), **fields: Any
) -> Experience:
    fields = {"task_id": "t", "group": "g", "is_success": rewards.get("coarse") == 1.0, **fields}
    return Experience(
        completion=completion(finished=finished), rewards=rewards, span=np.array(span, np.float32), **fields
    )


def advantages(experiences: list[Experience], best: dict[str, float] | None = None, **settings: Any) -> list[float]:
    return [e.advantage for e in with_advantages(experiences, RLTFConfig(**settings), best or {}).experiences]


def test_leave_one_out_of_coarse_plus_adaptive() -> None:
    group = [experience(PASS), experience(CRASH), experience(CRASH)]
    # sequence rewards 2, -0.9, -0.9
    assert advantages(group, advantage="rloo") == pytest.approx([2.9, -0.9 - 0.55, -0.9 - 0.55])


def test_components_can_be_switched_off() -> None:
    group = [experience(PASS), experience(CRASH)]
    assert advantages(group, advantage="rloo", feedback=("coarse",)) == pytest.approx([1.6, -1.6])
    assert advantages(group, advantage="rloo", feedback=("adaptive",)) == pytest.approx([1.3, -1.3])
    assert advantages(group, feedback=()) == [0, 0]


@pytest.mark.parametrize(("fine_credit", "paid"), [("none", 0.0), ("line", -0.3), ("conserving", 0.0)])
def test_only_credit_by_lines_pays_the_fine_reward(fine_credit: Any, paid: float) -> None:
    assert fine_reward(experience(CRASH), RLTFConfig(fine_credit=fine_credit)) == paid


def test_a_reward_of_your_own_always_teaches() -> None:
    own = experience({"style": 0.5, "coarse": 1.0})
    assert sequence_reward(own, RLTFConfig(feedback=())) == 0.5
    assert sequence_reward(own, RLTFConfig()) == 1.5


def test_baselines_are_of_one_turn() -> None:
    """A first turn's return holds those of later turns: 2.0 here is what repair brought, and no bar for the repair."""
    first = [experience(CRASH, turn=0, group=f"0/{i}", task_id=f"t{i}", future=2.0) for i in range(2)]
    later = [experience(PASS, turn=1, group=f"1/{i}", task_id=f"t{i}") for i in range(2)]
    assert advantages([*first, *later], advantage="rloo") == pytest.approx([0.0] * 4)
    best = with_advantages([*first, *later], RLTFConfig(advantage="historical_best"), {}).best
    assert best == pytest.approx({"t0": 1.1, "t1": 1.1, "t0 turn 1": 2.0, "t1 turn 1": 2.0})
    assert advantages([later[0]], best, advantage="historical_best") == pytest.approx([0.0])


def test_historical_best_is_that_before_this_collection() -> None:
    group = [experience(PASS), experience(CRASH)]
    judged = with_advantages(group, RLTFConfig(advantage="historical_best"), {"t": 0.5})
    assert [e.advantage for e in judged.experiences] == pytest.approx([1.5, -1.4])
    assert judged.best == {"t": 2.0}


def test_greedy_completions_are_baselines_only() -> None:
    group = [experience(PASS), experience(CRASH), experience(CRASH, is_greedy=True)]
    assert advantages(group, advantage="greedy") == pytest.approx([2.9, 0.0])


def test_grpo_is_the_default_and_survives_agreement() -> None:
    half = 2**-0.5  # two rewards are one deviation, sqrt(2) times half their difference, apart from their mean
    assert advantages([experience(PASS), experience(CRASH)]) == pytest.approx([half, -half], abs=1e-3)
    assert advantages([experience(PASS), experience(PASS)]) == [0, 0]


def test_machine_failures_are_nobodys_baseline() -> None:
    group = [experience(PASS), experience(CRASH), experience({}, infra_error=True)]
    assert advantages(group, advantage="rloo") == pytest.approx([2.9, -2.9, 0.0])
    assert not teaches(group[2], RLTFConfig())


def test_later_turns_count() -> None:
    assert sequence_reward(experience(CRASH, future=2.0), RLTFConfig()) == pytest.approx(1.1)


def test_what_was_cut_is_blamed_as_a_whole() -> None:
    # defects 2 and 4: the class comes from the end-of-sequence flag, and the whole program is to blame
    cut = experience({**CRASH, "fine": 0.0}, finished=False, span=(0, 0, 1, 0))
    paper = RLTFConfig.paper()
    (blamed,) = with_advantages([cut], paper, {}).experiences
    assert (blamed.kind, blamed.scope) == ("truncated", "global")
    assert blamed.span.tolist() == [1, 1, 1, 1]
    assert fine_reward(blamed, paper) == -0.3
    assert blamed.rewards == cut.rewards
    assert not teaches(blamed, RLTFConfig(loss=LossSettings(mask_truncated=True)))
    lucky = experience(PASS, finished=False)
    assert with_advantages([lucky], RLTFConfig(), {}).experiences[0].kind == ""
    assert teaches(lucky, RLTFConfig(loss=LossSettings(mask_truncated=True)))


def test_a_crash_after_nineteen_good_tests_is_above_twenty_failures() -> None:
    # defect 8: the released reward is not monotone in the tests that pass
    crash = experience({"coarse": -0.6, "fine": -0.3, "adaptive": -0.3 + 1.3 * 0.95})
    wrong = experience({"coarse": -0.3, "fine": -0.3, "adaptive": -0.3})
    assert sequence_reward(crash, RLTFConfig()) > sequence_reward(wrong, RLTFConfig())


def test_token_credit_of_each_kind() -> None:
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    pair = [experience(CRASH, advantage=-1.0, span=(0, 1, 1, 0)), experience(PASS, advantage=1.0)]
    even = token_credit(pair, mask, RLTFConfig())
    torch.testing.assert_close(even, torch.tensor([[-1.0, -1, -1, -1], [1, 1, 1, 0]]))
    line = token_credit(pair, mask, RLTFConfig(fine_credit="line"))
    torch.testing.assert_close(line, torch.tensor([[-1, -1.6, -1.6, -1], [1, 1, 1, 0]]))
    conserving = token_credit(pair, mask, RLTFConfig(fine_credit="conserving"))
    torch.testing.assert_close(conserving.sum(1), torch.tensor([-4.0, 3.0]))


def test_a_completion_without_credit_still_counts_where_the_divergence_does() -> None:
    even = experience(PASS, advantage=0.0)
    assert has_no_credit(even, RLTFConfig())
    assert not has_no_credit(even, RLTFConfig(loss=LossSettings(kl_coefficient=0.1)))  # its KL term has a gradient
    assert not has_no_credit(experience(PASS, advantage=0.5), RLTFConfig())
    failed = experience(CRASH, advantage=0.0, span=(0, 1, 0, 0))
    assert not has_no_credit(failed, RLTFConfig(fine_credit="line"))  # the fine reward has no baseline
    assert has_no_credit(failed, RLTFConfig(fine_credit="conserving"))
