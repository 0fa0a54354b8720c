"""Which weights are tuned, and which activations are kept: LoRA adapters and gradient checkpointing."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.policy.builtin import FOLDER
from agents.settings import SettingsRecord
from codegym.errors import InvalidSettingError, MissingExtraError

if TYPE_CHECKING:  # the command line reads Tuning's options where torch is not installed
    from torch import nn
    from transformers import PreTrainedModel

_ADAPTER = "adapter_config.json"
_DROPOUT = (
    "attention_dropout",
    "dropout",
    "activation_dropout",
    "layerdrop",
    "encoder_layerdrop",
    "decoder_layerdrop",
)
"""Attributes in which layers keep a probability of dropout."""


@dataclass(frozen=True, kw_only=True)
class Tuning(SettingsRecord):
    """How a model is tuned. By default all weights are tuned and all activations are kept.

    Raises:
        InvalidSettingError: If the rank is negative.
    """

    lora_rank: int = 0
    """Tune adapters of this rank instead of the weights (LoRA, needs peft); 0 tunes the weights."""
    lora_alpha: float | None = None
    """The output of adapters is scaled by ``alpha / rank``; twice the rank by default."""
    lora_targets: str | tuple[str, ...] = "all-linear"
    """Names of the layers that get adapters."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them: less memory, a third more time."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least(0, "lora_rank")


def tuned(model: PreTrainedModel, tuning: Tuning, seed: int = 0) -> PreTrainedModel:
    """Prepares a model for its tuning.

    Args:
        model: A Hugging Face model; one that has adapters already keeps them.
        tuning: Adapters and gradient checkpointing.
        seed: Random seed of new adapters.

    Raises:
        InvalidSettingError: If the model has neither a name nor a folder: adapters are saved alone, and could not be
            loaded again.
        MissingExtraError: If peft is not installed.
    """
    if tuning.lora_rank and not hasattr(model, "peft_config"):
        import torch

        # The adapters' random start must not advance the generator of the user's own program.
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = _with_adapters(model, tuning)
    if tuning.gradient_checkpointing:
        inner: Any = getattr(model, "get_base_model", lambda: model)()
        # Transformers 5.2 renamed the method and warns about the old name.
        enable = getattr(inner, "activation_checkpointing_enable", None) or inner.gradient_checkpointing_enable
        enable({"use_reentrant": False})
    if recomputes(model):
        _without_dropout(model)
    return model


def recomputes(model: nn.Module) -> bool:
    """Returns whether the model computes activations again (gradient checkpointing); it then has no cache either."""
    return any(getattr(module, "gradient_checkpointing", False) for module in model.modules())


def is_adapter(source: str | Path) -> bool:
    """Returns whether a folder holds adapters and not a whole model."""
    return (Path(source) / _ADAPTER).exists()


def base_of(folder: str | Path) -> str:
    """Returns the model that a folder's adapters belong to: a name or a folder."""
    base = Path(_peft().PeftConfig.from_pretrained(str(folder)).base_model_name_or_path)
    # A built-in model is recorded as a path into the installation that saved the adapters, which may be another one.
    return base.name if base.parts[-4:-1] == FOLDER.parts[-3:] else str(base)


def with_saved_adapters(model: PreTrainedModel, folder: str | Path) -> PreTrainedModel:
    """Returns the model with a folder's adapters, which are tuned further."""
    with _without_deprecations():
        tunable: PreTrainedModel = _peft().PeftModel.from_pretrained(model, str(folder), is_trainable=True)
        return tunable


def _with_adapters(model: PreTrainedModel, tuning: Tuning) -> PreTrainedModel:
    if not getattr(model, "name_or_path", ""):
        raise InvalidSettingError(
            "lora_rank needs a model that was loaded by a name or from a folder, since only its adapters are saved: "
            "save the module with save_pretrained and load that folder."
        )
    from transformers.pytorch_utils import Conv1D

    targets = tuning.lora_targets
    options = _peft().LoraConfig(
        r=tuning.lora_rank,
        lora_alpha=2 * tuning.lora_rank if tuning.lora_alpha is None else tuning.lora_alpha,
        target_modules=targets if isinstance(targets, str) else list(targets),
        lora_dropout=0.0,
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),  # GPT-2 stores its weights so
        task_type="SEQ_2_SEQ_LM" if model.config.is_encoder_decoder else "CAUSAL_LM",
    )
    with _without_deprecations():
        tunable: PreTrainedModel = _peft().get_peft_model(model, options)
        return tunable


@contextmanager
def _without_deprecations() -> Iterator[None]:
    """Silences warnings of transformers about old names that peft uses."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
        warnings.filterwarnings("ignore", category=FutureWarning, message=".*is_gradient_checkpointing.*")
        yield


def _without_dropout(model: nn.Module) -> None:
    """Sets every dropout to 0: checkpointed layers run in training mode, and must compute what was sampled from."""
    from torch import nn

    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name in _DROPOUT:
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)


def _peft() -> Any:
    try:
        return importlib.import_module("peft")
    except ImportError as error:
        raise MissingExtraError("peft", "lora") from error
