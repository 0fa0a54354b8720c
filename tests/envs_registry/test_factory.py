from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

import envs_registry
from codegym import CallTest, InfrastructureError, InvalidProblemError, Judge, Limits, Problem, UnknownNameError
from codegym.checks import check_code_env
from codegym.env import CodeSynthesisEnv
from codegym.vector import CodeSynthesisVectorEnv
from envs_registry.suite import Suite

ID = "CodeSynthesis-v0"
RIGHT = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return a - b\n"
MINE = tuple(
    Problem(
        task_id=f"mine/{number}",
        prompt=f"Write add(a, b): their sum. ({number})",
        entry_point="add",
        tests=(CallTest(args=(1, 2), expected=3, public=True), CallTest(args=(0, 0), expected=0)),
        solutions=(RIGHT,),
    )
    for number in range(4)
)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=1) as judge:
        yield judge


def test_import_and_make_in_a_fresh_interpreter() -> None:
    script = (
        "import gymnasium as gym\n"
        "env = gym.make('codegym:CodeSynthesis-v0')\n"
        "print(env.reset(seed=0)[1]['task_id'])\n"
        "env.close()\n"
    )
    answer = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("core/")


def test_make_plays_an_episode(judge: Judge) -> None:
    with gym.make(ID, suite=MINE, judge=judge, max_turns=2) as env:
        env.reset(seed=0)
        observation, _, terminated, _, info = env.step(WRONG)
        assert not terminated
        assert "3" in observation["feedback"]
        assert (info["verdict"], info["kind"], info["tests_passed"]) == ("fail", "wrong_answer", 1)
        _, reward, terminated, _, info = env.step(RIGHT)
        assert terminated
        assert info["is_success"]
        assert reward == sum(info["reward_components"].values())


@pytest.mark.parametrize("max_turns", [1, 3])
def test_gymnasiums_checker_and_the_passive_one_are_silent(judge: Judge, max_turns: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gym.make(ID, suite=MINE, judge=judge, max_turns=max_turns, render_mode="ansi")
        check_env(env.unwrapped)
        env.reset(seed=0)
        env.step(RIGHT)
        env.render()


def test_the_contract_holds_on_the_real_judge(judge: Judge) -> None:
    check_code_env(gym.make(ID, suite=MINE, judge=judge, max_turns=2), (RIGHT, WRONG, "", "def add(:", "\0", "\ud800"))


def test_spec_survives_json() -> None:
    env = gym.make(
        ID, suite="core", split="validation", max_turns=3, limits=Limits(cpu_seconds=1.5), render_mode="ansi"
    )
    assert env.spec is not None
    text = env.spec.to_json()
    json.loads(text)
    twin = gym.make(EnvSpec.from_json(text))
    assert twin.unwrapped.max_turns == 3  # type: ignore[attr-defined]
    assert twin.unwrapped.judge.limits == Limits(cpu_seconds=1.5)  # type: ignore[attr-defined]
    assert twin.spec is not None
    assert twin.spec.to_json() == text
    assert data_equivalence(env.reset(seed=3), twin.reset(seed=3), exact=True)
    env.close()
    twin.close()


def test_spec_with_a_judge_is_copied_without_a_second_judge(judge: Judge) -> None:
    env = gym.make(ID, suite=MINE, judge=judge)
    assert deepcopy(env.spec).kwargs["judge"] is judge  # type: ignore[union-attr]
    assert gym.make(env.spec).unwrapped.judge is judge  # type: ignore[attr-defined,arg-type]


def test_problems_cannot_come_back_from_json(judge: Judge) -> None:
    env = gym.make(ID, suite=MINE)
    assert env.spec is not None
    with pytest.raises(InvalidProblemError, match="must be a Problem, got dict"):
        gym.make(EnvSpec.from_json(env.spec.to_json()))
    env.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"suite": "coer"}, "unknown suite 'coer'. Did you mean 'core'"),
        ({"split": "tran"}, "Did you mean 'train'"),
        ({"max_turn": 3}, "unknown argument 'max_turn'. Did you mean 'max_turns'"),
        ({"sutie": "core"}, "Did you mean 'suite'"),
        ({"reward": "papre"}, "Did you mean 'paper'"),
    ],
)
@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_unknown_names_are_answered_with_known_ones(make: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        make(ID, **arguments)


def test_options_of_a_loader_go_to_the_loader() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'examples'"):
        gym.make(ID, suite="humaneval", exampels=False)
    with pytest.raises(UnknownNameError, match="unknown argument 'examples'"):
        gym.make(ID, suite="core", examples=False)


def test_a_split_of_given_problems_is_refused() -> None:
    with pytest.raises(ValueError, match="choose among the data of a suite that has a name"):
        gym.make(ID, suite=MINE, split="test")


def test_missing_data_says_what_to_do(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="humaneval"):
        gym.make(ID, suite="humaneval", data_dir=tmp_path / "nothing")


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_unknown_render_modes_are_refused(make: Any, judge: Judge) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gym.make says so as well
        with pytest.raises(UnknownNameError, match="unknown render mode 'rgb'"):
            make(ID, suite=MINE, judge=judge, render_mode="rgb")


def test_gym_make_checks_the_render_mode(judge: Judge) -> None:
    with pytest.raises(UnknownNameError), pytest.warns(UserWarning, match="not in the possible render_modes"):
        gym.make(ID, suite=MINE, judge=judge, render_mode="rgb")
    env = gym.make(ID, suite=MINE, judge=judge, render_mode="rgb_array_list")
    env.reset(seed=0)
    env.step(RIGHT)
    frames: Any = env.render()
    assert len(frames) == 2
    assert frames[0].shape == frames[1].shape


def test_native_batch_env_is_the_default(judge: Judge) -> None:
    envs = gym.make_vec(ID, num_envs=3, suite=MINE, judge=judge)
    assert isinstance(envs.unwrapped, CodeSynthesisVectorEnv)
    envs.reset(seed=0)
    _, _, terminations, _, infos = envs.step([RIGHT, WRONG, "def add(:"])
    assert terminations.all()
    assert infos["final_info"]["verdict"].tolist() == ["pass", "fail", "error"]
    assert infos["final_info"]["kind"].tolist()[2] == "syntax_error"
    disabled = gym.make_vec(ID, num_envs=2, suite=MINE, judge=judge, autoreset_mode=AutoresetMode.DISABLED)
    assert disabled.metadata["autoreset_mode"] is AutoresetMode.DISABLED
    with pytest.raises(ValueError, match="every second program"):
        gym.make_vec(ID, num_envs=2, suite=MINE, judge=judge, autoreset_mode="NextStep")


def test_batch_spec_makes_another(judge: Judge) -> None:
    envs = gym.make_vec(ID, num_envs=2, suite=MINE, judge=judge, max_turns=2)
    twin = gym.make_vec(envs.spec)  # type: ignore[arg-type]
    assert twin.num_envs == 2
    assert data_equivalence(envs.reset(seed=1), twin.reset(seed=1), exact=True)


def test_native_and_sync_give_the_same(judge: Judge) -> None:
    native = gym.make_vec(ID, num_envs=2, suite=MINE, judge=judge, max_turns=2)
    sync = gym.make_vec(
        ID,
        num_envs=2,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
        suite=MINE,
        judge=judge,
        max_turns=2,
    )
    assert isinstance(sync, SyncVectorEnv)
    assert data_equivalence(native.reset(seed=0), sync.reset(seed=0), exact=True)
    for actions in ([WRONG, RIGHT], ["", "def add(a, b): raise ValueError(a)"], [RIGHT, WRONG]):
        assert data_equivalence(native.step(actions), sync.step(tuple(actions)), exact=True)


@pytest.mark.parametrize("mode", [None, "sync"])
def test_outside_limit_reaches_the_batch(judge: Judge, mode: str | None) -> None:
    arguments: dict[str, Any] = {"suite": MINE, "judge": judge, "max_turns": 9, "max_episode_steps": 2}
    envs = gym.make_vec(ID, num_envs=2, vectorization_mode=mode, **arguments)
    envs.reset(seed=0)
    assert not envs.step((WRONG, WRONG))[3].any()
    assert envs.step((WRONG, WRONG))[3].all()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python: this process has threads
@pytest.mark.parametrize("context", ["spawn", "fork"])
def test_async_works_without_shared_memory(judge: Judge, context: str) -> None:
    vector_kwargs = {"shared_memory": False, "autoreset_mode": AutoresetMode.SAME_STEP, "context": context}
    shared = judge if context == "fork" else None
    envs = gym.make_vec(
        ID, num_envs=2, vectorization_mode="async", vector_kwargs=vector_kwargs, suite=MINE, judge=shared
    )
    try:
        assert isinstance(envs, AsyncVectorEnv)
        envs.reset(seed=0)
        observations, rewards, terminations, _, infos = envs.step((RIGHT, "\ud800"))
        assert terminations.all()
        assert observations["turn"].tolist() == [0, 0]
        assert infos["final_info"]["is_success"].tolist() == [True, False]
        assert rewards[0] > rewards[1]
        assert judge.judge(MINE[0], RIGHT).is_success, "a judge that was forked still serves its own process"
    finally:
        envs.close()


def test_shared_memory_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="shared_memory=False"):
        gym.make_vec(ID, num_envs=2, vectorization_mode="async", suite=MINE)


def test_every_suite_has_an_id(judge: Judge) -> None:
    for name in envs_registry.list_suites():
        if name != "jsonl":
            assert gym.spec(f"codegym/{name}-v0").kwargs == {"suite": name}
    env = gym.make("codegym/core-v0", split="test", judge=judge)
    assert isinstance(env.unwrapped, CodeSynthesisEnv)
    assert env.reset(seed=0)[1]["task_id"] in env.unwrapped.problems.task_ids  # type: ignore[attr-defined]
    envs = gym.make_vec("codegym/core-v0", num_envs=2, judge=judge)
    assert isinstance(envs.unwrapped, CodeSynthesisVectorEnv)


def test_an_environment_closes_its_own_judge_only(judge: Judge) -> None:
    own = gym.make(ID, suite=MINE)
    own.reset(seed=0)
    own.step(RIGHT)
    own.close()
    own.close()
    own.reset()
    with pytest.raises(InfrastructureError, match="closed"):
        own.step(RIGHT)
    borrowed = gym.make(ID, suite=MINE, judge=judge)
    borrowed.close()
    assert judge.judge(MINE[0], RIGHT).is_success


def test_a_suite_says_what_its_programs_may_import(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr("codegym.rules.Judge", lambda **arguments: asked.append(arguments))
    gym.make(ID, suite=Suite("mine", "test", MINE, packages=("numpy",)))
    gym.make_vec(ID, suite=Suite("mine", "test", MINE))
    assert [arguments["packages"] for arguments in asked] == [("numpy",), ()]
    assert [arguments["workers"] for arguments in asked] == [1, None], "a single environment judges one at a time"


def test_same_seed_and_action_give_the_same_info(judge: Judge) -> None:
    program = "import random\ndef add(a, b):\n    raise ValueError(object(), random.random(), hash('x'))\n"
    seen = []
    for own in (judge, None):
        env = gym.make(ID, suite=MINE, judge=own, max_turns=2)
        seen.append((env.reset(seed=5), env.step(program), env.step(WRONG)))
        if own is None:
            env.close()
    assert data_equivalence(seen[0], seen[1], exact=True)


@pytest.mark.parametrize(
    "body",
    ["return x", "raise ValueError(x)", "print(x)", "return {}[x]", "return [x].index(3)", "import sys; sys.exit(x)"],
)
def test_private_values_never_reach_the_agent(judge: Judge, body: str) -> None:
    tests = (
        CallTest(args=("shown-in",), expected="shown-out", public=True),
        CallTest(args=("secret-in",), expected="secret-out"),
    )
    problem = Problem(task_id="mine/quote", prompt="Write f(x).", entry_point="f", tests=(*tests, tests[1]))
    env = gym.make(ID, suite=[problem], judge=judge)
    env.reset(seed=0)
    observation, _, _, _, info = env.step(f"def f(x):\n    {body}\n")
    assert "secret" not in json.dumps([observation, info])
    assert "shown-in" in observation["feedback"]
    assert env.unwrapped.last_feedback.tests[1].expected == "'secret-out'"  # type: ignore[attr-defined]


@pytest.mark.parametrize("action", ["", "\0", "def add(a, b):\n    return '\ud800'\n", "x" * 10_000_000])
def test_odd_completions_are_ordinary_failures(judge: Judge, action: str) -> None:
    env = gym.make(ID, suite=MINE, judge=judge)
    env.reset(seed=0)
    observation, reward, terminated, _, info = env.step(action)
    assert not info["is_success"]
    assert not info["infra_error"]
    assert terminated
    assert np.isfinite(reward)
    assert observation in env.observation_space
