"""The contract of a code environment as a test that anyone can run on their own.

    from codegym.checks import check_code_env
    check_code_env(gym.make("CodeSynthesis-v0", suite=my_problems, reward=my_reward))

Gymnasium's own ``check_env`` knows the shapes of things; this knows what they mean here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
from gymnasium.error import ResetNeeded

from codegym.errors import ContractError
from codegym.feedback.feedback import Feedback, TestResult
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.verdict import Verdict
from codegym.problem import Problem
from codegym.program import Program
from codegym.rewards import Reward, UserReward, make_reward

INFO_TYPES: dict[str, type] = {
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
"""The keys of a step's info and the exact type of each."""

PROBES = (
    "def f(*args):\n    return 0\n",
    "",
    "def f(:\n",
    "Certainly! Here is the program:\n```python\nraise ValueError('no')\n```\n",
    "é🎈\0\ud800",
)
"""Completions that every environment must take."""


def check_code_env(env: gym.Env[dict[str, Any], str], completions: Sequence[str] = PROBES) -> None:
    """Plays a few episodes and compares what comes back with the contract of ``docs/environment.md``.

    Args:
        env: The environment, wrapped or not; it is reset and stepped, not closed.
        completions: The completions to submit. Add one that solves a problem to see a success as well.

    Raises:
        ContractError: At the first breach; the message says what was expected and what came.
    """
    turns = _check_spaces(env)
    _check_reset(env)
    names: tuple[str, ...] | None = None
    for completion in completions:
        info = _check_episode(env, completion, turns)
        # Agents make a column of each part: a name that comes and goes would shift them.
        parts = tuple(info["reward_components"])
        _expect(names in (None, parts), f"reward_components must always have the same keys: first {names}, now {parts}")
        names = parts
    _check_refusals(env)


def check_reward(reward: str | Reward | UserReward, problem: Problem) -> None:
    """Pays for one made-up feedback of every verdict and compares what comes back with the contract of a reward.

    Args:
        reward: A name, a ``Reward``, or a function of problem and feedback.
        problem: A problem that it should be able to pay for.

    Raises:
        ContractError: If the parts are not always the same, not finite numbers, or not the same when asked again.
    """
    pay = make_reward(reward)
    names: tuple[str, ...] | None = None
    for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.TIMEOUT):
        feedback = _made_up(problem, verdict)
        parts = _paid(pay, problem, feedback)
        now = tuple(parts)
        _expect(names in (None, now), f"a reward must always name the same parts: first {names}, now {now}")
        names = now
        for name, value in parts.items():
            what = f"part {name!r} of the reward"
            _expect(_is_finite(value), f"{what} must be a finite number for {verdict}, got {value!r}")
        again = _paid(pay, problem, feedback)
        _expect(parts == again, f"a reward must pay the same again for the same {verdict}, got others")


def _check_spaces(env: gym.Env[dict[str, Any], str]) -> int:
    """Returns how many turns an episode may have."""
    for text in PROBES:
        _expect(
            text in env.action_space, f"the action space must contain any text, but not {text!r}: use UnicodeText()"
        )
    space = env.observation_space
    parts = space.spaces if isinstance(space, gym.spaces.Dict) else {}
    turn = parts.get("turn")
    if sorted(parts) != ["feedback", "prompt", "turn"] or not isinstance(turn, gym.spaces.Discrete):
        raise ContractError(f"the observation space must be a Dict of feedback, prompt and turn, got {space}.")
    return int(turn.n) - 1


def _check_reset(env: gym.Env[dict[str, Any], str]) -> None:
    first, second = env.reset(seed=0), env.reset(seed=0)
    _expect(first == second, f"reset(seed=0) must give the same problem each time: first {first}, then {second}")
    observation, info = first
    _check_observation(env, observation, turn=0)
    _expect(observation["feedback"] == "", f"feedback must be empty before a turn, got {observation['feedback']!r}")
    task_id = info.get("task_id")
    _expect(isinstance(task_id, str), f"reset's info must hold task_id, a text, got {task_id!r}")
    chosen = env.reset(options={"task_id": task_id})[1].get("task_id")
    _expect(chosen == task_id, f"options={{'task_id': {task_id!r}}} must choose that problem, got {chosen!r}")


def _check_episode(env: gym.Env[dict[str, Any], str], completion: str, turns: int) -> dict[str, Any]:
    """Hands in the same completion until the episode ends, twice over; returns the last info."""
    # Infos are compared too: a time, a path or an id in them would make runs differ that should be equal.
    first, second = _play(env, completion, turns), _play(env, completion, turns)
    _expect(first == second, f"same seed and actions must give the same turns: first {first}, then {second}")
    return first[-1]


def _play(env: gym.Env[dict[str, Any], str], completion: str, turns: int) -> list[dict[str, Any]]:
    env.reset(seed=1)
    infos: list[dict[str, Any]] = []
    while True:
        observation, reward, terminated, truncated, info = env.step(completion)
        info = _checked_info(info)
        infos.append(info)
        _check_observation(env, observation, turn=len(infos))
        _check_payment(reward, info["reward_components"])
        # numpy's own bool would pass for one until JSON refuses it.
        _expect(type(terminated) is bool and type(truncated) is bool, "terminated and truncated must be bools")
        _expect(terminated or not info["is_success"], "an episode must terminate when the problem is solved")
        if terminated or truncated:
            break
        _expect(len(infos) < turns, f"an episode must end when its {turns} turns are used up")
    if terminated:
        _expect_raise(lambda: env.step(completion), ResetNeeded, "stepping after the end")
    return infos


def _check_observation(env: gym.Env[dict[str, Any], str], observation: Any, turn: int) -> None:
    space, counted = env.observation_space, observation["turn"]
    _expect(observation in space, f"the observation must lie in {space}, got {observation!r}")
    _expect(counted == turn, f"turn must count the completions of the episode: {turn}, got {counted}")


def _checked_info(info: dict[str, Any]) -> dict[str, Any]:
    """Returns the part of a step's info that the contract speaks of; wrappers may add to it."""
    missing = [key for key in INFO_TYPES if key not in info]
    _expect(not missing, f"a step's info lacks {', '.join(missing)}")
    known = {key: info[key] for key in INFO_TYPES}
    for key, kind in INFO_TYPES.items():
        # Exactly this type: a numpy number or a subclass of str would change what JSON and batching make of it.
        _expect(type(known[key]) is kind, f"info[{key!r}] must be exactly a {kind.__name__}, got {known[key]!r}")
    try:
        json.dumps(known)
    except (TypeError, ValueError) as error:
        raise ContractError(f"info must be plain data that JSON can hold: {error}.") from error
    for test in known["tests"]:
        shown = [test.get(name) for name in ("call", "expected", "actual") if test.get(name)]
        _expect(test["public"] or not shown, f"info shows values of private test {test['index']}: {shown}")
    return known


def _check_payment(reward: Any, parts: dict[str, Any]) -> None:
    _expect(_is_finite(reward), f"the reward must be a finite number, got {reward!r}")
    total = sum(parts.values())
    # Sums of floats depend on their order, which a wrapper may change.
    _expect(
        math.isclose(reward, total, abs_tol=1e-9), f"the reward must be the sum of its components {parts}, got {reward}"
    )


def _check_refusals(env: gym.Env[dict[str, Any], str]) -> None:
    env.reset(seed=0)
    step: Callable[[Any], Any] = env.step  # what is to be refused no type checker would let through
    _expect_raise(lambda: step(b"def f(): pass"), TypeError, "an action that is no text")
    _expect_raise(lambda: env.reset(options={"no such option": 1}), LookupError, "an unknown option of reset")
    _expect_raise(lambda: env.reset(options={"task_id": "\0"}), LookupError, "an unknown task_id")


def _paid(pay: Reward, problem: Problem, feedback: Feedback) -> dict[str, float]:
    # An error here would end a training run at the first program that happens to get this verdict.
    try:
        parts = pay(problem, feedback)
    except Exception as error:
        raise ContractError(
            f"a reward must pay for every verdict; for {feedback.verdict} it raised {error!r}."
        ) from error
    _expect(isinstance(parts, dict) and bool(parts), f"a reward must return a dict of named parts, got {parts!r}")
    return dict(parts)


def _made_up(problem: Problem, verdict: Verdict) -> Feedback:
    program = Program.from_completion("def f():\n    return 0\n", problem)
    kind = Kind.NONE if verdict is Verdict.PASS else Kind.WRONG_ANSWER
    return Feedback(
        task_id=problem.task_id,
        program=program,
        verdict=verdict,
        kind=kind,
        scope=Scope.NONE if verdict is Verdict.PASS else Scope.GLOBAL,
        tests=tuple(
            TestResult(index=index, status=verdict, public=test.public, kind=kind)
            for index, test in enumerate(problem.tests)
        ),
    )


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ContractError(f"{otherwise}.")


def _expect_raise(attempt: Callable[[], Any], error: type[Exception], what: str) -> None:
    try:
        attempt()
    except error:
        return
    except Exception as other:
        raise ContractError(f"{what} must raise {error.__name__}, it raised {other!r}.") from other
    raise ContractError(f"{what} must raise {error.__name__}, it was accepted.")
