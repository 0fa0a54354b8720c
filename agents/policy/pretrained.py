"""Loads models and tokenizers by a built-in name, a name on the hub or a folder; finds devices and dtypes by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from agents.policy.builtin import BUILTIN_MODELS, builtin_model
from agents.policy.tuning import base_of, is_adapter, with_saved_adapters
from codegym.errors import CodegymError, DataError, InvalidSettingError


def load_model(source: str | Path, dtype: torch.dtype) -> PreTrainedModel:
    """Loads a causal or encoder-decoder model, with its adapters if the folder holds some.

    Raises:
        DataError: If there is no such model.
        UnknownNameError: If the name is a misspelt name of a built-in model.
    """
    with _naming(source):
        folder = builtin_model(source) or source
        if is_adapter(folder):
            return with_saved_adapters(load_model(base_of(folder), dtype), folder)
        config = AutoConfig.from_pretrained(folder)
        loader = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        return loader.from_pretrained(folder, dtype=dtype)


def load_tokenizer(source: str | Path) -> PreTrainedTokenizerBase:
    """Loads a tokenizer.

    Raises:
        DataError: If there is none.
    """
    with _naming(source):
        return AutoTokenizer.from_pretrained(builtin_model(source) or source)


def find_device(device: str) -> torch.device:
    """Returns a device by its name, ``"auto"`` included.

    Raises:
        InvalidSettingError: If there is no such name, or no such device.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise InvalidSettingError(f"device must be 'auto', 'cpu', 'cuda', 'cuda:1', ..., got {device!r}.") from error
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise InvalidSettingError(
            f"device={device!r} does not exist: PyTorch finds {torch.cuda.device_count()} CUDA devices. Use 'auto'."
        )
    return found


def find_dtype(name: str, device: torch.device) -> torch.dtype:
    """Returns a dtype by its name; ``"auto"`` is bfloat16 on a GPU and float32 elsewhere.

    Raises:
        InvalidSettingError: If there is no such dtype.
    """
    if name == "auto":
        # CPUs without bfloat16 instructions compute it many times slower than float32.
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype):
        raise InvalidSettingError(f"dtype must be 'auto', 'float32', 'bfloat16' or 'float16', got {name!r}.")
    return dtype


@contextmanager
def _naming(source: object) -> Iterator[None]:
    """Turns the many kinds of errors of transformers into one that names the model."""
    try:
        yield
    # What names the model already is raised as it is.
    except CodegymError:
        raise
    except (OSError, ValueError) as error:
        # The first line says what is wrong; the others advise to log in to the hub.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(
            f"cannot load the model {str(source)!r}: expected a folder in the hub's layout, a name on the hub, or one "
            f"of {', '.join(BUILTIN_MODELS)}. {reason[0]}"
        ) from error
