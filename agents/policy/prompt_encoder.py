"""Prompts as token ids, with the special tokens and the length that a model expects."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from codegym.errors import InvalidSettingError


class PromptEncoder:
    """Turns prompts into token ids that leave room for a completion.

    Args:
        model: A Hugging Face model.
        tokenizer: Tokenizer of the model.
        context: Most tokens of prompt and completion together, None without a limit.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int | None) -> None:
        self._tokenizer, self._context = tokenizer, context
        self._is_encoder_decoder = bool(model.config.is_encoder_decoder)
        self.end_ids = find_end_ids(model, tokenizer)

    def encode(self, prompt: str, max_new_tokens: int) -> NDArray[np.int64]:
        """Returns the ids of a prompt, int64 [P].

        A prompt that leaves no room for ``max_new_tokens`` loses its beginning, with a warning: its end says what to
        write next.

        Raises:
            InvalidSettingError: If no prompt at all would leave that room.
        """
        bos, eos = self._tokenizer.bos_token, self._tokenizer.eos_token_id
        is_chat = bool(getattr(self._tokenizer, "chat_template", None))
        # A chat template writes its special tokens itself, and no model was trained on two start tokens.
        has_special_tokens = is_chat or bool(bos and prompt.startswith(bos))
        ids: list[int] = self._tokenizer(prompt, add_special_tokens=not has_special_tokens)["input_ids"]
        if not self._is_encoder_decoder and len(ids) > 1 and ids[-1] == eos:
            ids = ids[:-1]  # an end token that the tokenizer adds would end what is to be continued
        # The only token of an empty prompt: a model needs something to continue.
        bos_id = self._tokenizer.bos_token_id
        first = self.end_ids[0] if bos_id is None else int(bos_id)
        return np.array(self._fitted(ids or [first], max_new_tokens), dtype=np.int64)

    def room_after(self, prompt_ids: NDArray[np.int64], max_length: int | None = None) -> int | None:
        """Returns how many tokens may follow a prompt, 0 or more; None without a limit.

        Args:
            prompt_ids: Ids of the prompt, int64 [P].
            max_length: Most tokens of prompt and completion together, in addition to the model's own limit.
        """
        limits = [] if max_length is None else [max_length - len(prompt_ids)]
        if self._context is not None:
            # An encoder and a decoder have a context each.
            limits.append(self._context if self._is_encoder_decoder else self._context - len(prompt_ids))
        return max(min(limits), 0) if limits else None

    def _fitted(self, ids: list[int], max_new_tokens: int) -> list[int]:
        context = self._context
        if context is None:
            return ids
        room = context if self._is_encoder_decoder else context - max_new_tokens
        if room < 1:
            raise InvalidSettingError(
                f"max_new_tokens={max_new_tokens} leaves no room for a prompt: the model's context is {context} tokens."
            )
        if len(ids) <= room:
            return ids
        warnings.warn(
            f"A prompt of {len(ids)} tokens was cut to its last {room}: the model's context is {context} tokens and "
            f"max_new_tokens is {max_new_tokens}.",
            stacklevel=5,
        )
        return ids[-room:]


def find_end_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """Returns the tokens that end a completion; the tokenizer's own comes first, with which reference texts are ended.

    Raises:
        ValueError: If there is none.
    """
    # A chat model often ends a turn with another token than its tokenizer names.
    of_model = model.generation_config.eos_token_id
    listed = [tokenizer.eos_token_id, *(of_model if isinstance(of_model, list) else [of_model])]
    ids = tuple(dict.fromkeys(int(i) for i in listed if i is not None))
    if not ids:
        raise ValueError(
            "Neither the tokenizer nor the model's generation_config names an end-of-sequence token: without one no "
            "completion can end. Set tokenizer.eos_token."
        )
    return ids
