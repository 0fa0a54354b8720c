"""Cached forward passes for causal and encoder-decoder models, behind one interface.

Sampling and scoring take the same steps: ``prefill`` the distinct prompts once, ``select`` one row of the cache for
each completion, ``decode`` tokens after it (one at a time, or all at once). Prompts that several completions share are
computed once, in training as in sampling, and a sampled token and a trained token see the same numbers.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import Cache, DynamicCache, EncoderDecoderCache, PreTrainedModel

# Most pairs of tokens in an encoder's batch: an encoder with position biases (T5) holds a number for each pair.
_MAX_ENCODER_PAIRS = 2**25


class DecodingState(Protocol):
    """The cache of B rows, from which decoding continues."""

    logits: Tensor
    """Logits of each row's next token, [B, V]."""

    def select(self, rows: Tensor) -> None:
        """Keeps these rows, int64 [N], in this order; a row may be taken more than once."""

    def decode(self, ids: Tensor) -> Tensor:
        """Appends ``ids`` [B, t] to the rows and returns the logits after each of them, [B, t, V]."""


class CachedForward(Protocol):
    """A model that computes prompts once and continues from its cache."""

    context: int | None
    """Most tokens of prompt and completion together, None without a limit."""

    def prefill(self, prompts: Sequence[NDArray[np.int64]]) -> DecodingState:
        """Computes B prompts of any lengths."""

    def score(self, prompts: Sequence[NDArray[np.int64]], ids: Tensor) -> Tensor:
        """Returns the logits before each of ``ids`` [B, T], one prompt for each row, without a cache: [B, T, V]."""


def make_cached_forward(model: PreTrainedModel) -> CachedForward:
    """Returns the cached forward pass of a Hugging Face model."""
    return Seq2SeqForward(model) if getattr(model.config, "is_encoder_decoder", False) else CausalForward(model)


class CausalForward:
    """Decoder-only models: prompts are padded on the left, positions count from each prompt's first token."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.context: int | None = getattr(model.config, "max_position_embeddings", None)
        # A model with LoRA adapters takes any argument; only the model below them says which ones it knows.
        get_base_model = getattr(model, "get_base_model", lambda: model)
        accepted = inspect.signature(get_base_model().forward).parameters
        self._takes_positions = "position_ids" in accepted
        self._takes_logits_to_keep = "logits_to_keep" in accepted

    def prefill(self, prompts: Sequence[NDArray[np.int64]]) -> CausalState:
        """Computes B prompts of any lengths."""
        return CausalState(self, *pad(prompts, self.model.device))

    def score(self, prompts: Sequence[NDArray[np.int64]], ids: Tensor) -> Tensor:
        """Returns the logits before each of ``ids`` [B, T]: [B, T, V]."""
        prompt, mask = pad(prompts, self.model.device)
        mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
        logits, _ = self.forward(torch.cat([prompt, ids], dim=1), mask, keep=ids.shape[1] + 1)
        return logits[:, :-1]

    def forward(self, ids: Tensor, mask: Tensor, keep: int, cache: Cache | None = None) -> tuple[Tensor, Cache | None]:
        """Runs the model on the last columns of a sequence.

        Args:
            ids: The new tokens, int64 [B, t].
            mask: 1 for each token and 0 for padding, also for what is in the cache, int64 [B, S] with S at least t.
            keep: Number of last positions whose logits are returned.
            cache: Keys and values of the tokens before ``ids``; it grows by them.
        """
        options: dict[str, Any] = {"attention_mask": mask, "past_key_values": cache, "use_cache": cache is not None}
        if self._takes_positions:
            # Padding after a short completion may lie beyond the context, where learned positions have no entry.
            last = None if self.context is None else self.context - 1
            options["position_ids"] = (mask.cumsum(dim=1) - 1).clamp(min=0, max=last)[:, -ids.shape[1] :]
        if self._takes_logits_to_keep:
            # Logits of a whole prompt would take V numbers for each of its tokens.
            options["logits_to_keep"] = keep
        output = self.model(input_ids=ids, **options)
        return output.logits[:, -keep:], output.past_key_values


class CausalState:
    """The key-value cache of a decoder-only model, and which of its entries are tokens."""

    def __init__(self, network: CausalForward, prompt: Tensor, mask: Tensor) -> None:
        self._network, self._mask = network, mask
        logits, cache = network.forward(prompt, mask, keep=1, cache=DynamicCache(config=network.model.config))
        if cache is None:
            raise TypeError(f"{type(network.model).__name__} returned no cache; only models with use_cache=True work.")
        self._cache = cache
        self.logits = logits[:, 0]

    def select(self, rows: Tensor) -> None:
        """Keeps these rows, in this order."""
        self._cache.reorder_cache(cast(torch.LongTensor, rows))
        self._mask, self.logits = self._mask[rows], self.logits[rows]

    def decode(self, ids: Tensor) -> Tensor:
        """Appends ``ids`` [B, t] and returns the logits after each of them, [B, t, V]."""
        self._mask = torch.cat([self._mask, torch.ones_like(ids)], dim=1)
        logits, _ = self._network.forward(ids, self._mask, keep=ids.shape[1], cache=self._cache)
        self.logits = logits[:, -1]
        return logits


class Seq2SeqForward:
    """Encoder-decoder models (T5, CodeT5, BART): the prompt goes through the encoder, the completion is decoded."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.context: int | None = getattr(model.config, "max_position_embeddings", None)
        start = model.generation_config.decoder_start_token_id
        if start is None:
            start = model.config.decoder_start_token_id
        if start is None:
            raise ValueError(
                f"{type(model).__name__} has no decoder_start_token_id; set it in the model's generation_config."
            )
        self.start = int(start)

    def prefill(self, prompts: Sequence[NDArray[np.int64]]) -> Seq2SeqState:
        """Encodes B prompts of any lengths."""
        return Seq2SeqState(self, *pad(prompts, self.model.device, left=False))

    def score(self, prompts: Sequence[NDArray[np.int64]], ids: Tensor) -> Tensor:
        """Returns the logits before each of ``ids`` [B, T]: [B, T, V]."""
        prompt, mask = pad(prompts, self.model.device, left=False)
        # A decoder starts from a token of its own, so that its input is one token behind its output.
        shifted = torch.cat([torch.full_like(ids[:, :1], self.start), ids[:, :-1]], dim=1)
        logits: Tensor = self.model(input_ids=prompt, attention_mask=mask, decoder_input_ids=shifted).logits
        return logits


class Seq2SeqState:
    """The encoder's states of the prompts and the decoder's cache."""

    logits: Tensor

    def __init__(self, network: Seq2SeqForward, prompt: Tensor, mask: Tensor) -> None:
        self._model, self._mask = network.model, mask
        self._states = _encoded(self._model.get_encoder(), prompt, mask)
        # The second cache holds the cross-attention's keys of the prompt, which are computed only once.
        self._cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        self.decode(torch.full((len(prompt), 1), network.start, device=prompt.device))

    def select(self, rows: Tensor) -> None:
        """Keeps these rows, in this order."""
        self._cache.reorder_cache(cast(torch.LongTensor, rows))
        self._mask, self._states, self.logits = self._mask[rows], self._states[rows], self.logits[rows]

    def decode(self, ids: Tensor) -> Tensor:
        """Appends ``ids`` [B, t] and returns the logits after each of them, [B, t, V]."""
        output = self._model(
            encoder_outputs=(self._states,),
            attention_mask=self._mask,
            decoder_input_ids=ids,
            past_key_values=self._cache,
            use_cache=True,
        )
        logits: Tensor = output.logits
        self.logits = logits[:, -1]
        return logits


def _encoded(encoder: Any, prompt: Tensor, mask: Tensor) -> Tensor:
    """The encoder's states [B, P, H] of prompts [B, P], in batches that fit into memory."""
    rows = max(1, _MAX_ENCODER_PAIRS // prompt.shape[1] ** 2)
    parts = zip(torch.split(prompt, rows), torch.split(mask, rows), strict=True)
    return torch.cat([encoder(input_ids=ids, attention_mask=part).last_hidden_state for ids, part in parts])


def pad(rows: Sequence[NDArray[np.int64]], device: torch.device | str, left: bool = True) -> tuple[Tensor, Tensor]:
    """Returns the rows as one tensor [B, longest] and its mask, padded with token 0 on the left or on the right."""
    longest = max(len(row) for row in rows)
    ids = np.zeros((len(rows), longest), dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=np.int64)
    for i, row in enumerate(rows):
        columns = slice(longest - len(row), longest) if left else slice(0, len(row))
        ids[i, columns], mask[i, columns] = row, 1
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)


def distinct_rows(rows: Sequence[NDArray[np.int64]]) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Returns the distinct rows in order of first appearance, and for each row the index of its equal among them."""
    positions: dict[bytes, int] = {}
    index = np.array([positions.setdefault(row.tobytes(), len(positions)) for row in rows], dtype=np.int64)
    distinct: list[NDArray[np.int64]] = []
    for row, position in zip(rows, index, strict=True):
        if position == len(distinct):
            distinct.append(row)
    return distinct, index
