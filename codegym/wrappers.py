"""Text as token ids: for agents of other libraries, whose actions are numbers.

    Tokenized      one action is a whole completion, as a row of ids
    TokenByToken   one action is one token; the completion is judged when the end token is chosen or the room is used up

Both wrap any environment whose observation has a ``prompt`` and whose action is a text, and take any tokenizer with
``encode``, ``decode`` and ``len``: Hugging Face's, or a :class:`Vocabulary` of a few texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

Ids = NDArray[np.int64]
TextEnv = gym.Env[dict[str, Any], str]


class Tokenizer(Protocol):
    """Turns texts into ids and back."""

    def __len__(self) -> int:
        """How many ids there are."""

    def encode(self, text: str) -> list[int]:
        """Returns a text's ids."""

    def decode(self, ids: Any) -> str:
        """Returns the text of a list of ids."""


class Vocabulary:
    """A tokenizer of a few texts. Id 0 ends a completion and stands for no text; the others are counted from 1.

    Args:
        texts: The texts that the tokens stand for.

    Raises:
        ValueError: If a text is empty or comes twice.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        if "" in texts or len(set(texts)) < len(texts):
            raise ValueError(f"a vocabulary needs texts that are not empty and all different, got {list(texts)!r}.")
        self.texts = ("", *texts)
        # So that "ab" is one token and not "a" and then "b", where both are in the vocabulary.
        self._longest_first = sorted(range(1, len(self.texts)), key=lambda i: -len(self.texts[i]))

    def __len__(self) -> int:
        return len(self.texts)

    def encode(self, text: str) -> list[int]:
        """Cuts a text into tokens, the longest that fits at each position; what no token covers is left out."""
        ids, position = [], 0
        while position < len(text):
            # Id 0 stands for no text, so that it can say that none fits.
            fits = next((i for i in self._longest_first if text.startswith(self.texts[i], position)), 0)
            ids += [fits] if fits else []
            position += len(self.texts[fits]) or 1
        return ids

    def decode(self, ids: Any) -> str:
        """Joins the tokens' texts."""
        return "".join(self.texts[int(i)] for i in ids)


class _Tokens(gym.Wrapper[Any, Any, Any, Any]):
    """What both wrappers have in common: the prompt's ids, and the text that ids stand for."""

    def __init__(self, env: TextEnv, tokenizer: Tokenizer, end_id: int, prompt_tokens: int) -> None:
        super().__init__(env)
        if not 0 <= end_id < len(tokenizer):
            raise ValueError(f"end_id must be an id of the tokenizer, 0 to {len(tokenizer) - 1}, got {end_id!r}.")
        self._tokenizer, self._end_id, self._prompt_tokens = tokenizer, end_id, prompt_tokens

    def _prompt(self, observation: Mapping[str, Any]) -> Ids:
        """The last ids of the prompt and of what was said about the last program, filled up with end ids."""
        shown = "\n".join(str(observation[part]) for part in ("prompt", "feedback") if observation.get(part))
        return self._filled(self._tokenizer.encode(shown), self._prompt_tokens)

    def _filled(self, ids: Sequence[int], length: int) -> Ids:
        # The end of a prompt says what to write; the beginning can be spared.
        kept = list(ids)[max(len(ids) - length, 0) :]
        return np.array([*kept, *[self._end_id] * (length - len(kept))], np.int64)

    def _text(self, ids: Sequence[int]) -> str:
        listed = [int(i) for i in ids]
        return self._tokenizer.decode(listed[: listed.index(self._end_id)] if self._end_id in listed else listed)


class Tokenized(_Tokens):
    """One action is a whole completion: ``completion_tokens`` ids, of which those from the first end id on are nothing.

    Args:
        env: An environment whose actions are texts.
        tokenizer: The tokenizer that turns texts into ids.
        end_id: The id that ends a completion and fills up prompts.
        prompt_tokens: Length of an observation; of longer prompts the end is seen.
        completion_tokens: Length of an action.

    Raises:
        ValueError: If the tokenizer has no such end id.
    """

    def __init__(
        self,
        env: TextEnv,
        tokenizer: Tokenizer,
        *,
        end_id: int = 0,
        prompt_tokens: int = 64,
        completion_tokens: int = 64,
    ) -> None:
        super().__init__(env, tokenizer, end_id, prompt_tokens)
        # Fixed lengths: the spaces of libraries with networks of their own have no sequences of any length.
        self.observation_space = spaces.MultiDiscrete([len(tokenizer)] * prompt_tokens)
        self.action_space = spaces.MultiDiscrete([len(tokenizer)] * completion_tokens)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Ids, dict[str, Any]]:
        """Starts an episode; the observation is the prompt's ids [prompt_tokens]."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self._prompt(observation), info

    def step(self, action: Any) -> tuple[Ids, SupportsFloat, bool, bool, dict[str, Any]]:
        """Judges the completion of these ids [completion_tokens]."""
        observation, reward, ended, cut, info = self.env.step(self._text(np.asarray(action).tolist()))
        return self._prompt(observation), reward, ended, cut, info


class TokenByToken(_Tokens):
    """One action is one token. Tokens before the last cost and earn nothing; the completion's reward comes with it.

    The observation is the prompt's ids and then those written so far, ``prompt_tokens + completion_tokens`` in all.
    While a completion is being written ``info`` is empty.

    Args:
        env: An environment whose actions are texts.
        tokenizer: The tokenizer that turns texts into ids.
        end_id: The id that ends a completion; positions that are not written yet hold it too.
        prompt_tokens: Length of the prompt's part of an observation.
        completion_tokens: Tokens until a completion is judged at the latest.

    Raises:
        ValueError: If the tokenizer has no such end id.
    """

    def __init__(
        self,
        env: TextEnv,
        tokenizer: Tokenizer,
        *,
        end_id: int = 0,
        prompt_tokens: int = 16,
        completion_tokens: int = 32,
    ) -> None:
        super().__init__(env, tokenizer, end_id, prompt_tokens)
        self._completion_tokens = completion_tokens
        self.observation_space = spaces.MultiDiscrete([len(tokenizer)] * (prompt_tokens + completion_tokens))
        self.action_space = spaces.Discrete(len(tokenizer))
        self._shown = self._filled([], prompt_tokens)
        self._written: list[int] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Ids, dict[str, Any]]:
        """Starts an episode with nothing written."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._shown, self._written = self._prompt(observation), []
        return self._seen(), info

    def step(self, action: Any) -> tuple[Ids, SupportsFloat, bool, bool, dict[str, Any]]:
        """Writes one token; judges when it was the last."""
        # No reward before the last token: only a whole program can be judged.
        if int(action) != self._end_id:
            self._written.append(int(action))
            if len(self._written) < self._completion_tokens:
                return self._seen(), 0.0, False, False, {}
        text, self._written = self._text(self._written), []
        observation, reward, ended, cut, info = self.env.step(text)
        self._shown = self._prompt(observation)
        return self._seen(), reward, ended, cut, info

    def _seen(self) -> Ids:
        return np.concatenate([self._shown, self._filled(self._written, self._completion_tokens)])
