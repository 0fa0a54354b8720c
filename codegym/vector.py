"""The batch environment: many episodes, judged together by all workers of one judge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Unpack, cast

import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array

from codegym.env import CodeSynthesisEnv, draw
from codegym.episode import Episode
from codegym.errors import UnknownNameError
from codegym.feedback.feedback import Feedback
from codegym.problem import Problem
from codegym.rules import Rules, RulesHolder, RulesSettings, check_options, check_render_mode, completion_of
from codegym.spaces import UnicodeText

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_OFFERED = (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED)
Observations = dict[str, Any]
"""``prompt`` and ``feedback``: tuples of ``num_envs`` texts; ``turn``: int64 [num_envs]."""


class CodeSynthesisVectorEnv(RulesHolder, VectorEnv[Observations, Sequence[str], np.ndarray]):
    """Many episodes of ``CodeSynthesisEnv`` side by side; a step judges a completion of each, on all workers at once.

    It gives what as many single environments would give under Gymnasium's ``SyncVectorEnv`` with the same seed and
    autoreset mode, with two differences: all completions of a step are judged together, and a failing machine ends
    only the episode that it hit (reward NaN, truncated, ``infra_error=True``: mask such turns out) instead of raising.

    With ``AutoresetMode.SAME_STEP`` the step that ends an episode starts the next one. The last observation and info
    of the finished one are in ``infos["final_obs"]`` and ``infos["final_info"]``. With ``AutoresetMode.DISABLED`` the
    caller resets with ``options={"reset_mask": ...}``. ``NEXT_STEP`` is refused: it throws away the action that
    follows the end of an episode, which with one turn an episode is every second program that the policy wrote.

    Args:
        problems: The problems that may be asked; any sequence of ``Problem``.
        num_envs: Number of episodes side by side.
        render_mode: None, ``"ansi"``, ``"human"`` or ``"rgb_array"``.
        autoreset_mode: An ``AutoresetMode`` or its text (``"SameStep"``, ``"Disabled"``).
        max_episode_steps: Truncates an episode after so many turns; this is what ``gym.make_vec`` hands on. None means
            never.
        **settings: ``max_turns``, ``reward``, ``judge``, ``limits``, ``isolation`` and ``workers``, as for
            ``CodeSynthesisEnv``; but ``workers=None`` means one for each core.

    Raises:
        ValueError: If ``num_envs`` is below one, or the autoreset mode is ``NEXT_STEP``.
        InvalidProblemError: As ``CodeSynthesisEnv``.
        UnknownNameError: As ``CodeSynthesisEnv``.
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        num_envs: int = 1,
        *,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        max_episode_steps: int | None = None,
        **settings: Unpack[RulesSettings],
    ) -> None:
        self.closed = True  # until there is something to close: older Gymnasiums close what failed to be made
        if num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, got {num_envs!r}.")
        self.num_envs = num_envs
        self._mode = _autoreset_mode(autoreset_mode)
        self.metadata = {**CodeSynthesisEnv.metadata, "autoreset_mode": self._mode}
        self.render_mode = check_render_mode(render_mode, self.metadata)
        self._max_episode_steps = max_episode_steps
        super().__init__(Rules(problems, **settings))
        self.closed = False
        self.single_action_space = UnicodeText()
        self.single_observation_space = Episode.observation_space(self.rules.max_turns)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._rngs = [seeding.np_random(None) for _ in range(num_envs)]
        self._begun = False
        # Stand-ins until the first reset, so that attributes have their length from the beginning.
        self._episodes = [Episode(problem=self.rules.problems[0])] * num_envs
        # The episodes as they were judged, before any autoreset: `render` and `last_feedback` speak of these.
        self._judged = list(self._episodes)

    @property  # type: ignore[misc]  # Gymnasium's own batch environments have one generator each as well
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]  # one for each sub-environment
        """The generators that draw the sub-environments' problems."""
        return tuple(rng for rng, _ in self._rngs)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]  # one for each sub-environment
        """The seeds of these generators."""
        return tuple(seed for _, seed in self._rngs)

    @property
    def current_problems(self) -> tuple[Problem, ...]:
        """The problem of each sub-environment's running episode."""
        return tuple(episode.problem for episode in self._episodes)

    @property
    def last_feedback(self) -> tuple[Feedback | None, ...]:
        """The feedback of each sub-environment's last action, also if its episode was reset since; None before one."""
        return tuple(episode.feedback for episode in self._judged)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, Any]]:
        """Starts an episode in every sub-environment, or in those of a mask.

        Args:
            seed: Seeds the choice of problems: sub-environment ``i`` gets ``seed + i``, or the i-th of a sequence.
            options: ``task_id``: a sequence with one for each sub-environment (None draws one), or a single one for
                all; ``reset_mask``: bool array [num_envs], leaves the others as they are.

        Returns:
            The batch of observations (of all sub-environments), and infos of those that were reset.

        Raises:
            UnknownNameError: If there is no such option or problem.
            ValueError: If a sequence or the mask has not one entry for each sub-environment, or the mask chooses none.
            ResetNeeded: If the first reset of all comes with a mask that leaves some out.
        """
        chosen = check_options(options, known=("task_id", "reset_mask"))
        # Everything is checked first: a refused reset leaves generators and episodes as they were.
        mask = self._mask(chosen.get("reset_mask"))
        # As `SyncVectorEnv` seeds its sub-environments, so that both draw the same problems.
        seeds = self._per_env("seed", seed if not isinstance(seed, int) else [seed + i for i in range(self.num_envs)])
        task_ids = self._per_env("task_id", chosen.get("task_id"))
        # Found before anything changes: an unknown id leaves all episodes as they are.
        problems = [None if task_id is None else self.rules.find(task_id) for task_id in task_ids]
        self._begun = True
        infos: dict[str, Any] = {}
        for index in np.flatnonzero(mask).tolist():
            if seeds[index] is not None:
                self._rngs[index] = seeding.np_random(seeds[index])
            self._start(index, problems[index])
            self._judged[index] = self._episodes[index]
            infos = self._add_info(infos, self._episodes[index].info(), index)
        self._show()
        return self._batch([episode.observation() for episode in self._episodes]), infos

    def step(self, actions: Sequence[str]) -> tuple[Observations, Floats, Bools, Bools, dict[str, Any]]:
        """Judges one completion of each sub-environment, all together.

        Args:
            actions: ``num_envs`` texts, as a sequence or an object array.

        Returns:
            Observations; rewards (float64 [num_envs], NaN where the machine failed); terminated and truncated (bool
            [num_envs]); infos, one array and one mask ``_key`` for each key, as Gymnasium batches them.

        Raises:
            TypeError: If an action is no text, or the actions are one text.
            ValueError: If there are not ``num_envs`` of them.
            ResetNeeded: If a sub-environment's episode is over (only with autoreset disabled): nothing has been judged
                then.
        """
        completions = self._completions(actions)
        self._refuse_if_over()
        self._judged = self._judge(completions)
        self._episodes = list(self._judged)
        self._show()
        terminations = np.array([episode.terminated for episode in self._judged])
        truncations = np.array([self._truncated(episode) for episode in self._judged])
        rewards = np.array([episode.reward for episode in self._judged])
        observations, infos = self._report(terminations | truncations)
        return self._batch(observations), rewards, terminations, truncations, infos

    def render(self) -> tuple[Any, ...] | None:
        """Returns a text or picture of each sub-environment's last judged turn, or prints them (``"human"``)."""
        frames = tuple(draw(episode, self.render_mode) for episode in self._judged)
        return None if self.render_mode in (None, "human") else frames

    def close_extras(self, **kwargs: Any) -> None:
        """Closes the judge, if the environment opened it."""
        self.rules.close()

    def _judge(self, completions: list[str]) -> list[Episode]:
        """Returns the episodes after one turn more."""
        pairs = [(episode.problem, text) for episode, text in zip(self._episodes, completions, strict=True)]
        # One call for all: the workers stay busy until the slowest program is done.
        feedbacks = self.rules.judge.judge_many(pairs)
        return [
            episode.after(feedback, self.rules.pay(episode.problem, feedback))
            for episode, feedback in zip(self._episodes, feedbacks, strict=True)
        ]

    def _report(self, over: Bools) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Returns observations and infos, and starts the next episode where one is over and autoreset is on."""
        observations: list[dict[str, Any]] = []
        infos: dict[str, Any] = {}
        for index, episode in enumerate(self._judged):
            observation, info = episode.observation(), episode.info()
            if over[index] and self._mode is AutoresetMode.SAME_STEP:
                infos = self._add_info(infos, {"final_obs": observation, "final_info": info}, index)
                self._start(index)
                observation, info = self._episodes[index].observation(), self._episodes[index].info()
            infos = self._add_info(infos, info, index)
            observations.append(observation)
        return observations, infos

    def _start(self, index: int, problem: Problem | None = None) -> None:
        self._episodes[index] = self.rules.start(problem or self.rules.draw(self._rngs[index][0]))

    def _truncated(self, episode: Episode) -> bool:
        # Not a termination: the return of a truncated episode may be bootstrapped, that of an ended one may not.
        out_of_steps = self._max_episode_steps is not None and episode.turn >= self._max_episode_steps
        return episode.infra_error or out_of_steps

    def _refuse_if_over(self) -> None:
        if not self._begun:
            raise ResetNeeded("no episode has begun: call envs.reset() first.")
        over = [i for i, episode in enumerate(self._episodes) if episode.terminated or self._truncated(episode)]
        if over:
            raise ResetNeeded(
                f"the episodes of sub-environments {over} are over: reset them with "
                "options={'reset_mask': <bool array>} before the next step."
            )

    def _completions(self, actions: Sequence[str]) -> list[str]:
        if isinstance(actions, str) or not isinstance(actions, Iterable):
            raise TypeError(f"actions must be a sequence of {self.num_envs} texts, got a {type(actions).__name__}.")
        completions = [completion_of(action) for action in actions]
        if len(completions) != self.num_envs:
            raise ValueError(
                f"there must be one action for each of the {self.num_envs} sub-environments, got {len(completions)}."
            )
        return completions

    def _mask(self, mask: Any) -> Bools:
        """Returns which sub-environments to reset, after Gymnasium's own rules for masks."""
        if mask is None:
            return np.ones(self.num_envs, dtype=np.bool_)
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            found = f"{mask.dtype} {mask.shape}" if isinstance(mask, np.ndarray) else type(mask).__name__
            raise ValueError(f"options['reset_mask'] must be a bool array of shape ({self.num_envs},), got {found}.")
        if not mask.any():
            raise ValueError("options['reset_mask'] chooses no sub-environment: at least one entry must be True.")
        if not self._begun and not mask.all():
            raise ResetNeeded("the first reset must start every sub-environment: leave out options['reset_mask'].")
        return mask

    def _per_env(self, name: str, value: Any) -> list[Any]:
        """Returns one value for each sub-environment: a text or None counts for all."""
        if value is None or isinstance(value, str):
            return [value] * self.num_envs
        if not isinstance(value, Iterable):
            raise TypeError(f"{name} must be one value or a sequence of {self.num_envs}, got {type(value).__name__}.")
        values = list(value)
        if len(values) != self.num_envs:
            raise ValueError(
                f"{name} must have one entry for each of the {self.num_envs} sub-environments, got {len(values)}."
            )
        return values

    def _batch(self, observations: list[dict[str, Any]]) -> Observations:
        space = self.single_observation_space
        empty: Any = create_empty_array(space, n=self.num_envs)
        return cast("Observations", concatenate(space, observations, empty))

    def _show(self) -> None:
        if self.render_mode == "human":
            self.render()


def _autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        mode = AutoresetMode(mode)
    except ValueError:
        raise UnknownNameError("autoreset mode", mode, [known.value for known in _OFFERED]) from None
    if mode not in _OFFERED:
        raise ValueError(
            "autoreset_mode NextStep would throw away the action that follows the end of an episode: with one turn an "
            "episode, every second program. Use AutoresetMode.SAME_STEP (the finished turn is in infos['final_info']) "
            "or DISABLED."
        )
    return mode
