"""How a model reads prompts and writes after them: causal and encoder-decoder models behind one door.

Generation and scoring go the same way: ``read`` the distinct prompts once, ``select`` one row of that reading for each
completion, ``write`` tokens after it (one at a time, or all at once). So prompts that several completions share are
computed once, in training as in sampling, and a sampled token and a trained token see the same thing.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import Cache, DynamicCache, EncoderDecoderCache
from transformers.cache_utils import DynamicLayer

from agents.engines.llama_forward import LlamaReading, is_plain_llama

_ENCODED_AT_ONCE = 2**25
"""Prompts times their squared length: an encoder with position biases (T5) holds a number for each pair of tokens."""


class Reading(Protocol):
    """What a model remembers of B rows while it writes after them."""

    logits: Tensor
    """Scores of each row's next token, [B, V]."""

    def select(self, rows: Tensor) -> None:
        """Keeps these rows, int64 [N], in this order; a row may be taken more than once."""

    def reserve(self, tokens: int) -> Reading:
        """Returns what goes on from here, with room for that many tokens (only without gradients, and only once)."""

    def write(self, ids: Tensor) -> Tensor:
        """Appends ``ids`` [B, t] to the rows and returns the scores after each of them, [B, t, V]."""


class Backbone(Protocol):
    """A model that reads prompts."""

    context: int | None
    """Most tokens of prompt and completion together, None without a limit."""

    def read(self, prompts: Sequence[NDArray[np.int64]]) -> Reading:
        """Reads B prompts of any lengths."""

    def score(self, prompts: Sequence[NDArray[np.int64]], ids: Tensor) -> Tensor:
        """The scores before each of ``ids`` [B, T], one prompt a row, without a cache: [B, T, V]."""


def make_backbone(model: Any) -> Backbone:
    """Returns the door for this Hugging Face model."""
    return Seq2SeqBackbone(model) if getattr(model.config, "is_encoder_decoder", False) else CausalBackbone(model)


class CausalBackbone:
    """Decoder-only models: prompts are padded on the left, positions count from each prompt's first token."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.context: int | None = getattr(model.config, "max_position_embeddings", None)
        inner: Any = model.get_base_model() if hasattr(model, "get_base_model") else model
        accepted = inspect.signature(inner.forward).parameters
        self._takes_positions = "position_ids" in accepted
        self._takes_keep = "logits_to_keep" in accepted

    def read(self, prompts: Sequence[NDArray[np.int64]]) -> CausalReading:
        """Reads B prompts of any lengths."""
        return CausalReading(self, *pad(prompts, self.model.device))

    def score(self, prompts: Sequence[NDArray[np.int64]], ids: Tensor) -> Tensor:
        """The scores of ``ids`` [B, T], row t before token t is written: [B, T, V]."""
        prompt, mask = pad(prompts, self.model.device)
        mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
        logits, _ = self.forward(torch.cat([prompt, ids], dim=1), mask, keep=ids.shape[1] + 1)
        return logits[:, :-1]

    def forward(self, ids: Tensor, mask: Tensor, keep: int, cache: Cache | None = None) -> tuple[Tensor, Cache | None]:
        """Runs the model on ``ids`` [B, t], the end of what ``mask`` [B, S] speaks of; scores of the last ``keep``."""
        options: dict[str, Any] = {"attention_mask": mask, "past_key_values": cache, "use_cache": cache is not None}
        if self._takes_positions:
            # padding after a short completion may lie beyond the context, where learned positions have no entry
            last = None if self.context is None else self.context - 1
            options["position_ids"] = (mask.cumsum(dim=1) - 1).clamp(min=0, max=last)[:, -ids.shape[1] :]
        if self._takes_keep:
            options["logits_to_keep"] = keep
        output = self.model(input_ids=ids, **options)
        return output.logits[:, -keep:], output.past_key_values


class CausalReading:
    """The key-value cache of a decoder-only model and the mask of what in it is prompt."""

    def __init__(self, backbone: CausalBackbone, prompt: Tensor, mask: Tensor) -> None:
        self._backbone, self._mask = backbone, mask
        logits, cache = backbone.forward(prompt, mask, keep=1, cache=DynamicCache(config=backbone.model.config))
        if cache is None:
            raise TypeError(f"{type(backbone.model).__name__} returned no cache; only models with use_cache=True work.")
        self._cache: Any = cache
        self.logits = logits[:, 0]

    def select(self, rows: Tensor) -> None:
        """Keeps these rows, in this order."""
        self._cache.reorder_cache(rows)
        self._mask, self.logits = self._mask[rows], self.logits[rows]

    def reserve(self, tokens: int) -> Reading:
        """Makes room for that many tokens; models that may go on in the short way."""
        model = self._backbone.model
        if is_plain_llama(model):
            return LlamaReading(model, self._cache, self._mask, self.logits, tokens)
        self._cache.layers = [_roomy(layer, tokens) for layer in self._cache.layers]
        return self

    def write(self, ids: Tensor) -> Tensor:
        """Appends ``ids`` [B, t] and returns the scores after each of them, [B, t, V]."""
        self._mask = torch.cat([self._mask, torch.ones_like(ids)], dim=1)
        logits, _ = self._backbone.forward(ids, self._mask, keep=ids.shape[1], cache=self._cache)
        self.logits = logits[:, -1]
        return logits


class Seq2SeqBackbone:
    """Encoder-decoder models (T5, CodeT5, BART): the encoder reads the prompt, the decoder writes."""

    def __init__(self, model: Any) -> None:
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

    def read(self, prompts: Sequence[NDArray[np.int64]]) -> Seq2SeqReading:
        """Reads B prompts of any lengths."""
        return Seq2SeqReading(self, *pad(prompts, self.model.device, left=False))

    def score(self, prompts: Sequence[NDArray[np.int64]], ids: Tensor) -> Tensor:
        """The scores of ``ids`` [B, T], row t before token t is written: [B, T, V]."""
        prompt, mask = pad(prompts, self.model.device, left=False)
        shifted = torch.cat([torch.full_like(ids[:, :1], self.start), ids[:, :-1]], dim=1)
        logits: Tensor = self.model(input_ids=prompt, attention_mask=mask, decoder_input_ids=shifted).logits
        return logits


class Seq2SeqReading:
    """The encoder's states of the prompts and the decoder's cache."""

    logits: Tensor

    def __init__(self, backbone: Seq2SeqBackbone, prompt: Tensor, mask: Tensor) -> None:
        self._model, self._mask = backbone.model, mask
        self._states = _encoded(self._model.get_encoder(), prompt, mask)
        self._cache: Any = EncoderDecoderCache(DynamicCache(), DynamicCache())
        self.write(torch.full((len(prompt), 1), backbone.start, device=prompt.device))

    def select(self, rows: Tensor) -> None:
        """Keeps these rows, in this order."""
        self._cache.reorder_cache(rows)
        self._mask, self._states, self.logits = self._mask[rows], self._states[rows], self.logits[rows]

    def reserve(self, tokens: int) -> Reading:
        """Makes room for that many tokens."""
        own = self._cache.self_attention_cache
        own.layers = [_roomy(layer, tokens) for layer in own.layers]
        return self

    def write(self, ids: Tensor) -> Tensor:
        """Appends ``ids`` [B, t] and returns the scores after each of them, [B, t, V]."""
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
    """The encoder's states [B, P, H] of prompts [B, P], as many prompts at a time as memory should hold."""
    rows = max(1, _ENCODED_AT_ONCE // prompt.shape[1] ** 2)
    parts = zip(torch.split(prompt, rows), torch.split(mask, rows), strict=True)
    return torch.cat([encoder(input_ids=ids, attention_mask=seen).last_hidden_state for ids, seen in parts])


def pad(rows: Sequence[NDArray[np.int64]], device: torch.device | str, left: bool = True) -> tuple[Tensor, Tensor]:
    """Returns the rows as one tensor [B, longest] and its mask, padded with token 0 on the left or on the right."""
    longest = max(len(row) for row in rows)
    ids = np.zeros((len(rows), longest), dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=np.int64)
    for i, row in enumerate(rows):
        place = slice(longest - len(row), longest) if left else slice(0, len(row))
        ids[i, place], mask[i, place] = row, 1
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)


class _RoomyLayer(DynamicLayer):  # type: ignore[no-untyped-call]  # transformers' __init_subclass__ has no types
    """A cache layer that writes into reserved room: growing by ``torch.cat`` copies everything at every token."""

    def __init__(self, layer: DynamicLayer, tokens: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        keys, values = cast(Tensor, layer.keys), cast(Tensor, layer.values)
        self.lazy_initialization(keys, values)
        self._all_keys, self._all_values = self._with_room(keys, tokens), self._with_room(values, tokens)
        self._show(keys.shape[2])

    @staticmethod
    def _with_room(states: Tensor, tokens: int) -> Tensor:
        batch, heads, length, size = states.shape
        room = states.new_empty(batch, heads, length + tokens, size)
        room[:, :, :length] = states
        return room

    def _show(self, length: int) -> tuple[Tensor, Tensor]:
        self._length = length
        self.keys, self.values = self._all_keys[:, :, :length], self._all_values[:, :, :length]
        return self.keys, self.values

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Writes the new states [B, H, t, D] behind the old ones and returns all of them."""
        start, end = self._length, self._length + key_states.shape[2]
        self._all_keys[:, :, start:end], self._all_values[:, :, start:end] = key_states, value_states
        return self._show(end)

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """Keeps these rows, with their room."""
        self._all_keys, self._all_values = self._all_keys[beam_idx], self._all_values[beam_idx]
        self._show(self._length)


def _roomy(layer: Any, tokens: int) -> Any:
    """Other kinds of layer (sliding windows, recurrent states) have their own way to grow."""
    return _RoomyLayer(layer, tokens) if type(layer) is DynamicLayer else layer
