"""The rules that all episodes of an environment share: the problems, the judge, the reward, the number of turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np

from codegym.diagnosis import judge_for
from codegym.episode import Episode
from codegym.errors import InvalidProblemError, InvalidSettingError, UnknownNameError
from codegym.feedback.feedback import Feedback
from codegym.judge import Judge, JudgeProtocol
from codegym.problem import Problem
from codegym.rewards import Reward, UserReward, make_reward
from codegym.sandbox.limits import Limits


class Rules:
    """The part that the single and the batch environment share.

    Args:
        problems: The problems that may be asked. A sequence with ``task_ids`` (a suite) is kept as it is, so that a
            large one builds a problem only when it is asked; any other is copied. A judge that is opened here lets
            programs import the suite's ``packages``.
        max_turns: Number of completions that an episode allows.
        reward: The name of a reward, a ``Reward``, or a function of problem and feedback.
        judge: A judge to use; it stays the caller's. None opens one with the arguments below, and ``close`` closes it.
        limits: Limits of problems that have none of their own.
        isolation: Isolation of the judge that is opened, as for ``codegym.Judge``.
        workers: Number of its workers; None means one for each processor.

    Raises:
        InvalidProblemError: If there is no problem, two have the same ``task_id``, or one is no ``Problem``.
        UnknownNameError: If there is no reward of that name.
        InvalidSettingError: If ``max_turns`` is below one, or ``judge`` is none.
        ValueError: If a judge comes with arguments for another.
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        *,
        max_turns: int = 1,
        reward: str | Reward | UserReward = "paper",
        judge: JudgeProtocol | None = None,
        limits: Limits | None = None,
        isolation: str = "auto",
        workers: int | None = None,
    ) -> None:
        if not isinstance(max_turns, int | np.integer) or isinstance(max_turns, bool) or max_turns < 1:
            raise InvalidSettingError(f"max_turns must be a whole number of at least 1, got {max_turns!r}.")
        # A list is copied, so that later changes of it do not reach the environment; a suite may be too large to copy.
        self.problems: Sequence[Problem] = problems if hasattr(problems, "task_ids") else _checked(problems)
        self._index_of = _index_of(self.problems)
        self.max_turns = int(max_turns)
        self.reward = make_reward(reward)
        self._owned: Judge | None = None
        if judge is None:
            packages = getattr(problems, "packages", ())
            judge = self._owned = Judge(workers=workers, isolation=isolation, packages=packages, limits=limits)
        # `submit` is not required: judges of users may be older than it, and the environments do not call it.
        elif not all(callable(getattr(judge, name, None)) for name in ("judge", "judge_many")):
            raise InvalidSettingError(f"judge must have judge and judge_many, as codegym.Judge does, got {judge!r}.")
        elif (limits, isolation, workers) != (None, "auto", None):
            raise ValueError("limits, isolation and workers belong to the judge: give them to it, or leave judge out.")
        self.judge: JudgeProtocol = judge_for(self.reward, judge)

    def start(self, problem: Problem) -> Episode:
        """Returns a new episode of a problem."""
        return Episode(problem=problem, max_turns=self.max_turns)

    def choose(self, rng: np.random.Generator, task_id: str | None) -> Problem:
        """Returns the problem with this id, or one drawn uniformly where there is none.

        Raises:
            UnknownNameError: If there is no such problem.
        """
        return self.draw(rng) if task_id is None else self.find(task_id)

    def draw(self, rng: np.random.Generator) -> Problem:
        """Returns one of the problems, each as likely as any other."""
        return self.problems[int(rng.integers(len(self.problems)))]

    def find(self, task_id: str) -> Problem:
        """Returns the problem with this id.

        Raises:
            UnknownNameError: If there is none; names those that look like it.
        """
        if not isinstance(task_id, str) or task_id not in self._index_of:
            raise UnknownNameError("task_id", task_id, self._index_of)
        return self.problems[self._index_of[task_id]]

    def pay(self, problem: Problem, feedback: Feedback) -> dict[str, float]:
        """Returns the reward's components; NaN each where nothing is known of the program."""
        # A user's reward is not asked about a program of which nothing is known: it might pay 0, which is a lie.
        if feedback.is_unknown:
            return dict.fromkeys(self.reward.components, float("nan"))
        return self.reward(problem, feedback)

    def close(self) -> None:
        """Closes the judge if it was opened here; may be called again."""
        if self._owned is not None:
            self._owned.close()


class RulesSettings(TypedDict, total=False):
    """The arguments of :class:`Rules` beside the problems."""

    max_turns: int
    reward: str | Reward | UserReward
    judge: JudgeProtocol | None
    limits: Limits | None
    isolation: str
    workers: int | None


class RulesHolder:
    """What the single and the batch environment show of their rules.

    Args:
        rules: The problems, the judge, the reward and the number of turns.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    @property
    def problems(self) -> Sequence[Problem]:
        """The problems that may be asked."""
        return self.rules.problems

    @property
    def judge(self) -> JudgeProtocol:
        """The judge of the completions."""
        return self.rules.judge

    @property
    def reward(self) -> Reward:
        """The reward that pays for them."""
        return self.rules.reward

    @property
    def max_turns(self) -> int:
        """Completions that an episode allows."""
        return self.rules.max_turns


def completion_of(action: object) -> str:
    """Returns the completion that an action is.

    Raises:
        TypeError: If it is no text.
    """
    if isinstance(action, str):
        return str(action)  # arrays of texts hold numpy's own subclass, which does not pickle as a text
    raise TypeError(
        f"an action is the completion itself, a str; got {type(action).__name__}. "
        "Decode bytes or token ids first, and give one text for each environment."
    )


def check_options(options: dict[str, Any] | None, known: tuple[str, ...]) -> dict[str, Any]:
    """Returns ``reset``'s options.

    Raises:
        UnknownNameError: If there is an option that the environment does not have.
    """
    for name in options or ():
        if name not in known:
            raise UnknownNameError("reset option", name, known)
    return options or {}


def check_render_mode(render_mode: str | None, metadata: Mapping[str, Any]) -> str | None:
    """Returns the render mode.

    Raises:
        UnknownNameError: If the environment does not have it.
    """
    if render_mode is not None and render_mode not in metadata["render_modes"]:
        raise UnknownNameError("render mode", render_mode, metadata["render_modes"])
    return render_mode


def _checked(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    # A text is a sequence too: a suite's name, given where problems belong.
    if isinstance(problems, str | Problem) or not isinstance(problems, Iterable):
        raise InvalidProblemError(f"problems must be a sequence of Problem, got {type(problems).__name__}.")
    checked = tuple(problems)
    for index, problem in enumerate(checked):
        if not isinstance(problem, Problem):
            raise InvalidProblemError(f"problems[{index}] must be a Problem, got {type(problem).__name__}.")
    return checked


def _index_of(problems: Sequence[Problem]) -> dict[str, int]:
    # A suite knows its ids without building the problems, of which there may be thousands.
    task_ids: Iterable[str] = getattr(problems, "task_ids", None) or (problem.task_id for problem in problems)
    indices: dict[str, int] = {}
    for index, task_id in enumerate(task_ids):
        if indices.setdefault(task_id, index) != index:
            raise InvalidProblemError(f"two problems have the task_id {task_id!r}: it must be unique.")
    if not indices:
        raise InvalidProblemError("an environment needs at least one problem, got none.")
    return indices
