from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordEpisodeStatistics, RecordVideo, TimeLimit

from codegym import Feedback, InfrastructureError, InvalidProblemError, Problem, UnknownNameError
from codegym.env import CodeSynthesisEnv
from codegym.errors import InvalidSettingError

KEYS = {
    "task_id": str,
    "verdict": str,
    "is_success": bool,
    "pass_rate": float,
    "tests_passed": int,
    "tests_total": int,
    "kind": str,
    "scope": str,
    "diagnostics": tuple,
    "tests": tuple,
    "reward_components": dict,
    "infra_error": bool,
}


@pytest.fixture
def make(fake_judge: Any, problems: tuple[Problem, ...]) -> Callable[..., CodeSynthesisEnv]:
    def make(**arguments: Any) -> CodeSynthesisEnv:
        return CodeSynthesisEnv(problems, **{"judge": fake_judge, **arguments})

    return make


def test_one_turn_solves_or_ends(make: Callable[..., CodeSynthesisEnv]) -> None:
    env = make()
    observation, info = env.reset(seed=0)
    assert observation == {"prompt": env.problem.prompt, "feedback": "", "turn": 0}
    assert info == {"task_id": env.problem.task_id}
    assert env.last_feedback is None
    observation, reward, terminated, truncated, info = env.step("pass")
    assert (terminated, truncated) == (True, False)
    assert reward == sum(info["reward_components"].values())
    assert observation["turn"] == 1
    assert info["is_success"]
    assert env.last_feedback is not None
    assert env.last_feedback.is_success
    env.reset()
    assert env.step("fail")[2:4] == (True, False), "with one turn, a failing program ends the episode as well"


def test_several_turns_end_with_success_or_when_they_are_used_up(make: Callable[..., CodeSynthesisEnv]) -> None:
    env = make(max_turns=3)
    env.reset(seed=0)
    turns = [env.step(completion) for completion in ("fail", "error", "timeout")]
    assert [terminated for _, _, terminated, _, _ in turns] == [False, False, True]
    assert [observation["turn"] for observation, *_ in turns] == [1, 2, 3]
    assert turns[0][0]["feedback"]
    env.reset()
    env.step("fail")
    observation, _, terminated, truncated, _ = env.step("pass")
    assert (terminated, truncated, observation["turn"]) == (True, False, 2)


def test_stepping_before_or_after_an_episode_says_what_to_do(make: Callable[..., CodeSynthesisEnv]) -> None:
    env = make()
    for early in (lambda: env.step("x"), lambda: env.render(), lambda: env.problem):
        with pytest.raises(ResetNeeded, match=r"call env\.reset"):
            early()
    env.reset(seed=0)
    env.step("pass")
    with pytest.raises(ResetNeeded, match=r"is over .the problem is solved.: call env\.reset"):
        env.step("pass")
    env.reset()
    env.step("fail")
    with pytest.raises(ResetNeeded, match="the turns are used up"):
        env.step("pass")


def test_info_has_the_same_keys_and_types_whatever_happens(make: Callable[..., CodeSynthesisEnv]) -> None:
    env = make(max_turns=9)
    env.reset(seed=0)
    for completion in ("", "fail", "error", "timeout", "unjudged", "pass"):
        info = env.step(completion)[4]
        assert {key: type(value) for key, value in info.items()} == KEYS
        assert list(info["reward_components"]) == list(env.reward.components)
        json.dumps(info)  # plain data
        assert info["infra_error"] is False


def test_info_holds_no_private_value_and_no_time(make: Callable[..., CodeSynthesisEnv]) -> None:
    env = make(max_turns=2)
    env.reset(seed=0, options={"task_id": "toy/3"})
    observation, _, _, _, info = env.step("fail")
    shown = json.dumps([info, observation])
    assert "secret" not in shown
    assert "seconds" not in shown
    public, private = info["tests"]
    assert (public["expected"], private["expected"]) == ("3", "")
    assert [d["message"] for d in info["diagnostics"]] == ["expected 3", "wrong_answer"]
    assert env.last_feedback is not None
    assert env.last_feedback.tests[1].expected == "'secret-3'"
    assert env.last_feedback.tests[1].seconds == 0.25


def test_same_seed_and_action_give_the_same_everything(make: Callable[..., CodeSynthesisEnv]) -> None:
    def play(env: CodeSynthesisEnv) -> list[Any]:
        return [env.reset(seed=11), env.step("fail"), env.reset(), env.step("pass"), env.reset(), env.step("x")]

    assert play(make()) == play(make())


def test_problems_are_drawn_uniformly_and_by_the_seed(make: Callable[..., CodeSynthesisEnv]) -> None:
    env = make()
    env.reset(seed=5)
    drawn = [env.reset()[1]["task_id"] for _ in range(500)]
    counts = [drawn.count(f"toy/{number}") for number in range(5)]
    assert sum(counts) == 500
    assert min(counts) > 60
    env.reset(seed=5)
    assert [env.reset()[1]["task_id"] for _ in range(500)] == drawn


def test_options_choose_the_problem_and_unknown_ones_are_named(make: Callable[..., CodeSynthesisEnv]) -> None:
    env = make()
    options = {"task_id": "toy/2"}
    assert env.reset(options=options)[1] == {"task_id": "toy/2"}
    assert options == {"task_id": "toy/2"}, "the caller's options are not changed"
    with pytest.raises(UnknownNameError, match=r"unknown task_id 'toy/22'. Did you mean 'toy/2'"):
        env.reset(options={"task_id": "toy/22"})
    with pytest.raises(UnknownNameError, match=r"unknown reset option 'taskid'. Did you mean 'task_id'"):
        env.reset(options={"taskid": "toy/2"})
    with pytest.raises(UnknownNameError, match="unknown task_id 3"):
        env.reset(options={"task_id": 3})
    assert env.problem.task_id == "toy/2", "a refused reset changes nothing"


@pytest.mark.parametrize("action", ["", "\0", "\ud800", "é🎈", "x" * 10_000_000, np.str_("pass")])
def test_any_text_is_an_action(make: Callable[..., CodeSynthesisEnv], fake_judge: Any, action: str) -> None:
    env = make()
    env.reset(seed=0)
    observation, _, _, _, info = env.step(action)
    assert fake_judge.seen[-1][1] == action
    assert type(fake_judge.seen[-1][1]) is str
    assert observation in env.observation_space
    assert info["verdict"] == ("pass" if action == "pass" else "fail")


@pytest.mark.parametrize("action", [b"x", None, 3, ["x"], np.array("x", dtype=object)])
def test_other_actions_are_refused_and_cost_no_turn(make: Callable[..., CodeSynthesisEnv], action: Any) -> None:
    env = make()
    env.reset(seed=0)
    with pytest.raises(TypeError, match="an action is the completion itself, a str; got"):
        env.step(action)
    assert env.step("pass")[2]


def test_failing_machine_raises_and_costs_no_turn(make: Callable[..., CodeSynthesisEnv]) -> None:
    env = make()
    env.reset(seed=0)
    with pytest.raises(InfrastructureError, match="the machine failed while judging toy/"):
        env.step("infra_error")
    assert env.last_feedback is None
    assert env.step("pass")[4]["is_success"]


def test_problem_without_tests_is_unjudged(fake_judge: Any) -> None:
    env = CodeSynthesisEnv([Problem(task_id="open", prompt="Anything.", tests=())], judge=fake_judge)
    env.reset(seed=0)
    _, _, terminated, _, info = env.step("pass")
    assert (info["verdict"], info["is_success"], info["pass_rate"], terminated) == ("unjudged", False, 0.0, True)


def test_own_reward(make: Callable[..., CodeSynthesisEnv]) -> None:
    def reward(problem: Problem, feedback: Feedback) -> dict[str, float]:
        return {"tests": 2 * feedback.pass_rate, "number": float(problem.task_id[-1])}

    env = make(reward=reward)
    env.reset(options={"task_id": "toy/4"})
    _, paid, _, _, info = env.step("pass")
    assert paid == 6.0
    assert info["reward_components"] == {"tests": 2.0, "number": 4.0}


def test_a_judge_that_was_handed_in_stays_open(make: Callable[..., CodeSynthesisEnv], fake_judge: Any) -> None:
    env = make()
    env.close()
    env.close()
    assert not fake_judge.closed
    assert env.judge is fake_judge


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"max_turns": 0}, ValueError, "max_turns must be a whole number of at least 1, got 0"),
        ({"max_turns": 1.5}, ValueError, "max_turns"),
        ({"reward": "papr"}, UnknownNameError, "Did you mean 'paper'"),
        ({"render_mode": "rgb"}, UnknownNameError, "unknown render mode 'rgb'"),
        ({"workers": 3}, ValueError, "belong to the judge"),
        ({"judge": 3}, InvalidSettingError, "judge must have judge and judge_many, .*, got 3"),
    ],
)
def test_arguments_that_make_no_sense(
    make: Callable[..., CodeSynthesisEnv], arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make(**arguments)


def test_problems_that_make_no_sense(fake_judge: Any, problems: tuple[Problem, ...]) -> None:
    for wrong, message in (
        ((), "at least one problem"),
        ([*problems, problems[0]], "two problems have the task_id 'toy/0'"),
        ([problems[0], {"task_id": "x"}], r"problems\[1\] must be a Problem, got dict"),
        ("core", "problems must be a sequence of Problem, got str"),
        (problems[0], "problems must be a sequence of Problem, got Problem"),
    ):
        with pytest.raises(InvalidProblemError, match=message):
            CodeSynthesisEnv(wrong, judge=fake_judge)  # type: ignore[arg-type]


def test_render_modes(make: Callable[..., CodeSynthesisEnv], capsys: pytest.CaptureFixture[str]) -> None:
    env = make(render_mode="ansi")
    env.reset(seed=0)
    before = env.render()
    env.step("fail")
    after = env.render()
    assert isinstance(before, str)
    assert isinstance(after, str)
    assert before != after
    env = make(render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    env.step("pass")
    picture = env.render()
    assert isinstance(picture, np.ndarray)
    assert isinstance(first, np.ndarray)
    assert (picture.dtype, picture.ndim, picture.shape) == (np.uint8, 3, first.shape)
    env = make(render_mode="human")
    env.reset(seed=0)
    env.step("\ud800")
    assert env.render() is None
    assert env.problem.task_id in capsys.readouterr().out
    env = make()
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="without a render mode"):
        assert env.render() is None


def test_gymnasiums_checker_is_silent(make: Callable[..., CodeSynthesisEnv], monkeypatch: pytest.MonkeyPatch) -> None:
    for max_turns in (1, 3):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_env(make(max_turns=max_turns, render_mode="ansi"), skip_render_check=True)


def test_wrappers_of_gymnasium(make: Callable[..., CodeSynthesisEnv]) -> None:
    env: gym.Env[Any, Any] = TimeLimit(RecordEpisodeStatistics(make(max_turns=5)), max_episode_steps=2)
    env.reset(seed=0)
    assert env.step("fail")[2:4] == (False, False)
    assert env.step("fail")[2:4] == (False, True), "the outside limit truncates"
    env.reset()
    info = env.step("pass")[4]
    assert info["episode"]["l"] == 1


class Clip:
    """Stands in for the encoder, which is a large optional library: keeps the frames it is given."""

    written: ClassVar[dict[str, list[np.ndarray]]] = {}

    def __init__(self, frames: list[np.ndarray], fps: float) -> None:
        self.frames = list(frames)

    def write_videofile(self, path: str, logger: Any) -> None:
        Clip.written[Path(path).name] = self.frames


def test_videos_hold_a_frame_before_and_after_each_turn(
    make: Callable[..., CodeSynthesisEnv], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = ModuleType("ImageSequenceClip")
    module.ImageSequenceClip = Clip  # type: ignore[attr-defined]
    for name in ("moviepy", "moviepy.video", "moviepy.video.io"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "moviepy.video.io.ImageSequenceClip", module)
    env = RecordVideo(
        make(render_mode="rgb_array", max_turns=3), str(tmp_path / "videos"), episode_trigger=lambda _: True
    )
    env.reset(seed=0)
    for completion in ("fail", "pass"):
        env.step(completion)
    env.close()
    frames = Clip.written["rl-video-episode-0.mp4"]
    assert len(frames) == 3
    assert len({frame.shape for frame in frames}) == 1, "a video needs frames of one size"
    assert len({frame.tobytes() for frame in frames}) == 3, "each turn looks different"
