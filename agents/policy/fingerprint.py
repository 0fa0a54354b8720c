"""The fingerprint of a policy: a digest of everything that decides what it writes, apart from the sampling settings."""

from __future__ import annotations

import hashlib
import json

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Fields that change when a model is saved and loaded again, though it computes the same.
_BOOKKEEPING = {"_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version", "use_cache"}


class WeightsDigest:
    """The digest of a model's weights, computed again only after a weight has changed."""

    def __init__(self) -> None:
        self._checksums: list[int] | None = None
        self._digest = ""

    def of(self, model: PreTrainedModel) -> str:
        """Returns the digest of the weights as they are now."""
        state: dict[str, Tensor] = model.state_dict()
        # PyTorch's own count of writes (`_version`) would be free, but a fused optimizer's step does not raise it.
        checksums = [_checksum(tensor) for tensor in state.values()]
        if checksums != self._checksums:
            self._checksums, self._digest = checksums, _digest(state)
        return self._digest


def tokenizer_state(tokenizer: PreTrainedTokenizerBase) -> str:
    """Returns all of a tokenizer that turns texts into ids and back."""
    parts = [getattr(tokenizer, "chat_template", None), sorted(tokenizer.special_tokens_map.items())]
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return repr([*parts, sorted(tokenizer.get_vocab().items())])
    # Padding and truncation are left over from the last call of the tokenizer.
    state = json.loads(backend.to_str()) | {"padding": None, "truncation": None}
    return repr([*parts, json.dumps(state, sort_keys=True)])


def architecture(model: PreTrainedModel) -> str:
    """Returns all of a model that is not a tensor: its class, its settings, and the scaling of its adapters."""
    config = {name: value for name, value in model.config.to_dict().items() if name not in _BOOKKEEPING}
    scalings = [(name, getattr(module, "scaling", None)) for name, module in model.named_modules()]
    adapters = [(name, scaling) for name, scaling in scalings if isinstance(scaling, dict)]
    return repr((type(model).__name__, sorted(config.items()), adapters))


def _checksum(tensor: Tensor) -> int:
    """A sum that any update of the tensor changes, on its own device: 30 GB/s on a CPU, where SHA-256 reads 2."""
    # Eight bytes at a time: sums of single bytes or of small integers are thirty times as slow.
    flat = tensor.detach().contiguous().view(-1).view(torch.uint8)
    whole = len(flat) // 8 * 8
    words = flat[:whole].clone() if flat.storage_offset() % 8 else flat[:whole]
    return int(words.view(torch.int64).sum()) ^ int(flat[whole:].sum())


def _digest(state: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in state.items():
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
