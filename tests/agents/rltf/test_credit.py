from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from agents.policy.completion import Completion
from agents.rltf.config import RLTFConfig
from agents.rltf.credit import (
    fine_reward,
    has_no_credit,
    sequence_reward,
    teaches,
    token_credit,
    with_advantages,
)
from agents.rollout.experience import Experience
from agents.rollout.rollout import Places, failing_span

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
    assert advantages(group) == pytest.approx([2.9, -0.9 - 0.55, -0.9 - 0.55])


def test_terms_can_be_switched_off() -> None:
    group = [experience(PASS), experience(CRASH)]
    assert advantages(group, feedback=("coarse",)) == pytest.approx([1.6, -1.6])
    assert advantages(group, feedback=("adaptive", "fine")) == pytest.approx([1.3, -1.3])
    assert fine_reward(group[1], RLTFConfig(feedback=("coarse",))) == 0.0
    assert fine_reward(group[1], RLTFConfig(feedback=("fine",))) == -0.3


def test_a_reward_of_your_own_always_teaches() -> None:
    own = experience({"style": 0.5, "coarse": 1.0})
    assert sequence_reward(own, RLTFConfig(feedback=())) == 0.5
    assert sequence_reward(own, RLTFConfig()) == 1.5


def test_baselines_are_of_one_turn() -> None:
    """A first turn's return holds those of later turns: 2.0 here is what repair brought, and no bar for the repair."""
    first = [experience(CRASH, turn=0, group=f"0/{i}", task_id=f"t{i}", future=2.0) for i in range(2)]
    later = [experience(PASS, turn=1, group=f"1/{i}", task_id=f"t{i}") for i in range(2)]
    assert advantages([*first, *later]) == pytest.approx([0.0] * 4)
    best = with_advantages([*first, *later], RLTFConfig(baseline="historical_best"), {}).best
    assert best == pytest.approx({"t0": 1.1, "t1": 1.1, "t0 turn 1": 2.0, "t1 turn 1": 2.0})
    assert advantages([later[0]], best, baseline="historical_best") == pytest.approx([0.0])


def test_historical_best_is_that_before_this_collection() -> None:
    group = [experience(PASS), experience(CRASH)]
    judged = with_advantages(group, RLTFConfig(baseline="historical_best"), {"t": 0.5})
    assert [e.advantage for e in judged.experiences] == pytest.approx([1.5, -1.4])
    assert judged.best == {"t": 2.0}


def test_greedy_completions_are_baselines_only() -> None:
    group = [experience(PASS), experience(CRASH), experience(CRASH, is_greedy=True)]
    assert advantages(group, baseline="greedy") == pytest.approx([2.9, 0.0])


def test_group_normalized_has_unit_deviation_and_survives_agreement() -> None:
    assert advantages([experience(PASS), experience(CRASH)], baseline="group_normalized") == pytest.approx(
        [2**-0.5, -(2**-0.5)], abs=1e-3
    )
    assert advantages([experience(PASS), experience(PASS)], baseline="group_normalized") == [0, 0]


def test_machine_failures_are_nobodys_baseline() -> None:
    group = [experience(PASS), experience(CRASH), experience({}, infra_error=True)]
    assert advantages(group) == pytest.approx([2.9, -2.9, 0.0])
    assert not teaches(group[2], RLTFConfig())


def test_later_turns_count() -> None:
    assert sequence_reward(experience(CRASH, future=2.0), RLTFConfig()) == pytest.approx(1.1)


def test_what_was_cut_is_blamed_as_a_whole() -> None:
    # defects 2 and 4: the class comes from the end-of-sequence flag, and the whole program is to blame
    cut = experience({**CRASH, "fine": 0.0}, finished=False, span=(0, 0, 1, 0))
    (blamed,) = with_advantages([cut], RLTFConfig(), {}).experiences
    assert (blamed.kind, blamed.scope) == ("truncated", "global")
    assert blamed.span.tolist() == [1, 1, 1, 1]
    assert fine_reward(blamed, RLTFConfig()) == -0.3
    assert blamed.rewards == cut.rewards
    assert not teaches(blamed, RLTFConfig(masked=("truncated",)))
    lucky = experience(PASS, finished=False)
    assert with_advantages([lucky], RLTFConfig(), {}).experiences[0].kind == ""
    assert teaches(lucky, RLTFConfig(masked=("truncated",)))


def test_a_crash_after_nineteen_good_tests_is_above_twenty_failures() -> None:
    # defect 8: the released reward is not monotone in the tests that pass
    crash = experience({"coarse": -0.6, "fine": -0.3, "adaptive": -0.3 + 1.3 * 0.95})
    wrong = experience({"coarse": -0.3, "fine": -0.3, "adaptive": -0.3})
    assert sequence_reward(crash, RLTFConfig()) > sequence_reward(wrong, RLTFConfig())


def test_difficulty_weights_replace_the_adaptive_reward() -> None:
    group = [
        experience({"adaptive": 0.35}, passed=(True, False)),
        experience({"adaptive": 0.35}, passed=(True, False)),
        experience({"adaptive": 1.0}, passed=(True, True)),
    ]
    judged = with_advantages(group, RLTFConfig(feedback=("weighted_adaptive",), baseline="none"), {})
    assert [e.advantage for e in judged.experiences] == pytest.approx([-0.3, -0.3, 1.0])


def test_token_credit_of_each_kind() -> None:
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 1]])
    pair = [
        experience(CRASH, advantage=-1.0, span=(0, 1.0, 0.5, 0)),
        experience(PASS, advantage=1.0),
    ]
    hard = token_credit(pair, mask, RLTFConfig(fine_credit="span"))
    torch.testing.assert_close(hard, torch.tensor([[-1, -1.6, -1.6, -1], [1, 1, 1, 1]]))
    soft = token_credit(pair, mask, RLTFConfig(fine_credit="soft"))
    torch.testing.assert_close(soft, torch.tensor([[-1, -1.8, -1.4, -1], [1, 1, 1, 1]]))
    conserving = token_credit(pair, mask, RLTFConfig(fine_credit="conserving"))
    torch.testing.assert_close(conserving.sum(1), torch.tensor([-4.0, 4.0]))


def test_a_completion_without_credit_still_counts_where_the_divergence_does() -> None:
    even = experience(PASS, advantage=0.0)
    assert has_no_credit(even, RLTFConfig())
    assert not has_no_credit(even, RLTFConfig(kl_coefficient=0.1))  # its KL term has a gradient
    assert not has_no_credit(experience(PASS, advantage=0.5), RLTFConfig())
    failed = experience(CRASH, advantage=0.0, span=(0, 1, 0, 0))
    assert not has_no_credit(failed, RLTFConfig(fine_credit="line"))  # the fine reward has no baseline
    assert has_no_credit(failed, RLTFConfig(fine_credit="conserving"))


def diagnostic(
    start: int, end: int, scope: str = "line", source: str = "runtime", score: float = 1.0
) -> dict[str, Any]:
    return {"source": source, "kind": "name_error", "scope": scope, "start": start, "end": end, "score": score}


def test_spans_are_places_and_not_texts() -> None:
    # defect 1: two equal lines; the second one failed, and only its tokens are blamed
    info = {"scope": "line", "diagnostics": (diagnostic(2, 3), diagnostic(0, 4, scope="global"))}
    assert failing_span(info, completion(), Places.CERTAIN).tolist() == [0, 0, 1, 0]
    assert failing_span(info, completion(), Places.LINES).tolist() == [1, 1, 1, 1]  # its text is a single line
    whole = {"scope": "global", "diagnostics": ()}
    assert failing_span(whole, completion(), Places.CERTAIN).tolist() == [1, 1, 1, 1]
    assert failing_span({}, completion(), Places.CERTAIN).tolist() == [0, 0, 0, 0]


def test_suspicion_of_a_wrong_answer_counts_only_when_asked_for() -> None:
    info = {"scope": "global", "diagnostics": (diagnostic(1, 2, source="spectrum", score=0.5),)}
    assert failing_span(info, completion(), Places.SUSPECTED).tolist() == [0, 0.5, 0, 0]
    assert failing_span(info, completion(), Places.CERTAIN).tolist() == [1, 1, 1, 1]
    lint = {"scope": "line", "diagnostics": (diagnostic(1, 2, source="lint"),)}
    assert failing_span(lint, completion(), Places.SUSPECTED).tolist() == [0, 0, 0, 0]


def test_a_diagnosed_wrong_answer_is_blamed_where_it_is_suspected() -> None:
    # a judge that traces gives the wrong answer the scope of a line; its own diagnostic has no place
    nowhere = diagnostic(-1, -1, source="test")
    info = {"scope": "line", "diagnostics": (nowhere, diagnostic(1, 2, source="divergence", score=0.5))}
    assert failing_span(info, completion(), Places.SUSPECTED).tolist() == [0, 0.5, 0, 0]
    assert failing_span(info, completion(), Places.CERTAIN).tolist() == [1, 1, 1, 1]
    crash = {"scope": "line", "diagnostics": (diagnostic(3, 4), diagnostic(1, 2, source="spectrum"))}
    assert failing_span(crash, completion(), Places.SUSPECTED).tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("fine_credit", ["line", "span", "soft", "conserving"])
def test_what_no_test_ran_gets_no_credit(fine_credit: Any) -> None:
    unreached = np.array([True, False, False, False])
    masked = experience(CRASH, advantage=-1.0, span=(1, 1, 0, 0), unreached=unreached)
    credit = token_credit([masked], torch.ones(1, 4, dtype=torch.bool), RLTFConfig(fine_credit=fine_credit))
    assert credit[0, 0] == 0
    assert (credit[0, 1:] < 0).all()
    if fine_credit == "conserving":
        torch.testing.assert_close(credit.sum(1), torch.tensor([-3.0]))  # of the three tokens that ran
    else:
        torch.testing.assert_close(credit, torch.tensor([[0, -1.9, -1, -1]]))  # alpha is 3 / 1
    assert masked.reached == 3
