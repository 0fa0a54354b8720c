"""Writing token by token with models of Llama's architecture, without the framework's cost of every small module.

A step of a small model is a hundred tiny operations, and most of its time goes into getting from one to the next:
modules, masks and caches that are made to fit every model. This is the same arithmetic on the model's own weights in
a third of the operations. It reads what the model's own code has read; only what is written after that comes by here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaForCausalLM, Qwen2ForCausalLM

_ROPES = {"default", "linear", "llama3", "yarn"}
"""Ways to turn positions that do not depend on the length of the sequence."""
_LINEAR = ("_proj", "lm_head")
"""How the names of the matrices end."""


def is_plain_llama(model: Any) -> bool:
    """Whether it is exactly such a model in float32: no adapters, no sliding windows, no hooks."""
    if type(model) not in (LlamaForCausalLM, Qwen2ForCausalLM):
        return False
    config = model.config
    ropes = getattr(config, "rope_parameters", None) or {}
    return (
        config.hidden_act == "silu"
        and ropes.get("rope_type", "default") in _ROPES
        and set(getattr(config, "layer_types", None) or ["full_attention"]) == {"full_attention"}
        and all(weight.dtype == torch.float32 for weight in model.parameters())
        and not any(map(_is_watched, model.modules()))
        and all(type(part) is torch.nn.Linear for name, part in model.named_modules() if name.endswith(_LINEAR))
    )


class LlamaReading:
    """Keys and values of every layer in reserved room, and what of them each row may look at.

    Args:
        model: One that :func:`is_plain_llama`.
        cache: What it has read: keys and values [B, H, S, D] of every layer.
        mask: Which of that is prompt, int64 [B, S], padded on the left.
        logits: Scores of each row's next token, [B, V].
        tokens: How many may be written.
    """

    def __init__(self, model: Any, cache: Any, mask: Tensor, logits: Tensor, tokens: int) -> None:
        self._model, self.logits, self._length = model, logits, mask.shape[1]
        self._size = self._length + tokens
        self._keys = [self._with_room(layer.keys) for layer in cache.layers]
        self._values = [self._with_room(layer.values) for layer in cache.layers]
        hidden = torch.where(mask.bool(), 0.0, -torch.inf)
        self._bias = functional.pad(hidden, (0, tokens))[:, None, None, :]
        last = mask.sum(dim=1, keepdim=True)
        limit = model.config.max_position_embeddings - 1
        positions = (last + torch.arange(tokens, device=mask.device)).clamp(max=limit)
        turns = model.model.rotary_emb(logits, positions)
        self._cos, self._sin = (turn[:, :, None, :] for turn in turns)
        self._start = self._length

    def select(self, rows: Tensor) -> None:
        """Keeps these rows, in this order."""
        live = self._length
        self._keys = [self._with_room(keys[rows, :, :live]) for keys in self._keys]
        self._values = [self._with_room(values[rows, :, :live]) for values in self._values]
        self._bias, self._cos, self._sin = self._bias[rows], self._cos[rows], self._sin[rows]
        self.logits = self.logits[rows]

    def reserve(self, tokens: int) -> LlamaReading:
        """Room was made for all tokens at the start."""
        return self

    def write(self, ids: Tensor) -> Tensor:
        """Appends ``ids`` [B, t] and returns the scores after each of them, [B, t, V]."""
        return torch.stack([self._write(column) for column in ids.unbind(dim=1)], dim=1)

    def _write(self, ids: Tensor) -> Tensor:
        inner, place = self._model.model, self._length
        self._length += 1
        cos, sin = self._cos[:, place - self._start], self._sin[:, place - self._start]
        bias = self._bias[:, :, :, : self._length]
        states = functional.embedding(ids, inner.embed_tokens.weight)
        for number, layer in enumerate(inner.layers):
            states = states + self._attend(
                layer.self_attn, number, _norm(layer.input_layernorm, states), cos, sin, bias
            )
            hidden, feed = _norm(layer.post_attention_layernorm, states), layer.mlp
            gate = functional.silu(_linear(feed.gate_proj, hidden))
            states = states + _linear(feed.down_proj, gate * _linear(feed.up_proj, hidden))
        self.logits = _linear(self._model.lm_head, _norm(inner.norm, states))
        return self.logits

    def _attend(self, attention: Any, number: int, hidden: Tensor, cos: Tensor, sin: Tensor, bias: Tensor) -> Tensor:
        rows, size, place = len(hidden), attention.head_dim, self._length - 1
        queries = _turned(_linear(attention.q_proj, hidden).view(rows, -1, size), cos, sin)
        keys, values = self._keys[number], self._values[number]
        keys[:, :, place] = _turned(_linear(attention.k_proj, hidden).view(rows, -1, size), cos, sin)
        values[:, :, place] = _linear(attention.v_proj, hidden).view(rows, -1, size)
        # the query heads that share a key head stand side by side, as if they were positions
        mixed = functional.scaled_dot_product_attention(
            queries.view(rows, keys.shape[1], -1, size),
            keys[:, :, : self._length],
            values[:, :, : self._length],
            attn_mask=bias,
            scale=attention.scaling,
        )
        return _linear(attention.o_proj, mixed.reshape(rows, -1))

    def _with_room(self, states: Tensor) -> Tensor:
        rows, heads, length, size = states.shape
        room = states.new_empty(rows, heads, self._size, size)
        room[:, :, :length] = states
        return room


def _is_watched(module: Any) -> bool:
    """Whether somebody wants to be there when it is called: hooks, or accelerate's own."""
    return bool(module._forward_hooks or module._forward_pre_hooks) or hasattr(module, "_hf_hook")


def _linear(module: Any, states: Tensor) -> Tensor:
    return functional.linear(states, module.weight, module.bias)


def _norm(module: Any, states: Tensor) -> Tensor:
    return functional.rms_norm(states, module.weight.shape, module.weight, module.variance_epsilon)


def _turned(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns each head [B, H, D] by its row's position."""
    first, second = heads.chunk(2, dim=-1)
    return heads * cos + torch.cat([-second, first], dim=-1) * sin
