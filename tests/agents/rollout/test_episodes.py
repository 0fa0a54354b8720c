from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from agents.rollout.episodes import (
    EpisodeBatch,
    Episodes,
    SingleEpisodes,
    StepResult,
    VectorEpisodes,
    make_episodes,
)
from codegym import InfrastructureError, Problem
from codegym.diagnosis import DiagnosingJudge
from codegym.env import CodeSynthesisEnv
from codegym.vector import CodeSynthesisVectorEnv

HALF = "def f(x):\n    return 2\n"  # right for add/2 and x = 0, and for add/1 and x = 1
BAD = "def f(x):\n    return y\n"
SLOW = "def f(x):\n    while True:\n        pass\n"
TASKS = ["add/2", "add/1", "add/5"]


def right(task: str) -> str:
    return f"def f(x):\n    return x + {task[-1]}\n"


SCRIPT = {0: [HALF, right("add/2")], 1: [right("add/1")], 2: [BAD, HALF, HALF]}


def play(episodes: Episodes) -> list[dict[int, StepResult]]:
    """Plays three episodes of up to three turns by the script."""
    episodes.reset(TASKS)
    running, history = list(SCRIPT), []
    for turn in range(3):
        for index in reversed(running):
            episodes.submit(index, SCRIPT[index][turn])
        results = episodes.step()
        assert sorted(results) == running
        history.append(results)
        running = [index for index in running if not results[index].done]
    assert running == []
    return history


@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.DISABLED])
def test_every_way_to_play_gives_the_same_results(problems: Any, judge: Any, mode: AutoresetMode) -> None:
    expected = play(make_episodes(CodeSynthesisEnv(problems, judge=judge, max_turns=3)))
    assert [sorted(results) for results in expected] == [[0, 1, 2], [0, 2], [2]]
    assert expected[1][0].info["is_success"]
    assert expected[2][2].observation["turn"] == 3
    assert expected[0][2].info["verdict"] == "error"
    vector = CodeSynthesisVectorEnv(problems, 3, judge=judge, max_turns=3, autoreset_mode=mode)
    assert play(VectorEpisodes(vector)) == expected
    wider = CodeSynthesisVectorEnv(problems, 5, judge=judge, max_turns=3, autoreset_mode=mode)
    assert play(VectorEpisodes(wider)) == expected


def test_a_single_environment_gives_them_one_by_one(problems: Any, judge: Any) -> None:
    expected = play(make_episodes(CodeSynthesisEnv(problems, judge=judge, max_turns=3)))
    episodes = SingleEpisodes(CodeSynthesisEnv(problems, judge=judge, max_turns=3))
    for index, task in enumerate(TASKS):
        episodes.reset([task])
        for turn, completion in enumerate(SCRIPT[index]):
            episodes.submit(0, completion)
            assert episodes.step() == {0: expected[turn][index]}


def test_what_is_played_directly_and_what_is_stepped_as_it_is(problems: Any, judge: Any) -> None:
    env = CodeSynthesisEnv(problems, judge=judge)
    assert isinstance(make_episodes(env), EpisodeBatch)
    assert isinstance(make_episodes(gym.make("CodeSynthesis-v0", suite=problems, judge=judge)), EpisodeBatch)
    assert isinstance(make_episodes(CodeSynthesisVectorEnv(problems, 2, judge=judge)), EpisodeBatch)
    assert isinstance(make_episodes(gym.wrappers.TimeLimit(env, 3)), SingleEpisodes)
    sync = SyncVectorEnv([lambda: CodeSynthesisEnv(problems, judge=judge)] * 2)
    assert isinstance(make_episodes(sync), VectorEpisodes)
    with pytest.raises(TypeError, match=r"expected a gymnasium\.Env or VectorEnv.*got a? ?str"):
        make_episodes("CodeSynthesis-v0")  # type: ignore[arg-type]  # a user's mistake


def test_the_batch_shares_the_judge_and_the_reward(problems: Any, judge: Any) -> None:
    episodes = make_episodes(CodeSynthesisEnv(problems, judge=judge, reward="pass_rate"))
    episodes.reset(["add/1"])
    episodes.submit(0, HALF)
    result = episodes.step()[0]
    assert judge.submitted == [("add/1", HALF)]
    assert result.info["reward_components"] == {"pass_rate": 0.5}
    assert result.reward == 0.5


def test_a_completion_is_judged_as_soon_as_it_is_submitted(problems: Any, judge: Any) -> None:
    episodes = make_episodes(CodeSynthesisEnv(problems, judge=judge))
    episodes.reset(["add/1", "add/2"])
    episodes.submit(1, right("add/2"))
    assert judge.futures[0].result(60).is_success
    episodes.submit(0, BAD)
    results = episodes.step()
    assert [results[index].info["verdict"] for index in (0, 1)] == ["error", "pass"]


def test_equal_completions_of_a_problem_are_judged_once_in_a_step(problems: Any, judge: Any) -> None:
    episodes = make_episodes(CodeSynthesisEnv(problems, judge=judge, max_turns=2))
    episodes.reset(["add/1", "add/1", "add/2"])
    for _ in range(2):  # a new step judges anew
        judge.submitted.clear()
        for index in range(3):
            episodes.submit(index, BAD)
        results = episodes.step()
        assert sorted(judge.submitted) == [("add/1", BAD), ("add/2", BAD)]
        assert results[0] == results[1]
        assert results[0].info["task_id"] != results[2].info["task_id"]


@pytest.mark.parametrize("leave", ["abandon", "reset"])
def test_what_nobody_waits_for_is_not_run(problems: Any, judge: Any, leave: str) -> None:
    episodes = make_episodes(CodeSynthesisEnv(problems, judge=judge))
    tasks = [problem.task_id for problem in problems]
    episodes.reset(tasks)
    for index in range(6):
        episodes.submit(index, SLOW if index == 0 else BAD)
    if leave == "reset":
        episodes.reset(tasks)
    else:
        episodes.abandon()
    assert [future.cancelled() for future in judge.futures[1:]] == [True] * 5
    assert episodes.step() == {}


def test_a_step_that_fails_leaves_nothing_behind(problems: Any, judge: Any) -> None:
    episodes = make_episodes(CodeSynthesisEnv(problems, judge=judge))
    episodes.reset(["add/0", "add/1"])
    episodes.submit(0, SLOW)
    episodes.submit(1, BAD)
    judge.close()
    with pytest.raises(InfrastructureError, match="closed"):
        episodes.step()
    assert episodes.step() == {}


def test_a_diagnosing_judge_is_asked_early_too(problems: Any, judge: Any) -> None:
    closer = DiagnosingJudge(judge, static_analysis=False, coverage=True)
    episodes = make_episodes(CodeSynthesisEnv(problems, judge=closer))
    episodes.reset(["add/1", "add/2"])
    episodes.submit(0, HALF)
    episodes.submit(1, right("add/2"))
    results = episodes.step()
    assert judge.submitted == [("add/1", HALF), ("add/2", right("add/2"))]
    assert [results[index].info["verdict"] for index in (0, 1)] == ["fail", "pass"]
    assert {d["source"] for d in results[0].info["diagnostics"]} > {"test"}


class OldJudge:
    """A judge of a user that has no ``submit``."""

    def __init__(self, judge: Any) -> None:
        self.inner, self.batches = judge, []

    def judge(self, problem: Problem, completion: str) -> Any:
        return self.inner.judge(problem, completion)

    def judge_many(self, pairs: Any) -> Any:
        self.batches.append([problem.task_id for problem, _ in pairs])
        return self.inner.judge_many(pairs)


def test_a_judge_that_cannot_be_asked_early_judges_each_step_at_once(problems: Any, judge: Any) -> None:
    expected = play(make_episodes(CodeSynthesisEnv(problems, judge=judge, max_turns=3)))
    old = OldJudge(judge)
    assert play(make_episodes(CodeSynthesisEnv(problems, judge=old, max_turns=3))) == expected  # type: ignore[arg-type]
    assert old.batches == [["add/2", "add/1", "add/5"], ["add/2", "add/5"], ["add/5"]]


class Guess(gym.Env[str, str]):
    """A third-party environment: no problems, no info, one number as its reward."""

    observation_space = gym.spaces.Text(10)
    action_space = gym.spaces.Text(10)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        assert options is None
        return {"prompt": "Say yes."}, {}

    def step(self, action: str) -> Any:
        return {"prompt": "Say yes."}, float(action == "yes"), action == "yes", action == "stop", {}


def test_third_party_environments_need_no_info() -> None:
    episodes = make_episodes(Guess())
    assert (episodes.size, list(episodes.problems)) == (1, [])
    assert episodes.reset([None]) == [{"prompt": "Say yes."}]
    for action, reward, done in (("no", 0.0, False), ("stop", 0.0, True), ("yes", 1.0, True)):
        episodes.submit(0, action)
        assert episodes.step() == {0: StepResult({"prompt": "Say yes."}, reward, done, {})}
