"""The environment: an agent writes a program, the judge says what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded

from codegym.episode import Episode
from codegym.errors import InfrastructureError
from codegym.feedback.feedback import Feedback
from codegym.feedback.verdict import Verdict
from codegym.judge import JudgeProtocol
from codegym.problem import Problem
from codegym.rewards import Reward, UserReward
from codegym.rules import Rules, RulesHolder, check_options, check_render_mode, completion_of
from codegym.sandbox.limits import Limits
from codegym.spaces import UnicodeText

# A name of its own: Gymnasium declares the attribute for instances, so that ClassVar is refused in the class.
_METADATA: dict[str, Any] = {"render_modes": ["ansi", "human", "rgb_array"], "render_fps": 1}


class CodeSynthesisEnv(RulesHolder, gym.Env[dict[str, Any], str]):
    """Program synthesis as a Gymnasium environment.

    ## Description
    The agent reads a problem and writes a program; the program is run on the problem's tests in a sandbox, and the
    reward says how it did. With ``max_turns`` above one it may repair its program: after each turn it sees what went
    wrong on the *public* tests.

    ## Action space
    ``UnicodeText()``: the completion, any ``str``, as the policy wrote it (a program, a function body that continues
    the prompt's code, or a chatty answer with a fenced block).

    ## Observation space
    A ``Dict``: ``prompt`` (the problem), ``feedback`` (the last turn's, from public tests only; empty at the start)
    and ``turn`` (turns used, 0 to ``max_turns``).

    ## Rewards
    The sum of the chosen reward's components, see ``codegym.rewards``; the components are in
    ``info["reward_components"]``.

    ## Starting state
    A problem drawn uniformly by the seeded generator, or ``options={"task_id": ...}``.

    ## Episode end
    *Termination*: all tests pass, or the turns are used up. *Truncation*: never by the environment itself;
    ``TimeLimit`` may. A failing machine raises ``InfrastructureError``; the turn then does not count and the same step
    may be tried again.

    ## Information
    ``reset``: ``task_id``. ``step``: ``task_id, verdict, is_success, pass_rate, tests_passed, tests_total, kind,
    scope, diagnostics, tests, reward_components, infra_error``; always these, always of the same type, the same for
    the same problem and action. Times and private tests' values are in ``env.unwrapped.last_feedback`` only.

    Args:
        problems: The problems that may be asked; any sequence of ``Problem``.
        max_turns: Number of completions that an episode allows.
        reward: The name of a reward, a ``Reward``, or a function of problem and feedback.
        judge: A judge to use; it stays the caller's to close. None opens one with ``limits``, ``isolation`` and
            ``workers``.
        limits: Limits for problems that have none of their own.
        isolation: ``"auto"``, ``"strict"``, ..., see ``codegym.Judge``.
        workers: Number of sandboxes; None means one, since one program is judged at a time.
        render_mode: None, ``"ansi"``, ``"human"`` or ``"rgb_array"``.

    Raises:
        InvalidProblemError: If the problems are none, not unique, or not problems.
        UnknownNameError: If there is no such reward or render mode.
        IsolationError: If ``isolation="strict"`` cannot be had on this machine.
    """

    metadata = _METADATA

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
        render_mode: str | None = None,
    ) -> None:
        self.render_mode = check_render_mode(render_mode, self.metadata)
        # A single environment judges one program at a time: more workers would only hold memory.
        if judge is None and workers is None:
            workers = 1
        rules = Rules(
            problems,
            max_turns=max_turns,
            reward=reward,
            judge=judge,
            limits=limits,
            isolation=isolation,
            workers=workers,
        )
        super().__init__(rules)
        self.action_space = UnicodeText()
        self.observation_space = Episode.observation_space(self.rules.max_turns)
        self._episode: Episode | None = None

    @property
    def problem(self) -> Problem:
        """The problem of the running episode.

        Raises:
            ResetNeeded: Before the first ``reset``.
        """
        return self._started().problem

    @property
    def last_feedback(self) -> Feedback | None:
        """The whole feedback of the last turn, with times and private tests' values; None before the first."""
        return None if self._episode is None else self._episode.feedback

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Starts an episode.

        Args:
            seed: Seeds the choice of problems.
            options: ``{"task_id": ...}`` chooses the problem.

        Returns:
            The observation, and an info with ``task_id``.

        Raises:
            UnknownNameError: If there is no such option or problem.
        """
        super().reset(seed=seed)
        chosen = check_options(options, known=("task_id",))
        self._episode = self.rules.start(self.rules.choose(self.np_random, chosen.get("task_id")))
        self._show()
        return self._episode.observation(), self._episode.info()

    def step(self, action: str) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Judges a completion: completion -> program -> execution -> feedback -> reward.

        Args:
            action: The completion; any text.

        Returns:
            Observation, reward, terminated, truncated (always False) and info.

        Raises:
            TypeError: If the action is no text.
            ResetNeeded: If no episode is running.
            InfrastructureError: If the machine failed. The turn does not count: the same step may be tried again.
        """
        episode = self._running()
        completion = completion_of(action)
        feedback = self.rules.judge.judge(episode.problem, completion)
        rewards = self.rules.pay(episode.problem, feedback)
        episode = episode.after(feedback, rewards)
        # Before the episode is replaced: the turn did not take place, and the same step may be tried again.
        if episode.infra_error:
            raise InfrastructureError(_what_failed(feedback))
        self._episode = episode
        self._show()
        return episode.observation(), episode.reward, episode.terminated, False, episode.info()

    def render(self) -> str | np.ndarray | None:
        """Returns problem and feedback as a text or a picture; ``"human"`` prints them (also unasked) and returns None.

        Raises:
            ResetNeeded: Before the first ``reset``.
        """
        return draw(self._started(), self.render_mode)

    def close(self) -> None:
        """Closes the judge, if the environment opened it; may be called again."""
        self.rules.close()

    def _started(self) -> Episode:
        if self._episode is None:
            raise ResetNeeded("no episode has begun: call env.reset() first.")
        return self._episode

    def _running(self) -> Episode:
        episode = self._started()
        if episode.terminated:
            is_solved = episode.feedback is not None and episode.feedback.is_success
            why = "the problem is solved" if is_solved else "the turns are used up"
            raise ResetNeeded(
                f"the episode of {episode.problem.task_id} is over ({why}): call env.reset() before the next step."
            )
        return episode

    def _show(self) -> None:
        if self.render_mode == "human":
            self.render()


def draw(episode: Episode, render_mode: str | None) -> str | np.ndarray | None:
    """Renders an episode: returns a text or a picture, or prints the text and returns None."""
    if render_mode is None:
        gym.logger.warn(
            "render() does nothing without a render mode: make the environment with render_mode='ansi', for example."
        )
        return None
    from codegym.rendering import print_ansi, render_ansi, render_rgb  # loaded only by those who look

    rewards = dict(episode.rewards) if episode.feedback else None
    if render_mode == "rgb_array":
        return render_rgb(episode.problem, episode.feedback, rewards, episode.turn)
    text = render_ansi(episode.problem, episode.feedback, rewards, episode.turn)
    if render_mode == "ansi":
        return text
    print_ansi(text)
    return None


def _what_failed(feedback: Feedback) -> str:
    reasons = [test.actual for test in feedback.tests if test.status is Verdict.INFRA_ERROR and test.actual]
    reason = reasons[0] if reasons else "no worker answered"
    return f"the machine failed while judging {feedback.task_id}: {reason}. The turn does not count: try it again."
