from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

from codegym import InfrastructureError, Problem, UnknownNameError
from codegym.env import CodeSynthesisEnv
from codegym.vector import CodeSynthesisVectorEnv

WORDS = ("pass", "fail", "error", "timeout", "", "x")


@pytest.fixture
def make(fake_judge: Any, problems: tuple[Problem, ...]) -> Callable[..., CodeSynthesisVectorEnv]:
    def make(num_envs: int = 3, **arguments: Any) -> CodeSynthesisVectorEnv:
        return CodeSynthesisVectorEnv(problems, num_envs, **{"judge": fake_judge, **arguments})

    return make


@pytest.mark.parametrize("max_turns", [1, 3])
@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.DISABLED])
def test_gives_what_gymnasiums_own_batch_of_single_environments_gives(
    fake_judge: Any, problems: tuple[Problem, ...], max_turns: int, mode: AutoresetMode
) -> None:
    singles = [lambda: CodeSynthesisEnv(problems, judge=fake_judge, max_turns=max_turns)] * 4
    theirs = SyncVectorEnv(singles, autoreset_mode=mode)
    ours = CodeSynthesisVectorEnv(problems, 4, judge=fake_judge, max_turns=max_turns, autoreset_mode=mode)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    rng = np.random.default_rng(0)
    assert data_equivalence(ours.reset(seed=7), theirs.reset(seed=7), exact=True)
    for _ in range(20):
        actions = tuple(str(word) for word in rng.choice(WORDS, size=4))
        mine, reference = ours.step(actions), theirs.step(actions)
        assert data_equivalence(mine, reference, exact=True)
        over = mine[2] | mine[3]
        if mode is AutoresetMode.DISABLED and over.any():
            reset = [envs.reset(options={"reset_mask": over.copy()}) for envs in (ours, theirs)]
            assert data_equivalence(*reset, exact=True)
    assert data_equivalence(ours.reset(seed=[1, None, 3, 4]), theirs.reset(seed=[1, None, 3, 4]), exact=True)


def test_a_step_is_one_batch_and_no_action_is_lost(
    make: Callable[..., CodeSynthesisVectorEnv], fake_judge: Any
) -> None:
    envs = make(3)
    envs.reset(seed=0)
    sent = [[f"{word} {step} {index}" for index, word in enumerate(("pass", "fail", "error"))] for step in range(10)]
    for actions in sent:
        envs.step(actions)
    assert fake_judge.batches == 10
    assert [completion for _, completion in fake_judge.seen] == [text for actions in sent for text in actions]


def test_same_step_autoreset(make: Callable[..., CodeSynthesisVectorEnv]) -> None:
    envs = make(2, max_turns=2)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    first, _ = envs.reset(seed=0)
    observations, rewards, terminations, truncations, infos = envs.step(["pass", "fail"])
    assert terminations.tolist() == [True, False]
    assert truncations.tolist() == [False, False]
    assert observations["turn"].tolist() == [0, 1], "the finished one shows the next episode already"
    assert infos["final_obs"][0]["prompt"] == first["prompt"][0]
    assert infos["final_obs"][0]["turn"] == 1
    assert infos["final_info"]["verdict"][0] == "pass"
    assert infos["_final_info"].tolist() == [True, False]
    assert infos["verdict"][1] == "fail"
    assert infos["_verdict"].tolist() == [False, True]
    assert infos["task_id"].tolist() == [problem.task_id for problem in envs.current_problems]
    components = infos["final_info"]["reward_components"]
    assert sum(components[name][0] for name in envs.reward.components) == rewards[0]
    assert [feedback.verdict for feedback in envs.last_feedback if feedback] == ["pass", "fail"]


def test_disabled_autoreset_resets_by_mask(make: Callable[..., CodeSynthesisVectorEnv], fake_judge: Any) -> None:
    envs = make(3, autoreset_mode="Disabled")
    options = {"task_id": ["toy/1", "toy/2", "toy/3"]}
    envs.reset(options=options)
    envs.step(["pass", "pass", "pass"])
    seen = len(fake_judge.seen)
    with pytest.raises(ResetNeeded, match=r"sub-environments \[0, 1, 2\] are over"):
        envs.step(["pass", "pass", "pass"])
    assert len(fake_judge.seen) == seen, "nothing is judged when a step is refused"
    mask = np.array([True, False, True])
    options = {"reset_mask": mask, "task_id": ["toy/4", None, None]}
    observations, infos = envs.reset(options=options)
    assert infos["_task_id"].tolist() == [True, False, True]
    assert observations["turn"].tolist() == [0, 1, 0]
    assert observations["prompt"][:2] == ("Return 4.", "Return 2.")
    assert "reset_mask" in options, "the caller's options are not changed: wrappers read them afterwards"
    assert [feedback is None for feedback in envs.last_feedback] == [True, False, True]
    with pytest.raises(ResetNeeded, match=r"sub-environments \[1\]"):
        envs.step(["pass"] * 3)


def test_a_truncated_episode_is_over_too(make: Callable[..., CodeSynthesisVectorEnv], fake_judge: Any) -> None:
    envs = make(3, autoreset_mode="Disabled", max_turns=5, max_episode_steps=2)
    envs.reset(options={"task_id": "toy/1"})
    envs.step(["fail", "infra_error", "fail"])
    with pytest.raises(ResetNeeded, match=r"sub-environments \[1\] are over"):
        envs.step(["fail"] * 3)
    envs.reset(options={"reset_mask": np.array([False, True, False])})
    assert envs.step(["fail"] * 3)[3].tolist() == [True, False, True]
    seen = len(fake_judge.seen)
    with pytest.raises(ResetNeeded, match=r"sub-environments \[0, 2\] are over"):
        envs.step(["fail"] * 3)
    assert len(fake_judge.seen) == seen


def test_next_step_is_refused_with_the_reason(make: Callable[..., CodeSynthesisVectorEnv]) -> None:
    for mode in (AutoresetMode.NEXT_STEP, "NextStep"):
        with pytest.raises(ValueError, match="every second program"):
            make(autoreset_mode=mode)
    with pytest.raises(UnknownNameError, match="Did you mean 'SameStep'"):
        make(autoreset_mode="same_step")


def test_a_failing_machine_marks_its_own_turn_only(make: Callable[..., CodeSynthesisVectorEnv]) -> None:
    envs = make(3, max_turns=4)
    envs.reset(seed=0)
    _, rewards, terminations, truncations, infos = envs.step(["pass", "infra_error", "fail"])
    assert [math.isnan(reward) for reward in rewards] == [False, True, False]
    assert terminations.tolist() == [True, False, False]
    assert truncations.tolist() == [False, True, False]
    final = infos["final_info"]
    assert final["infra_error"].tolist() == [False, True, False]
    assert final["verdict"].tolist() == ["pass", "infra_error", None]
    assert all(math.isnan(final["reward_components"][name][1]) for name in envs.reward.components)
    envs.step(["pass"] * 3)


def test_a_judge_that_fails_altogether_raises_and_costs_no_turn(
    make: Callable[..., CodeSynthesisVectorEnv], fake_judge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    envs = make(2)
    before = envs.reset(seed=0)

    def broken(pairs: Any) -> Any:
        raise InfrastructureError("no worker can be started")

    with monkeypatch.context() as patch:
        patch.setattr(fake_judge, "judge_many", broken)
        with pytest.raises(InfrastructureError, match="no worker"):
            envs.step(["pass", "pass"])
    assert envs.step(["pass", "pass"])[4]["final_info"]["task_id"].tolist() == before[1]["task_id"].tolist()


def test_outside_limit_truncates(make: Callable[..., CodeSynthesisVectorEnv]) -> None:
    envs = make(2, max_turns=5, max_episode_steps=2)
    envs.reset(seed=0)
    assert not envs.step(["fail", "fail"])[3].any()
    _, _, terminations, truncations, infos = envs.step(["fail", "pass"])
    assert terminations.tolist() == [False, True]
    assert truncations.tolist() == [True, True]
    assert infos["_final_info"].all()


@pytest.mark.parametrize(
    ("actions", "error", "message"),
    [
        ("pass", TypeError, "a sequence of 3 texts, got a str"),
        (None, TypeError, "a sequence of 3 texts, got a NoneType"),
        (["pass", "pass"], ValueError, "one action for each of the 3 sub-environments, got 2"),
        (["pass", b"pass", "pass"], TypeError, "got bytes"),
    ],
)
def test_actions_that_are_refused_cost_no_turn(
    make: Callable[..., CodeSynthesisVectorEnv], fake_judge: Any, actions: Any, error: type[Exception], message: str
) -> None:
    envs = make(3)
    envs.reset(seed=0)
    with pytest.raises(error, match=message):
        envs.step(actions)
    assert not fake_judge.seen
    envs.step(np.array(["\ud800", "\0", ""], dtype=object))
    assert [completion for _, completion in fake_judge.seen] == ["\ud800", "\0", ""]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"task_id": ["toy/1"]}, ValueError, "task_id must have one entry for each of the 3 sub-environments, got 1"),
        ({"task_id": 3}, TypeError, "task_id must be one value or a sequence"),
        ({"task_id": ["toy/1", "toy/2", "toy/33"]}, UnknownNameError, "Did you mean 'toy/3'"),
        ({"tsk_id": []}, UnknownNameError, "Did you mean 'task_id'"),
        ({"reset_mask": [True] * 3}, ValueError, "bool array of shape .3,., got list"),
        ({"reset_mask": np.ones(3)}, ValueError, "got float64"),
        ({"reset_mask": np.ones(2, dtype=bool)}, ValueError, "got bool .2,."),
        ({"reset_mask": np.zeros(3, dtype=bool)}, ValueError, "at least one entry must be True"),
    ],
)
def test_options_that_are_refused_change_nothing(
    make: Callable[..., CodeSynthesisVectorEnv], options: Any, error: type[Exception], message: str
) -> None:
    envs, twin = make(3), make(3)
    for each in (envs, twin):
        each.reset(seed=0)
    with pytest.raises(error, match=message):
        envs.reset(seed=1, options=options)
    assert envs.current_problems == twin.current_problems
    assert envs.reset()[1]["task_id"].tolist() == twin.reset()[1]["task_id"].tolist()


def test_one_task_for_all_and_seeds_of_the_wrong_length(make: Callable[..., CodeSynthesisVectorEnv]) -> None:
    envs = make(3)
    assert envs.reset(options={"task_id": "toy/1"})[1]["task_id"].tolist() == ["toy/1"] * 3
    with pytest.raises(ValueError, match="seed must have one entry"):
        envs.reset(seed=[1, 2])
    assert envs.reset(seed=4) is not None
    assert envs.np_random_seed == (4, 5, 6)


def test_the_first_reset_must_start_all_and_come_before_a_step(make: Callable[..., CodeSynthesisVectorEnv]) -> None:
    envs = make(2)
    with pytest.raises(ResetNeeded, match=r"call envs\.reset"):
        envs.step(["a", "b"])
    with pytest.raises(ResetNeeded, match="the first reset"):
        envs.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(ValueError, match="num_envs must be at least 1"):
        make(0)


def test_wrappers_of_gymnasium(make: Callable[..., CodeSynthesisVectorEnv]) -> None:
    envs = RecordEpisodeStatistics(make(2, max_turns=2))
    envs.reset(seed=0)
    envs.step(["fail", "pass"])
    infos = envs.step(["pass", "fail"])[4]
    assert infos["episode"]["l"].tolist() == [2, 0]
    disabled = RecordEpisodeStatistics(make(2, autoreset_mode=AutoresetMode.DISABLED))
    disabled.reset(seed=0)
    disabled.step(["pass", "pass"])
    disabled.reset(options={"reset_mask": np.array([True, True])})
    assert disabled.step(["pass", "pass"])[4]["episode"]["l"].tolist() == [1, 1]
    listed = DictInfoToList(make(2))
    listed.reset(seed=0)
    assert [info["final_info"]["verdict"] for info in listed.step(["pass", "fail"])[4]] == ["pass", "fail"]


def test_rendering_shows_what_was_judged(make: Callable[..., CodeSynthesisVectorEnv], capsys: Any) -> None:
    envs = make(2, render_mode="ansi")
    envs.reset(seed=0)
    asked = [problem.task_id for problem in envs.current_problems]
    envs.step(["pass", "fail"])
    frames = envs.render()
    assert frames is not None
    assert [task_id in frame for task_id, frame in zip(asked, frames, strict=True)] == [True, True]
    human = make(1, render_mode="human")
    human.reset(seed=0)
    assert human.render() is None
    assert human.current_problems[0].task_id in capsys.readouterr().out


def test_closing_leaves_a_judge_that_was_handed_in(
    make: Callable[..., CodeSynthesisVectorEnv], fake_judge: Any
) -> None:
    envs = make(2)
    envs.close()
    envs.close()
    assert not fake_judge.closed
